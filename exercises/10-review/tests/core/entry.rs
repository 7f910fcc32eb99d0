//! Stage 1: what one entry shows by itself.

use crate::world::{ERROR, WARNING, call, edge, finds, parts, silent};
use review::rules::distributed_monolith::lock_step;
use review::rules::{double_authority, vague_pressure};

const ONE: &str = "A fact has one authority: when two copies differ, one place has to be right.";
const VAGUE: &str = "A pressure has a metric, a figure with its unit, and evidence with its day. \
                     Without them nothing can show that it is gone, and the boundary stays for ever.";

fn facts(rest: &str) -> String {
    parts("store authority, ledger authority, cache cache") + rest
}

/// **R1** A fact with two deciders in one list is found, at the list.
#[test]
fn two_deciders_in_one_list_are_found() {
    let text = facts(
        r#"
[[fact]]
name = "progress"
decided_by = ⟦["store", "ledger"]⟧
"#,
    );
    finds(ONE, double_authority::check, &text, &[(ERROR, "progress")]);
}

/// **R1** Two entries of one fact with different deciders are found, at the later one.
#[test]
fn two_entries_of_one_fact_are_found() {
    let text = facts(
        r#"
[[fact]]
name = "progress"
decided_by = "store"
[[fact]]
name = "mail"
decided_by = "ledger"
[[fact]]
name = "progress"
decided_by = ⟦"ledger"⟧
"#,
    );
    finds(ONE, double_authority::check, &text, &[(ERROR, "progress")]);
}

/// **R1** The same decider named twice is one decider, and a placeholder is not one.
#[test]
fn one_decider_named_twice_is_one() {
    let text = facts(
        r#"
[[fact]]
name = "progress"
decided_by = ["store", "store", "TODO"]
[[fact]]
name = "progress"
decided_by = "store"
[[fact]]
name = "mail"
decided_by = "ledger"
[[fact]]
name = "opinion"
"#,
    );
    silent(
        "The same name twice is one authority, and a placeholder is not a name.",
        double_authority::check,
        &text,
    );
}

/// **R1** A fact that is split or merged on purpose is not contested, whichever entry says so.
#[test]
fn a_fact_split_on_purpose_is_left_alone() {
    let text = facts(
        r#"
[[fact]]
name = "progress"
decided_by = ["store", "ledger"]
partition_by = "learner"
[[fact]]
name = "likes"
decided_by = "store"
merge = "counts are added up"
[[fact]]
name = "likes"
decided_by = "ledger"
"#,
    );
    silent(
        "Shards and mergeable data have several deciders on purpose, and the ledger says how.",
        double_authority::check,
        &text,
    );
}

fn pressure(rest: &str) -> String {
    let pressure = format!("[boundary.pressure]\nkind = \"load\"\n{rest}");
    parts("api service, store authority") + &call("api", "store", &pressure)
}

/// **R2** A boundary without a pressure is found at its name, unless it is in-process: a local call
/// needs no reason.
#[test]
fn only_a_boundary_that_leaves_the_process_needs_a_pressure() {
    let text = parts("api service, store authority, cache cache")
        + &edge("in-process", "api", "cache", "")
        + &call("api", "store", "").replace("\"api\"", "⟦\"api\"⟧")
        + &edge("asynchronous", "store", "api", "")
            .replace("from = \"store\"", "from = ⟦\"store\"⟧");
    let both = [(ERROR, "api -> store"), (ERROR, "store -> api")];
    finds(VAGUE, vague_pressure::check, &text, &both);
    // A reason that is stated is checked, wherever the boundary is.
    let given = "pressure = { kind = \"load\", metric = \"reads\", value = ⟦\"many\"⟧ }";
    let text = parts("api service, cache cache") + &edge("in-process", "api", "cache", given);
    let one = [(ERROR, "api -> cache")];
    finds(VAGUE, vague_pressure::check, &text, &one);
}

/// **R2** A figure needs a metric: what would be measured?
#[test]
fn a_pressure_without_a_metric_is_vague() {
    let text = pressure("metric = ⟦\"TBD\"⟧\nvalue = \"1,900 a second\"\n");
    finds(
        VAGUE,
        vague_pressure::check,
        &text,
        &[(ERROR, "api -> store")],
    );
    let text = pressure("value = \"1,900 a second\"\n").replace("\"api\"\nto", "⟦\"api\"⟧\nto");
    finds(
        VAGUE,
        vague_pressure::check,
        &text,
        &[(ERROR, "api -> store")],
    );
}

/// **R2** A value without a figure, or a figure without a unit, is found at the value.
#[test]
fn a_value_without_figure_or_unit_is_vague() {
    for value in [
        "⟦\"a lot of writes\"⟧",
        "⟦\"\"⟧",
        "⟦\"1,900\"⟧",
        "⟦1900⟧",
        "⟦1.5⟧",
        "⟦1900⟧\nunit = \"?\"",
    ] {
        let evidence = "evidence = \"load test 12\"\nmeasured = 2026-11-02\n";
        let text = pressure(&format!("metric = \"writes\"\nvalue = {value}\n{evidence}"));
        finds(
            VAGUE,
            vague_pressure::check,
            &text,
            &[(ERROR, "api -> store")],
        );
    }
}

/// **R2** Evidence that is missing or has no day is a warning: it can still be looked for.
#[test]
fn a_figure_without_dated_evidence_is_a_warning() {
    let text = pressure("metric = \"writes\"\nvalue = ⟦\"1,900 a second\"⟧\n");
    finds(
        VAGUE,
        vague_pressure::check,
        &text,
        &[(WARNING, "api -> store")],
    );
    for evidence in ["⟦\"load test 12\"⟧", "⟦\"TODO\"⟧\nmeasured = 2026-11-02"] {
        let text = pressure(&format!(
            "metric = \"writes\"\nvalue = \"1,900 a second\"\nevidence = {evidence}\n"
        ));
        finds(
            VAGUE,
            vague_pressure::check,
            &text,
            &[(WARNING, "api -> store")],
        );
    }
}

/// **R2** A figure with its unit, in the value or next to it, from a dated measurement, is an answer.
#[test]
fn a_dated_figure_with_a_unit_is_an_answer() {
    let evidence = "evidence = \"load test 12\"\nmeasured = 2026-11-02\n";
    for value in [
        "\"1,900 a second\"",
        "1900\nunit = \"writes a second\"",
        "\"99.95%\"",
        "\"about 1,900 a second\"",
        "\"40 s\"",
    ] {
        let text = pressure(&format!("metric = \"writes\"\nvalue = {value}\n{evidence}"));
        silent(
            "An answer that could be wrong is an answer.",
            vague_pressure::check,
            &text,
        );
    }
}

/// **R8** A network between two parts of one release is a warning: it separates nothing that a function
/// call would not.
#[test]
fn a_network_inside_one_release_is_found() {
    const STEP: &str = "Parts that are always released together are one thing, and a network inside it \
                        separates nothing.";
    let part = |name: &str, release: &str| parts(&format!("{name} service")) + release + "\n";
    let all = part("a", "release = \"shop\"")
        + &part("b", "release = \"shop\"")
        + &part("c", "release = \"mail\"")
        + &part("d", "")
        + &part("e", "");
    let text = all.clone() + &call("a", "b", "").replace("\"b\"", "⟦\"b\"⟧");
    finds(STEP, lock_step, &text, &[(WARNING, "a -> b")]);
    let text = all
        + &edge("in-process", "a", "b", "")
        + &edge("same-machine", "b", "a", "")
        + &call("a", "c", "")
        + &call("c", "d", "")
        + &call("d", "e", "");
    silent(
        "A function call is fine, a second process isolates failures, and a component without a \
         release is released alone.",
        lock_step,
        &text,
    );
}
