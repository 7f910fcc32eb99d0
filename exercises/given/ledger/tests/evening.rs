//! Lab 0 reads its `boundaries.toml` line by line, so that it can be graded before a TOML parser is
//! compiled. Here the same file is read like every other ledger, so that the two do not diverge.

use ledger::{FILE_NAME, Ledger};
use std::fs;
use std::path::Path;

#[test]
fn lab_0s_solved_ledger_is_a_ledger_without_complaints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let file = root.join("solutions/00-split").join(FILE_NAME);
    let text = fs::read_to_string(&file).expect("a file that can be read");
    let ledger = Ledger::parse(&text).expect("a ledger");
    assert_eq!(ledger.complaints(), []);
    assert_eq!(ledger.boundaries.len(), 3);
}
