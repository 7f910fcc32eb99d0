//! Stage 5: a promise, and what it is made of.

use crate::world::{ERROR, WARNING, call, edge, figures, finds, silent, step};
use review::rules::availability::check;
use testbed::live;

const PARTS: &str = "A flow succeeds when all of its required parts do: it can promise at most what \
                     its weakest part promises, or, if they fail independently, the product.";

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
    // The caller is a part as well as the callee.
    let text = system("objective = 1.0") + &flow("⟦0.9999⟧", &step("api", "store", ""));
    finds(PARTS, check, &text, &[(ERROR, "complete")]);
}

/// **R7** A flow that promises more than only the product is a warning: that parts fail independently is
/// an assumption.
#[test]
fn a_product_below_the_objective_is_a_warning() {
    let steps = step("page", "api", "") + &step("api", "store", "") + &step("api", "mail", "");
    let text = system("objective = 0.999") + &flow("⟦0.998⟧", &steps);
    finds(PARTS, check, &text, &[(WARNING, "complete")]);
    // A flow can be as good as its weakest part, if the parts fail together.
    let equal = system("objective = 0.999") + &flow("⟦0.999⟧", &steps);
    finds(PARTS, check, &equal, &[(WARNING, "complete")]);
    let text = text.replace(['⟦', '⟧'], "");
    live(move || {
        let found = figures(check, &text);
        let product = 0.9995 * 0.999 * 0.999;
        let right = found.len() == 1 && (found[0] - product).abs() < 1e-9;
        assert!(
            right,
            "{PARTS} api, store and mail promise {product:.6} together; the finding has {found:?}."
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

/// **R7** Parts that the flow can do without, or uses only after the reply, are not counted.
#[test]
fn what_is_not_required_is_not_counted() {
    let steps = step("page", "api", "")
        + &step("api", "store", "optional = true")
        + &step("api", "mail", "after_reply = true");
    let text = system("objective = 0.9") + &flow("0.9995", &steps);
    silent(
        "An optional step may fail while the flow succeeds.",
        check,
        &text,
    );
}

/// **R7** The client is not part of the promise, and what is called inside the process fails with its
/// caller.
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
    // Over a network the same cache is a part like any other, even if another component calls it as a
    // module.
    let remote = call("mail", "memo", "");
    let steps = step("api", "memo", "") + &step("api", "mail", "") + &step("mail", "memo", "");
    let text = system("objective = 0.999") + &remote + &flow("⟦0.9⟧", &steps);
    finds(PARTS, check, &text, &[(ERROR, "complete")]);
}

/// **R7** A part without an objective is unknown, not perfect; the others are enough to find a promise
/// that cannot be kept.
#[test]
fn a_part_that_promises_nothing_is_unknown() {
    let steps = step("page", "api", "") + &step("api", "store", "") + &step("api", "mail", "");
    let text = system("") + &flow("⟦0.9999⟧", &steps);
    finds(PARTS, check, &text, &[(ERROR, "complete")]);
    let text = system("") + &flow("0.998", &steps);
    silent("An unknown objective is not a fault.", check, &text);
}
