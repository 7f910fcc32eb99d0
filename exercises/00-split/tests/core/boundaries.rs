//! Stage 5: the three boundaries of the split, and the four questions.

use crate::world::story;
use ledger::check::Problem;
use ledger::{FILE_NAME, Ledger, Role, nearest};
use std::fs;
use std::path::Path;

/// The boundaries that the split has.
const BOUNDARIES: [(&str, &str, Role); 3] = [
    ("api", "authority", Role::Authority),
    ("api", "cache", Role::Cache),
    ("authority", "worker", Role::Worker),
];

/// The lab's own ledger, and what stories call it.
fn ledger() -> (Ledger, String) {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = lab.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{folder}/{FILE_NAME}");
    let file = nearest(lab).unwrap_or_else(|| {
        panic!("There is no {name} any more. `cargo course reset split` brings it back.")
    });
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", file.display()));
    let ledger =
        Ledger::parse(&text).unwrap_or_else(|error| panic!("{name} is no ledger. {error}"));
    (ledger, name)
}

/// **S8** Each boundary of the split answers the four questions, with answers that could be wrong.
#[test]
fn each_boundary_answers_the_four_questions() {
    story(|| {
        let (ledger, name) = ledger();
        let mut open = None;
        for (from, to, role) in BOUNDARIES {
            let (Some(boundary), Some(component)) =
                (ledger.boundary(from, to), ledger.component(to))
            else {
                todo!(
                    "Add the component `{to}` and the boundary from `{from}` to `{to}` to {name}, and \
                     answer its four questions."
                );
            };
            assert_eq!(
                component.role, role,
                "{name} says what the component `{to}` is to the facts that pass through it."
            );
            for complaint in ledger.complaints_about(boundary) {
                assert!(complaint.is_unanswered(), "{name}, {complaint}");
                open.get_or_insert(complaint);
            }
        }
        if let Some(complaint) = open {
            todo!("Answer the four questions in {name}: {complaint}");
        }
    });
}

/// **S8** No boundary of the ledger lets a copy decide.
#[test]
fn no_boundary_lets_a_copy_decide() {
    story(|| {
        let (ledger, name) = ledger();
        for complaint in ledger.complaints() {
            let Problem::WrongOwner { role, .. } = complaint.problem else {
                continue;
            };
            if complaint.entry == "api → view" && role == Some(Role::Derived) {
                todo!(
                    "One boundary of {name} has all its answers and is bad. Find it by the four questions, \
                     and take it out, or change what it is for."
                );
            }
            panic!("{name}, {complaint}");
        }
    });
}
