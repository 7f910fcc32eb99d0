//! Stage 5: a promise, and what it is made of.

use crate::world::{ERROR, WARNING, call, edge, figures, finds, silent, step};
use review::rules::availability::check;
use testbed::live;

const PARTS: &str = "A flow succeeds when all that it requires does: it promises at most what its \
                     weakest part does, and what they promise together if they fail independently.";

fn part(name: &str, role: &str, rest: &str) -> String {
    format!("[[component]]\nname = \"{name}\"\nrole = \"{role}\"\nscope = \"machine\"\n{rest}\n")
}

fn system(store: &str) -> String {
    part("page", "client", "objective = 0.9")
        + &part("api", "service", "objective = 0.9995")
        + &part("store", "authority", store)
        + &part("mail", "service", "objective = 0.999")
        + &part("memo", "cache", "objective = 0.5")
        + &call("page", "api", "")
        + &call("api", "store", "")
        + &call("mail", "store", "")
        + &call("api", "mail", "")
        + &edge("in-process", "api", "memo", "")
}

fn flow(objective: &str, steps: &str) -> String {
    format!("[[flow]]\nname = \"complete\"\nobjective = {objective}\n{steps}")
}

/// **R7** A flow that promises more than one of its parts cannot keep it: an error, at the objective.
#[test]
fn no_flow_is_better_than_its_weakest_part() {
    let steps = step("page", "api", "") + &step("api", "store", "");
    let text = system("objective = 0.99") + &flow("⟦0.995⟧", &steps);
    finds(PARTS, check, &text, &[(ERROR, "complete")]);
    // Who asks is a part as well as who is asked.
    let text = system("objective = 1.0") + &flow("⟦0.9999⟧", &step("api", "store", ""));
    finds(PARTS, check, &text, &[(ERROR, "complete")]);
}

/// **R7** A flow that only the product does not reach is a warning: that parts fail independently is
/// an assumption.
#[test]
fn a_product_below_the_objective_is_a_warning() {
    let steps = step("page", "api", "") + &step("api", "store", "") + &step("api", "mail", "");
    let text = system("objective = 0.999") + &flow("⟦0.998⟧", &steps);
    finds(PARTS, check, &text, &[(WARNING, "complete")]);
    // As good as its weakest part is what a flow can be, if they fail together.
    let equal = system("objective = 0.999") + &flow("⟦0.999⟧", &steps);
    finds(PARTS, check, &equal, &[(WARNING, "complete")]);
    let text = text.replace(['⟦', '⟧'], "");
    live(move || {
        let found = figures(check, &text);
        let product = 0.9995 * 0.999 * 0.999;
        let right = found.len() == 1 && (found[0] - product).abs() < 1e-9;
        assert!(
            right,
            "{PARTS} api, store and mail promise {product:.6} together; this says {found:?}."
        );
    });
}

/// **R7** A component on which two steps depend is one component: it fails once.
#[test]
fn a_part_that_is_used_twice_counts_once() {
    let steps = step("page", "api", "")
        + &step("api", "store", "")
        + &step("api", "mail", "")
        + &step("mail", "store", "")
        + &step("api", "store", "");
    let text = system("objective = 0.999") + &flow("0.9975", &steps);
    silent(
        "The same store twice fails at the same time: 0.9995 × 0.999 × 0.999 is enough for 0.9975.",
        check,
        &text,
    );
}

/// **R7** What the flow can do without, and what comes after the reply, is not counted.
#[test]
fn what_is_not_required_is_not_counted() {
    let steps = step("page", "api", "")
        + &step("api", "store", "optional = true")
        + &step("api", "mail", "after_reply = true");
    let text = system("objective = 0.9") + &flow("0.9995", &steps);
    silent(
        "An optional step fails and the flow does not.",
        check,
        &text,
    );
}

/// **R7** The client who asks is no part of the promise, and what is called inside the process fails
/// with its caller.
#[test]
fn neither_the_client_nor_a_module_is_a_part_of_its_own() {
    let module = part("sdk", "service", "objective = 0.5")
        + &edge("in-process", "api", "sdk", "")
        + &call("sdk", "store", "");
    // That the module calls others does not make it fail alone.
    let steps = step("page", "api", "")
        + &step("api", "memo", "")
        + &step("api", "sdk", "")
        + &step("sdk", "store", "");
    let text = system("objective = 1.0") + &module + &flow("0.9995", &steps);
    silent(
        "The promise is made to the client, and a module shares its process's fate.",
        check,
        &text,
    );
    // Over a network the same cache is a part like any other, also if somebody calls it as a module.
    let remote = call("mail", "memo", "");
    let steps = step("api", "memo", "") + &step("api", "mail", "") + &step("mail", "memo", "");
    let text = system("objective = 0.999") + &remote + &flow("⟦0.9⟧", &steps);
    finds(PARTS, check, &text, &[(ERROR, "complete")]);
}

/// **R7** A part without an objective is unknown and not perfect; the others are enough to find a
/// promise that cannot be kept.
#[test]
fn a_part_that_promises_nothing_is_unknown() {
    let steps = step("page", "api", "") + &step("api", "store", "") + &step("api", "mail", "");
    let text = system("") + &flow("⟦0.9999⟧", &steps);
    finds(PARTS, check, &text, &[(ERROR, "complete")]);
    let text = system("") + &flow("0.998", &steps);
    silent(
        "What is not known is not held against anybody.",
        check,
        &text,
    );
}
