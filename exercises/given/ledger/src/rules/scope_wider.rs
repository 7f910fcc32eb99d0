//! B402: a boundary for a load that the narrower design was measured to carry.

use crate::finding::{Finding, Rule, Severity};
use crate::form::{Boundary, Ledger};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B402",
    name: "scope-wider-than-evidence",
    finds: "a pressure whose figure the narrower alternative was measured to carry, with room to spare",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let room = ledger.limits.headroom;
    let boundaries = ledger.boundaries.iter();
    boundaries.filter_map(|it| too_wide(it, room)).collect()
}

fn too_wide(boundary: &Boundary, room: f64) -> Option<Finding> {
    let pressure = boundary.pressure.as_ref()?;
    let value = pressure.value.as_ref()?;
    let figure = value.get_ref().number?;
    let carries = pressure.alternative_carries.as_ref()?;
    let enough = room * carries.get_ref().0;
    (figure < enough).then(|| {
        Finding::at(RULE, Severity::Warning, value)
            .about([boundary.from.get_ref().as_str(), boundary.to.get_ref()])
            .with_figure(figure / carries.get_ref().0)
            .see(carries, "what the alternative carries")
            .saying(format!(
                "The pressure is {figure}, and the narrower alternative carries {}: below {room} of \
                 that there is no need for this boundary yet.",
                carries.get_ref().0
            ))
    })
}
