//! The ledger: why this boundary is there, in the reader's own words.

use ledger::{FILE_NAME, Ledger, Role, nearest};
use std::fs;
use std::path::Path;
use testbed::live;

/// **L1** The ledger has this boundary, and its four questions have answers that could be wrong.
#[test]
fn the_boundary_from_api_to_authority_is_answered() {
    live(|| {
        let file = nearest(Path::new(env!("CARGO_MANIFEST_DIR")))
            .unwrap_or_else(|| panic!("There is no {FILE_NAME} in `exercises/` any more."));
        let text = fs::read_to_string(&file).expect("a readable file");
        let ledger = Ledger::parse(&text)
            .unwrap_or_else(|error| panic!("{FILE_NAME} is not a ledger. {error}"));
        let Some(boundary) = ledger.boundary("api", "authority") else {
            panic!("{FILE_NAME} has no boundary from \"api\" to \"authority\".");
        };
        let complaints = ledger.complaints_about(boundary);
        let unanswered = complaints
            .iter()
            .find(|complaint| complaint.is_unanswered());
        if let Some(unanswered) = unanswered {
            todo!("Answer the four questions in exercises/{FILE_NAME}: {unanswered}");
        }
        if let Some(complaint) = complaints.first() {
            panic!("{FILE_NAME}, {complaint}");
        }
        let authority = ledger
            .component("authority")
            .expect("the boundary ends there");
        assert_eq!(
            authority.role,
            Role::Authority,
            "The store that decides about progress is called something else in {FILE_NAME}."
        );
    });
}
