//! The lab reads its `boundaries.toml` line by line. Here the course's own reader looks at the same files,
//! so that the two do not drift apart.

use ledger::check::Problem;
use ledger::{Complaint, FILE_NAME, Ledger};
use std::fs;
use std::path::Path;

fn complaints(folder: &str) -> Vec<Complaint> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(FILE_NAME);
    let text = fs::read_to_string(&file).expect("a file that can be read");
    let ledger = Ledger::parse(&text).expect("a ledger");
    ledger.complaints()
}

#[test]
fn our_ledger_answers_everything() {
    assert_eq!(complaints("."), []);
}

#[test]
fn the_starters_ledger_is_open_at_two_places_and_wrong_at_one() {
    let complaints = complaints("../../exercises/00-split");
    let (open, wrong): (Vec<_>, Vec<_>) = complaints
        .iter()
        .partition(|complaint| complaint.is_unanswered());
    assert_eq!(open.len(), 12, "{open:#?}");
    let [bad] = wrong[..] else {
        panic!("{wrong:#?}")
    };
    assert_eq!(bad.entry, "api → view");
    assert!(matches!(bad.problem, Problem::WrongOwner { .. }), "{bad:?}");
}
