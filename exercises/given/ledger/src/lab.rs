//! A lab's check of the one boundary that it is about.

use crate::{Component, FILE_NAME, Ledger, nearest};
use std::fs;
use std::path::Path;

/// Checks the boundary between two components in the ledger that belongs to `folder`, and returns the
/// role of the component at which it ends.
///
/// It fails as a test does. An answer that is still to be written is a `todo!`, as in a lab's code.
///
/// # Panics
/// When the boundary is missing, unanswered or answered with a wish.
#[track_caller]
pub fn answered(folder: &Path, from: &str, to: &str) -> Component {
    let file = nearest(folder)
        .unwrap_or_else(|| panic!("There is no {FILE_NAME} in `exercises/` any more."));
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{FILE_NAME} cannot be read: {error}"));
    let ledger =
        Ledger::parse(&text).unwrap_or_else(|error| panic!("{FILE_NAME} is not a ledger. {error}"));
    let (Some(boundary), Some(component)) = (ledger.boundary(from, to), ledger.component(to))
    else {
        let component = if ledger.component(to).is_none() {
            format!("the component `{to}` and ")
        } else {
            String::new()
        };
        todo!(
            "Add {component}the boundary from `{from}` to `{to}` to exercises/{FILE_NAME}, and answer its \
             four questions."
        );
    };
    let (unanswered, wrong): (Vec<_>, Vec<_>) = ledger
        .complaints_about(boundary)
        .into_iter()
        .partition(|complaint| complaint.is_unanswered());
    if let Some(complaint) = wrong.first() {
        panic!("{FILE_NAME}, {complaint}");
    }
    if let Some(complaint) = unanswered.first() {
        todo!("Answer the four questions in exercises/{FILE_NAME}: {complaint}");
    }
    component.clone()
}
