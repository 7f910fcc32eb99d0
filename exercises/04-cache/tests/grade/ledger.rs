//! The cache's entry in `boundaries.toml`.

use ledger::check::Problem;
use ledger::{FILE_NAME, Ledger, Role};
use std::path::Path;
use testbed::story;

/// **L1** The ledger has the boundary from the API to the cache, with four answers that could be wrong,
/// and calls the cache a cache.
#[test]
fn the_boundary_to_the_cache_is_answered_for() {
    story(|| async {
        let file = ledger::nearest(Path::new(env!("CARGO_MANIFEST_DIR")));
        let file = file.unwrap_or_else(|| panic!("There is no {FILE_NAME} above this lab."));
        let text = std::fs::read_to_string(&file).expect("a ledger that can be read");
        let ledger = Ledger::parse(&text).unwrap_or_else(|error| panic!("{FILE_NAME}, {error}"));
        let (Some(boundary), Some(component)) =
            (ledger.boundary("api", "cache"), ledger.component("cache"))
        else {
            panic!(
                "not yet implemented: Add the component `cache` and the boundary from `api` to `cache` \
                 to {FILE_NAME}, and answer its four questions."
            );
        };
        let complaints = ledger.complaints_about(boundary);
        let wrong = complaints
            .iter()
            .find(|complaint| !matches!(complaint.problem, Problem::Unanswered { .. }));
        if let Some(complaint) = wrong {
            panic!("{FILE_NAME}, {complaint}");
        }
        if let Some(complaint) = complaints.first() {
            panic!("not yet implemented: {FILE_NAME}, {complaint}");
        }
        assert_eq!(
            component.role,
            Role::Cache,
            "{FILE_NAME} says what the component `cache` is to the facts that it holds. It decides none \
             of them, and a restart may empty it."
        );
    });
}
