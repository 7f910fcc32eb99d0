//! The corners of the first seven rules.

use crate::world::{ERROR, WARNING, call, edge, finds, parts, silent, step};
use review::rules::{
    async_in_contract, availability, double_authority, retry_amplification, timeouts_fit,
};
use timeouts_fit::{flows_within, inner_within};

const ONE: &str = "A fact has one authority: when two copies differ, one place has to be right.";
const LATER: &str = "A reply waits for no worker and no message.";
const INNER: &str = "A call inside a call ends before the outer caller gives up.";
const SUM: &str = "Steps one after another add up, and have to fit into the time that is given.";

fn stores(rest: &str) -> String {
    parts("store authority, ledger authority, cache cache") + rest
}

/// **R1** An unanswered `partition_by` or `merge` does not excuse a second authority.
#[test]
fn a_split_that_nobody_has_answered_excuses_nothing() {
    let text = stores(
        r#"
[[fact]]
name = "progress"
decided_by = ⟦["store", "ledger"]⟧
partition_by = "TODO"
merge = ""
"#,
    );
    finds(ONE, double_authority::check, &text, &[(ERROR, "progress")]);
}

/// **R1** A fact is one finding, however many components decide it; two facts are two findings.
#[test]
fn each_contested_fact_is_found_once() {
    let text = stores(
        r#"
[[fact]]
name = "progress"
decided_by = ⟦["store", "ledger", "cache"]⟧
[[fact]]
name = "progress"
decided_by = "cache"
[[fact]]
name = "mail"
decided_by = ⟦["cache", "store"]⟧
"#,
    );
    let both = [(ERROR, "progress"), (ERROR, "mail")];
    finds(ONE, double_authority::check, &text, &both);
}

fn workers(rest: &str) -> String {
    parts("api service, mailer worker") + &call("api", "mailer", "") + rest
}

/// **R4** It does not matter that the flow would succeed without the step: it still waits.
#[test]
fn an_optional_step_is_waited_for_as_well() {
    let text = workers("[[flow]]\nname = \"complete\"\n")
        + &step("api", "mailer", "optional = true").replace("\"mailer\"", "⟦\"mailer\"⟧");
    let one = [(ERROR, "complete -> api -> mailer")];
    finds(LATER, async_in_contract::check, &text, &one);
}

/// **R4** A stream that decides what was accepted is an authority, and the reply waits for it on
/// purpose.
#[test]
fn a_stream_that_decides_may_be_waited_for() {
    let text = parts("api service, log authority")
        + &edge("asynchronous", "api", "log", "")
        + "[[flow]]\nname = \"accept\"\n"
        + &step("api", "log", "writes = \"orders\"");
    silent(
        "The reply has to wait for a stream that decides what was accepted.",
        async_in_contract::check,
        &text,
    );
}

fn tries(from: &str, to: &str, tries: &str) -> String {
    call(from, to, &format!("tries = {tries}"))
}

/// **R5** The ledger's own limits apply, if it has any.
#[test]
fn a_ledger_may_set_its_own_limits() {
    let chain = parts("page client, api service, store authority")
        + &tries("page", "api", "2")
        + &tries("api", "store", "⟦3⟧");
    let strict = format!("[limits]\ntries_warning = 2\ntries_error = 5\n{chain}");
    let one = [(ERROR, "api -> store")];
    finds(
        "A limit is a matter of judgement, and can be set.",
        retry_amplification::check,
        &strict,
        &one,
    );
    let lenient = format!("[limits]\ntries_warning = 6\n{chain}").replace(['⟦', '⟧'], "");
    silent(
        "A limit is a matter of judgement, and can be set.",
        retry_amplification::check,
        &lenient,
    );
}

/// **R5** The order of the entries in the file changes nothing.
#[test]
fn the_order_of_the_file_changes_nothing() {
    let text = tries("basket", "store", "⟦4⟧")
        + &tries("api", "basket", "⟦3⟧")
        + &tries("page", "api", "3")
        + &parts("store authority, basket service, api service, page client");
    let both = [(ERROR, "basket -> store"), (WARNING, "api -> basket")];
    finds(
        "A product over a path does not depend on which entry was written first.",
        retry_amplification::check,
        &text,
        &both,
    );
}

/// **R5** A function call on the path multiplies as well; a message ends the path.
#[test]
fn a_function_call_is_on_the_path_and_a_message_ends_it() {
    let text = parts("page client, api service, sdk service, store authority")
        + &tries("page", "api", "3")
        + &edge("in-process", "api", "sdk", "tries = ⟦3⟧")
        + &tries("sdk", "store", "⟦2⟧");
    let both = [(WARNING, "api -> sdk"), (ERROR, "sdk -> store")];
    finds(
        "A library that retries inside the process is a layer, too.",
        retry_amplification::check,
        &text,
        &both,
    );
    let text = parts("page client, api service, worker worker, store authority")
        + &tries("page", "api", "3")
        + &edge("asynchronous", "api", "worker", "tries = 3")
        + &tries("worker", "store", "3");
    silent(
        "A message is not retried because a reply is late.",
        retry_amplification::check,
        &text,
    );
}

fn three(outer: &str, inner: &str) -> String {
    parts("page client, api service, store authority")
        + &call("page", "api", outer)
        + &call("api", "store", inner)
}

fn flow(deadline: &str, steps: &str) -> String {
    parts("api service, store authority, mail service, disk authority, tape authority")
        + &call("api", "store", "timeout = \"400 ms\"")
        + &call("api", "mail", "timeout = \"400 ms\"")
        + &call("store", "disk", "timeout = \"250 ms\"")
        + &call("store", "tape", "timeout = \"250 ms\"")
        + &format!("[[flow]]\nname = \"complete\"\ndeadline = {deadline}\n")
        + steps
}

/// **R6** Several calls for one request take their time one after another.
#[test]
fn calls_for_one_request_add_up() {
    let text = three("timeout = \"1 s\"", "timeout = ⟦\"300 ms\"⟧\ncalls = 4");
    finds(INNER, inner_within, &text, &[(ERROR, "api -> store")]);
    let text = three("timeout = \"1 s\"", "timeout = \"300 ms\"\ncalls = 3");
    silent(INNER, inner_within, &text);
}

/// **R6** Whether a step is optional changes nothing: the caller waits for it.
#[test]
fn an_optional_step_takes_its_time() {
    let steps = step("api", "store", "") + &step("api", "mail", "optional = true");
    let text = flow("⟦\"700 ms\"⟧", &steps);
    finds(SUM, flows_within, &text, &[(ERROR, "complete -> api")]);
}

/// **R6** Steps one after another add up inside a flow's step, too: each call fits, but both together do
/// not.
#[test]
fn steps_inside_a_step_add_up() {
    let steps = step("api", "store", "") + &step("store", "disk", "") + &step("store", "tape", "");
    let text = flow("\"1 s\"", &steps).replacen("\"400 ms\"", "⟦\"400 ms\"⟧", 1);
    finds(SUM, flows_within, &text, &[(ERROR, "complete -> store")]);
    // A step that just fits alone has not been found as a call inside a call.
    let text = text.replace("250 ms", "400 ms");
    finds(SUM, flows_within, &text, &[(ERROR, "complete -> store")]);
    // Of the callers that wait for the store the most impatient one decides, whatever their order.
    for (first, then) in [("api", "mail"), ("mail", "api")] {
        let steps = step("api", "mail", "")
            + &step(first, "store", "")
            + &step(then, "store", "")
            + &step("store", "disk", "")
            + &step("store", "tape", "");
        let text = call("mail", "store", "timeout = ⟦\"300 ms\"⟧") + &flow("\"1 s\"", &steps);
        finds(SUM, flows_within, &text, &[(ERROR, "complete -> store")]);
    }
}

/// **R6** A step takes its time for each of its calls, and none if the deadline travels with it.
#[test]
fn a_step_of_many_calls_takes_many_times_as_long() {
    let steps = step("api", "store", "") + &step("api", "mail", "");
    let many = flow("⟦\"1 s\"⟧", &steps).replacen("\"400 ms\"", "\"400 ms\"\ncalls = 2", 1);
    finds(SUM, flows_within, &many, &[(ERROR, "complete -> api")]);
    let travels = "\"400 ms\"\ndeadline = \"propagated\"";
    let bounded = flow("\"500 ms\"", &steps).replacen("\"400 ms\"", travels, 1);
    silent(
        "What is left of the deadline bounds the step.",
        flows_within,
        &bounded,
    );
}

/// **R6** Steps of one group happen at the same time, wherever they are in the flow.
#[test]
fn a_group_is_a_group_wherever_its_steps_stand() {
    let steps = step("api", "store", "parallel = \"a\"")
        + &step("api", "mail", "")
        + &step("api", "store", "parallel = \"a\"");
    silent(SUM, flows_within, &flow("\"800 ms\"", &steps));
}

/// **R6** One step that alone is too long is one fault, and is found once.
#[test]
fn a_single_long_step_is_found_once() {
    let steps = step("api", "store", "") + &step("store", "disk", "");
    let text = flow("\"1 s\"", &steps).replace("250 ms", "900 ms");
    silent(
        "The call inside a call has been found already; the sum is no second finding.",
        flows_within,
        &text,
    );
}

fn part(name: &str, share: f64) -> String {
    parts(&format!("{name} service")) + &format!("objective = {share}\n")
}

/// **R7** A promise that is exactly kept is kept: a rounding error is not an outage.
#[test]
fn a_promise_that_is_just_kept_is_kept() {
    let shares = [0.9995, 0.999, 0.998];
    let [a, b, c] = shares;
    // In another order of the factors the last digit may differ.
    for product in [a * b * c, c * b * a, a * (b * c), (c * a) * b] {
        let text = part("a", a)
            + &part("b", b)
            + &part("c", c)
            + &call("a", "b", "")
            + &call("b", "c", "")
            + &format!("[[flow]]\nname = \"complete\"\nobjective = {product}\n")
            + &step("a", "b", "")
            + &step("b", "c", "");
        silent(
            "A product that equals the objective reaches it.",
            availability::check,
            &text,
        );
    }
}
