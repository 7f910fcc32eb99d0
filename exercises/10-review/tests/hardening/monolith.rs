//! Parts that are separate, but cannot change separately.

use crate::world::{ERROR, WARNING, call, edge, finds, parts, silent};
use review::rules::distributed_monolith::{cycles, shared_stores};

const CIRCLE: &str = "Parts that wait for each other in a cycle work together or not at all.";
const STORE: &str =
    "A store that two releases write to ties them to each other, and neither sees it.";

/// **R8** Each cycle of calls is found once, at its first remote call in the file, about all components
/// in it.
#[test]
fn each_circle_is_found_once() {
    let text =
        parts("page client, books service, authors service, tags service, a service, b service")
            + &call("page", "books", "")
            + &call("tags", "books", "").replace("\"tags\"", "⟦\"tags\"⟧")
            + &call("books", "authors", "")
            + &call("authors", "tags", "")
            + &call("authors", "books", "")
            + &call("a", "b", "").replace("\"a\"", "⟦\"a\"⟧")
            + &call("b", "a", "");
    let both = [(ERROR, "authors -> books -> tags"), (ERROR, "a -> b")];
    finds(CIRCLE, cycles, &text, &both);
}

/// **R8** A part that calls itself over the network waits for itself.
#[test]
fn a_part_that_calls_itself_is_a_circle() {
    let text = parts("api service") + &call("⟦api", "api", "").replacen("\"⟦api\"", "⟦\"api\"⟧", 1);
    finds(CIRCLE, cycles, &text, &[(ERROR, "api")]);
}

/// **R8** A cycle that a message closes, or that stays in one process, is not a finding.
#[test]
fn a_message_opens_the_circle() {
    let text = parts("books service, authors service, a service, b service")
        + &call("books", "authors", "")
        + &edge("asynchronous", "authors", "books", "")
        + &edge("in-process", "a", "b", "")
        + &edge("in-process", "b", "a", "");
    silent(
        "No caller waits for a message, and modules of one process fail together anyway.",
        cycles,
        &text,
    );
}

/// **R8** A cycle that leaves the process anywhere is one, even if part of it is function calls.
#[test]
fn a_circle_that_leaves_the_process_once_is_one() {
    let text = parts("a service, b service, c service")
        + &edge("in-process", "a", "b", "")
        + &edge("same-machine", "b", "c", "").replace("\"b\"", "⟦\"b\"⟧")
        + &edge("in-process", "c", "a", "");
    finds(CIRCLE, cycles, &text, &[(ERROR, "a -> b -> c")]);
}

fn writers(rest: &str) -> String {
    let part = |name: &str, more: &str| parts(&format!("{name} service")) + more + "\n";
    part("a", "owner = \"red\"\nrelease = \"a\"")
        + &part("b", "owner = \"red\"")
        + &part("c", "owner = \"blue\"\nrelease = \"a\"")
        + &part("d", "")
        + &parts("store authority, memo cache")
        + rest
}

/// **R8** A store that two releases write to is found, at the second writer.
#[test]
fn a_store_with_two_writing_releases_is_found() {
    let write = "access = \"write\"";
    let text = writers("")
        + &call("a", "store", write)
        + &call("c", "store", write)
        + &call("d", "store", "access = ⟦\"write\"⟧");
    finds(STORE, shared_stores, &text, &[(ERROR, "store")]);
}

/// **R8** If all writers have one owner it is a warning: one team can still change both at once.
#[test]
fn one_owner_of_both_writers_makes_it_a_warning() {
    let text = writers("")
        + &call("a", "store", "access = \"write\"")
        + &call("b", "store", "access = ⟦\"write\"⟧");
    finds(STORE, shared_stores, &text, &[(WARNING, "store")]);
    // The third writer is another team's.
    let text = text + &call("c", "store", "access = \"write\"");
    finds(STORE, shared_stores, &text, &[(ERROR, "store")]);
}

/// **R8** Only writers count, only releases that differ, and only authorities.
#[test]
fn readers_share_a_store_and_so_does_one_release() {
    let text = writers("")
        + &call("a", "store", "access = \"write\"")
        + &call("c", "store", "access = \"write\"")
        + &call("b", "store", "access = \"read\"")
        + &call("d", "store", "")
        + &call("a", "memo", "access = \"write\"")
        + &call("b", "memo", "access = \"write\"");
    silent(
        "A reader does not decide the form of what it reads.",
        shared_stores,
        &text,
    );
}
