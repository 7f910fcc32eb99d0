//! Where work belongs.
//!
//! What a placement says is given; how it is found is yours. Whatever you do, keep apart what is known,
//! what is merely said, and what nobody has measured yet.

mod tell;

use std::time::Duration;

use crate::quantity::Quantity;
use crate::requirements::{Costs, Kind, Pressure, Requirements, Scope};

// ANCHOR: placement
/// Where a piece of work belongs, and why there.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The narrowest scope that is sufficient.
    pub scope: Scope,
    /// Whether it has an interface of its own, in whichever scope: a *module*. It is a logical
    /// boundary; calls across it are function calls.
    pub module: bool,
    /// Whether the caller is told that the work will be done, and not its result.
    pub later: bool,
    /// Why nothing narrower is sufficient: for every scope that is narrower, each pressure that rules it
    /// out, and whatever else does; and at least one for the module and for later, if they are there.
    pub reasons: Vec<Reason>,
    /// The pressures that were heard and not counted, because they lack a metric, a value or a limit.
    pub vague: Vec<Pressure>,
}
// ANCHOR_END: placement

/// Something that is not sufficient, and what makes it so.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What is ruled out.
    pub rules_out: Choice,
    /// By what.
    pub because: Objection,
}

/// What can be ruled out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Choice {
    /// To do it there.
    Scope(Scope),
    /// To do without an interface of its own.
    NoModule,
    /// To let the caller wait for it.
    Now,
}

/// What rules something out.
#[derive(Clone, Debug, PartialEq)]
pub enum Objection {
    /// A pressure, whose value is above what is possible or bearable there.
    Pressure {
        /// Which of the five.
        kind: Kind,
        /// What was measured, as the requirements say it.
        metric: String,
        /// What it came to. Of geography, at the edge: what a call to the edge takes.
        value: Quantity,
        /// What it may come to. Of load: the capacity of the scope.
        limit: Quantity,
    },
    /// Getting there and back takes longer than the caller has.
    TooFar {
        /// How long it takes.
        call: Duration,
        /// How long the caller has.
        within: Duration,
    },
    /// The work decides what is true, and at the edge there are many copies.
    Decides,
    /// The caller needs the result, and can't wait as long as the work takes.
    NeedsAnswer,
}

/// Why there is no placement.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unplaced {
    /// Whether this scope is sufficient depends on a figure that nobody has measured.
    #[error(
        "whether the {scope} is enough depends on {figure}, which was not measured: `cargo course \
         measure` measures what this machine can tell"
    )]
    NotMeasured {
        /// The narrowest scope that can't be ruled out without it.
        scope: Scope,
        /// What is missing.
        figure: Figure,
    },
    /// A pressure speaks of a rate where it has to speak of a time, or the other way round.
    #[error("{kind} (\"{metric}\") is measured as a {expected}, and {found} is none")]
    WrongUnit {
        /// Which of the five.
        kind: Kind,
        /// What was measured, as the requirements say it.
        metric: String,
        /// `rate` or `time`.
        expected: &'static str,
        /// What stood there.
        found: Quantity,
    },
    /// The requirements contradict each other, or what can be had: for each scope, what is against it.
    #[error("{}", tell::contradiction(.0))]
    NothingSuffices(Vec<Reason>),
}

/// What is measured of a scope.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Figure {
    /// What it carries.
    Capacity,
    /// What getting there and back takes.
    Call,
}

// ANCHOR: place
/// The narrowest scope that meets every requirement, and the reasons.
///
/// | pressure | rules out, if its value is above its limit |
/// |---|---|
/// | load | a scope whose capacity is below the demand |
/// | isolation | from a process: all within it; from a machine: all on it |
/// | ownership | no scope: it asks for a module |
/// | geography | all but the edge; the edge too, if a call to it takes longer than the limit |
/// | decoupling | the caller's thread, and an answer with the result in it |
///
/// A pressure counts only if it has a metric (not blank), a value and, unless it is a load, a limit;
/// each counts for itself. A limit that a load brings is not looked at. A value that just reaches its limit is within it. Besides, the caller's time
/// for the answer rules out every scope that is further away than that; work that decides what is true
/// rules out the edge; and a decoupling that counts contradicts a caller that needs the result.
///
/// # Errors
/// [`Unplaced::NothingSuffices`] if every scope is ruled out. [`Unplaced::NotMeasured`] if the narrowest
/// scope that isn't ruled out by what is known might be, by a figure that isn't; a figure on which
/// nothing depends is not asked for, and of two that are missing either is. [`Unplaced::WrongUnit`] if
/// some pressure has a value, or but for a load a limit, of the wrong kind, whatever the rest says.
///
/// Judged by every test in `place` and `properties`, and by `decisions`.
pub fn place(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    let _ = (requirements, costs);
    todo!(
        "Find the narrowest scope that nothing rules out, and say what ruled out those before it."
    )
}
// ANCHOR_END: place
