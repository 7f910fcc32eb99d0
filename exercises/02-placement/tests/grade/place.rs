//! The decision, case by case.

mod figures;
mod modules;
mod scopes;

use crate::world::situations::costs;
use placement::place::{Choice, Objection, Placement, place};
use placement::requirements::{Kind, Requirements};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn placed(requirements: &Requirements) -> Placement {
    place(requirements, &costs()).unwrap_or_else(|why| panic!("{why}"))
}

/// Which pressures rule this out.
fn kinds(placement: &Placement, choice: Choice) -> Vec<Kind> {
    let reasons = placement
        .reasons
        .iter()
        .filter(|reason| reason.rules_out == choice);
    let kind = reasons.filter_map(|reason| match reason.because {
        Objection::Pressure { kind, .. } => Some(kind),
        _ => None,
    });
    kind.collect()
}
