//! The form of a decision: what a placement says, or why there is none, and how that reads in a review.
//!
//! Given. How to reach a decision is the subject of [`crate::place`].

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::quantity::Quantity;
use crate::requirements::{Clear, Kind, Pressure, Scope};

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
    /// The pressures that were not counted, because they lack a metric, a value or a limit.
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
        /// Its measured value. For geography, at the edge: what a call to the edge takes.
        value: Quantity,
        /// How high it may be. For load: the capacity of the scope.
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

impl Clear<'_> {
    /// The objection that this pressure makes, with these two figures.
    pub fn objection(&self, value: Quantity, limit: Quantity) -> Objection {
        Objection::Pressure {
            kind: self.kind,
            metric: self.metric.to_owned(),
            value,
            limit,
        }
    }
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
    #[error("{kind} (\"{metric}\") is measured as a {expected}, and {found} is not one")]
    WrongUnit {
        /// Which of the five.
        kind: Kind,
        /// What was measured, as the requirements say it.
        metric: String,
        /// `rate` or `time`.
        expected: &'static str,
        /// The figure that was given.
        found: Quantity,
    },
    /// The requirements contradict each other, or what can be had: for each scope, what is against it.
    #[error("{}", contradiction(.0))]
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

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scope)?;
        if self.module {
            f.write_str(", as a module")?;
        }
        if self.later {
            f.write_str(", later")?;
        }
        for reason in &self.reasons {
            write!(f, "\n- {reason}")?;
        }
        for vague in &self.vague {
            write!(f, "\n- {} was not counted: it has no ", vague.kind)?;
            f.write_str(match vague {
                Pressure { metric, .. } if metric.trim().is_empty() => "metric",
                Pressure { value: None, .. } => "value",
                _ => "limit",
            })?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rules_out {
            Choice::Scope(scope) => write!(f, "not the {scope}: ")?,
            Choice::NoModule => f.write_str("not without a module: ")?,
            Choice::Now => f.write_str("not at once: ")?,
        }
        self.because.fmt(f)
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pressure {
                kind,
                metric,
                value,
                limit,
            } => {
                write!(f, "{kind}, {metric}: {value}, above {limit}")
            }
            Self::TooFar { call, within } => {
                write!(
                    f,
                    "getting there takes {call:?}, and the caller has {within:?}"
                )
            }
            Self::Decides => {
                f.write_str("this work decides what is true, and has to be in one place")
            }
            Self::NeedsAnswer => {
                f.write_str("the caller needs the result, and can't wait as long as the work takes")
            }
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capacity => "what it carries",
            Self::Call => "what a call to it takes",
        })
    }
}

/// What is against each scope, line by line.
fn contradiction(reasons: &[Reason]) -> String {
    let mut said = "nothing suffices:".to_owned();
    for reason in reasons {
        let _ = write!(said, "\n- {reason}");
    }
    said
}
