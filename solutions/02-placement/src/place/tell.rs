//! A placement in words, for the review in which it is argued about.

use std::fmt::{self, Write as _};

use super::{Choice, Figure, Objection, Placement, Reason};
use crate::requirements::Pressure;

/// What is against each scope, line by line.
pub(super) fn contradiction(reasons: &[Reason]) -> String {
    let mut said = "nothing suffices:".to_owned();
    for reason in reasons {
        let _ = write!(said, "\n- {reason}");
    }
    said
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
