//! Two writes, and a crash between them.

use crate::world::{ERROR, call, finds, parts, silent, step};
use review::rules::dual_write::check;

const TORN: &str = "A crash can separate two writes of one component to two places, whichever comes \
                    first. One of them has to follow from the other.";

fn flow(steps: &str) -> String {
    let all = ["store", "stream", "cache", "view", "mail"];
    let parts = parts("api service, relay worker, store authority, stream service, mail service")
        + &parts("cache cache, view derived, edge edge");
    all.iter().fold(parts, |text, to| {
        text + &call("api", to, "") + &call("relay", to, "")
    }) + "[[flow]]\nname = \"complete\"\n"
        + steps
}

fn write(from: &str, to: &str, rest: &str) -> String {
    step(from, to, &format!("writes = \"progress\"\n{rest}"))
}

/// **R4** A component that writes to a store and to a stream is found, at the second write, before or
/// after the reply.
#[test]
fn a_write_to_store_and_stream_is_found() {
    for rest in ["", "after_reply = true"] {
        let steps = write("api", "store", "") + &write("api", "stream", rest);
        let at = steps.rfind("\"stream\"").expect("a step");
        let steps = format!("{}⟦\"stream\"⟧{}", &steps[..at], &steps[at + 8..]);
        finds(TORN, check, &flow(&steps), &[(ERROR, "complete -> api")]);
    }
}

/// **R4** An outbox and a relay are two components with one write each.
#[test]
fn an_outbox_and_a_relay_are_whole() {
    let steps = write("api", "store", "")
        + &write("api", "store", "")
        + &step("relay", "store", "after_reply = true")
        + &write("relay", "stream", "after_reply = true");
    silent(
        "The relay's write follows from the row that it read.",
        check,
        &flow(&steps),
    );
}

/// **R4** What can be rebuilt may be written in addition: losing that write loses nothing.
#[test]
fn what_can_be_made_again_may_be_written_besides() {
    let steps = write("api", "store", "")
        + &write("api", "cache", "")
        + &write("api", "view", "")
        + &write("api", "edge", "");
    silent(
        "An invalidation that is lost is bounded by the age of the copy.",
        check,
        &flow(&steps),
    );
}

/// **R4** Two writes of one transaction commit together; writes of two transactions do not.
#[test]
fn one_transaction_is_one_write() {
    let one = "transaction = \"t\"";
    let steps = write("api", "store", one) + &write("api", "mail", one);
    silent("One transaction commits as a whole.", check, &flow(&steps));
    let steps = write("api", "store", one)
        + &write("api", "mail", "transaction = \"u\"").replace("\"mail\"", "⟦\"mail\"⟧");
    finds(TORN, check, &flow(&steps), &[(ERROR, "complete -> api")]);
}
