//! A deadline, and the time that its steps take.

use crate::world::{ERROR, WARNING, call, figures, finds, parts, silent, step};
use review::rules::latency::check;
use testbed::live;

const ORDINARY: &str = "Steps that take longer than the deadline on an ordinary day never meet it.";
const BOUND: &str = "The sum of 99th percentiles is a bound, not a percentile: it warns, but proves \
                     nothing.";

fn flow(deadline: &str, steps: &str) -> String {
    parts("page client, api service, store authority, mail service")
        + &call("page", "api", "p50 = \"100 ms\"\np99 = \"400 ms\"")
        + &call(
            "api",
            "store",
            "p50 = \"40 ms\"\np99 = \"300 ms\"\ncalls = 2",
        )
        + &call("api", "mail", "p50 = \"50 ms\"\np99 = \"200 ms\"")
        + &format!("[[flow]]\nname = \"complete\"\ndeadline = {deadline}\n{steps}")
}

/// **R6** Medians that add up to more than the deadline are an error, and calls count one by one.
#[test]
fn medians_beyond_the_deadline_are_an_error() {
    let steps = step("api", "store", "") + &step("api", "mail", "");
    let text = flow("⟦\"129 ms\"⟧", &steps);
    finds(ORDINARY, check, &text, &[(ERROR, "complete")]);
    // On an ordinary day this just fits, on a bad one it does not.
    let fits = flow("⟦\"130 ms\"⟧", &steps);
    finds(ORDINARY, check, &fits, &[(WARNING, "complete")]);
    live(move || {
        let found = figures(check, &text.replace(['⟦', '⟧'], ""));
        let right = found.len() == 1 && (found[0] - 0.130).abs() < 1e-9;
        assert!(
            right,
            "{ORDINARY} 2 × 40 ms and 50 ms are 0.13 s, not {found:?}."
        );
    });
}

/// **R6** 99th percentiles that add up to more are a warning, and what just fits is not a finding.
#[test]
fn percentiles_beyond_the_deadline_are_a_warning() {
    let steps = step("api", "store", "") + &step("api", "mail", "");
    let text = flow("⟦\"799 ms\"⟧", &steps);
    finds(BOUND, check, &text, &[(WARNING, "complete")]);
    silent(BOUND, check, &flow("\"800 ms\"", &steps));
    // What a boundary does not state counts as zero: a timeout is not a percentile.
    let unsaid = flow("\"600 ms\"", &steps).replace("p99 = \"200 ms\"", "timeout = \"2 s\"");
    silent(BOUND, check, &unsaid);
}

/// **R6** Parallel steps take as long as the longest; a step after the reply takes nothing.
#[test]
fn the_longest_of_a_group_counts() {
    let steps = step("api", "store", "parallel = \"x\"") + &step("api", "mail", "parallel = \"x\"");
    silent(BOUND, check, &flow("\"600 ms\"", &steps));
    let steps = step("api", "store", "") + &step("api", "mail", "after_reply = true");
    silent(BOUND, check, &flow("\"600 ms\"", &steps));
}

/// **R6** The time that a caller sees includes what happens behind the call: that is not added again.
#[test]
fn what_happens_behind_a_call_is_in_it() {
    let steps = step("page", "api", "") + &step("api", "store", "") + &step("api", "mail", "");
    silent(
        "The page waits only for the API.",
        check,
        &flow("\"400 ms\"", &steps),
    );
}
