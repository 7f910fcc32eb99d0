//! Stage 4: timeouts that fit into each other.

use crate::world::{ERROR, call, edge, figures, finds, parts, silent, step};
use review::rules::timeouts_fit::{flows_within, inner_within, tries_within};
use testbed::live;

const TRIES: &str = "A timeout has room for all tries, including the first, and for the pauses between \
                     them.";
const INNER: &str = "A call inside a call ends before the outer caller gives up.";
const SUM: &str = "Steps one after another add up, and have to fit into the time that is given.";

fn two(rest: &str) -> String {
    parts("api service, store authority") + &call("api", "store", rest)
}

fn three(outer: &str, inner: &str) -> String {
    parts("page client, api service, store authority")
        + &call("page", "api", outer)
        + &call("api", "store", inner)
}

/// **R6** Tries that take longer than the timeout are found, at the timeout.
#[test]
fn tries_that_do_not_fit_are_found() {
    let text = two("timeout = ⟦\"1 s\"⟧\ntries = 4\nper_try = \"300 ms\"");
    finds(TRIES, tries_within, &text, &[(ERROR, "api -> store")]);
    let text = two("timeout = ⟦\"1 s\"⟧\ntries = 3\nper_try = \"300 ms\"\nbackoff = \"101 ms\"");
    finds(TRIES, tries_within, &text, &[(ERROR, "api -> store")]);
    let text = two("timeout = ⟦\"1 s\"⟧\nper_try = \"2 s\"");
    finds(TRIES, tries_within, &text, &[(ERROR, "api -> store")]);
}

/// **R6** Tries that just fit are not a finding, and what is not stated is not guessed.
#[test]
fn tries_that_just_fit_are_left_alone() {
    for rest in [
        "timeout = \"1 s\"\ntries = 3\nper_try = \"300 ms\"\nbackoff = \"100 ms\"",
        "timeout = \"900 ms\"\ntries = 3\nper_try = \"300 ms\"",
        "timeout = \"1 s\"\ntries = 9",
        "tries = 9\nper_try = \"10 s\"",
    ] {
        silent(TRIES, tries_within, &two(rest));
    }
}

/// **R6** A call that may take longer than a caller waits for the component that makes it is found, at
/// its own timeout.
#[test]
fn an_inner_call_that_outlives_the_outer_one_is_found() {
    let text = three("timeout = \"1 s\"", "timeout = ⟦\"2 s\"⟧");
    finds(INNER, inner_within, &text, &[(ERROR, "api -> store")]);
    // Each try ends after 3 s, however long all of them may take.
    let outer = "timeout = \"6 s\"\ntries = 2\nper_try = \"3 s\"";
    let text = three(outer, "timeout = ⟦\"5 s\"⟧");
    finds(INNER, inner_within, &text, &[(ERROR, "api -> store")]);
    silent(INNER, inner_within, &three(outer, "timeout = \"3 s\""));
    // A try ends at the latest with the timeout.
    let outer = "timeout = \"1 s\"\nper_try = \"5 s\"";
    let text = three(outer, "timeout = ⟦\"2 s\"⟧");
    finds(INNER, inner_within, &text, &[(ERROR, "api -> store")]);
}

/// **R6** Of several callers the most impatient one counts; an inner call is one finding.
#[test]
fn the_most_impatient_caller_counts() {
    let text = parts("page client, app client, bot client, api service, store authority")
        + &call("page", "api", "timeout = \"3 s\"")
        + &call("app", "api", "timeout = \"1 s\"")
        + &call("bot", "api", "timeout = \"1500 ms\"")
        + &call("api", "store", "timeout = ⟦\"2 s\"⟧");
    finds(INNER, inner_within, &text, &[(ERROR, "api -> store")]);
}

/// **R6** A deadline that travels bounds the inner call whatever its own timeout is, and no caller waits
/// for a message.
#[test]
fn a_deadline_that_travels_fits_by_itself() {
    let inner = "timeout = \"2 s\"\ndeadline = \"propagated\"";
    silent(INNER, inner_within, &three("timeout = \"1 s\"", inner));
    // It bounds the call that it travels with, not the inner calls that have only their own timeouts.
    let outer = "timeout = \"1 s\"\ndeadline = \"propagated\"";
    let text = three(outer, "timeout = ⟦\"2 s\"⟧");
    finds(INNER, inner_within, &text, &[(ERROR, "api -> store")]);
    silent(
        INNER,
        inner_within,
        &three("timeout = \"1 s\"", "timeout = \"1 s\""),
    );
    silent(INNER, inner_within, &three("", "timeout = \"2 s\""));
    let text = parts("page client, api service, stream service")
        + &call("page", "api", "timeout = \"1 s\"")
        + &edge("asynchronous", "api", "stream", "timeout = \"1 min\"");
    silent(INNER, inner_within, &text);
    let text = parts("stream service, api service, store authority")
        + &edge("asynchronous", "stream", "api", "timeout = \"1 s\"")
        + &call("api", "store", "timeout = \"2 s\"");
    silent(INNER, inner_within, &text);
}

fn flow(deadline: &str, steps: &str) -> String {
    parts("api service, store authority, mail service, views derived, disk authority")
        + &call("api", "store", "timeout = \"400 ms\"")
        + &call("api", "mail", "timeout = \"400 ms\"")
        + &call("api", "views", "timeout = \"400 ms\"")
        + &call("store", "disk", "timeout = \"400 ms\"")
        + &format!("[[flow]]\nname = \"complete\"\ndeadline = {deadline}\n")
        + steps
}

/// **R6** Steps that one component makes one after another, and that take longer than the deadline, are
/// found at the deadline.
#[test]
fn steps_that_overrun_the_deadline_are_found() {
    let steps = step("api", "store", "") + &step("api", "mail", "") + &step("api", "views", "");
    let text = flow("⟦\"1 s\"⟧", &steps);
    finds(SUM, flows_within, &text, &[(ERROR, "complete -> api")]);
    let text = text.replace(['⟦', '⟧'], "");
    live(move || {
        let found = figures(flows_within, &text);
        let right = found.len() == 1 && (found[0] - 1.2).abs() < 1e-9;
        assert!(
            right,
            "{SUM} Three of 400 ms are 1.2 s; the finding has {found:?}."
        );
    });
}

/// **R6** Parallel steps take as long as the longest, and those after the reply or inside another step
/// add nothing.
#[test]
fn steps_at_the_same_time_take_as_long_as_the_longest() {
    let both = "parallel = \"look\"";
    let steps = step("api", "store", "") + &step("api", "mail", both) + &step("api", "views", both);
    silent(SUM, flows_within, &flow("\"800 ms\"", &steps));
    let steps = step("api", "store", "") + &step("api", "mail", "after_reply = true");
    silent(SUM, flows_within, &flow("\"400 ms\"", &steps));
    let steps = step("api", "store", "") + &step("store", "disk", "");
    silent(
        "Its caller's wait for the store includes what the store waits for, so that is not added.",
        flows_within,
        &flow("\"700 ms\"", &steps),
    );
    let steps = step("api", "store", "parallel = \"a\"")
        + &step("api", "mail", "parallel = \"a\"")
        + &step("api", "views", "parallel = \"b\"");
    let text = flow("⟦\"700 ms\"⟧", &steps);
    finds(SUM, flows_within, &text, &[(ERROR, "complete -> api")]);
}
