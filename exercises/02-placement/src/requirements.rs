//! What a piece of work needs, and what each scope was measured to give.
//!
//! Both can be read from TOML, so that a decision can be argued about by people who don't read Rust:
//!
//! ```toml
//! [costs]
//! thread = { capacity = "4000 /s", call = "20 ns" }
//!
//! [[decision]]
//! work = "score recommendations for every learner each night"
//!
//! [[decision.pressure]]
//! kind = "load"
//! metric = "learners to score in the five hours of a night"
//! value = "30 /s"
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::quantity::{Quantity, Rate, Unusable};

/// Where work can be done, from narrow to wide. The order of the variants is that order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// On the caller's own thread: a function call.
    Thread,
    /// On other threads of the caller's process.
    Process,
    /// In another process of the same machine.
    Machine,
    /// On other machines of the same region.
    Cluster,
    /// Close to the user, wherever that is.
    Edge,
}

impl Scope {
    /// Every scope, from narrow to wide.
    pub const ALL: [Self; 5] = [
        Self::Thread,
        Self::Process,
        Self::Machine,
        Self::Cluster,
        Self::Edge,
    ];
}

// ANCHOR: pressure
/// The five reasons for leaving a narrow scope.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// The narrower scope can't carry it. The value is the demand, a rate; its limits are the measured
    /// capacities, and the pressure brings none of its own.
    Load,
    /// Failures must be kept apart. The value is how often what it shares a fate with fails, the limit
    /// how often that is bearable; both are rates.
    Isolation(Failure),
    /// Other people decide about it. The value is how often one side's release waits for the other's,
    /// the limit how often that is bearable; both are rates.
    Ownership,
    /// Distance dominates. The value is the round trip from the users to the region, the limit how long
    /// it may be; both are times.
    Geography,
    /// The caller need not wait. The value is how long the work takes, the limit how long the caller
    /// can wait for it; both are times.
    Decoupling,
}

/// What fails, and so what has to lie between.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// A process: another process of the same machine is apart from it.
    Process,
    /// A machine: only another machine is apart from it.
    Machine,
}

/// Something that may ask for a wider scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressure {
    /// Which of the five.
    pub kind: Kind,
    /// What was measured; blank if nobody wrote it down.
    pub metric: String,
    /// Its measured value.
    pub value: Option<Quantity>,
    /// How high it may be before it counts. A load has none.
    pub limit: Option<Quantity>,
}
// ANCHOR_END: pressure

// ANCHOR: clear
/// A pressure that has all that it takes to count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clear<'a> {
    /// Which of the five.
    pub kind: Kind,
    /// What was measured, as the requirements say it.
    pub metric: &'a str,
    /// Its measured value.
    pub value: Quantity,
    /// How high it may be; `None` for a load, whose limits are the capacities.
    pub limit: Option<Quantity>,
}
// ANCHOR_END: clear

/// What a piece of work needs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// Which work, in words.
    pub work: String,
    /// The caller needs the *result*, and within this time of asking; `None` if it only needs to know
    /// that the work will be done.
    #[serde(default, deserialize_with = "time")]
    pub answer_within: Option<Duration>,
    /// Whether this work decides what is true, and does not merely show it.
    #[serde(default)]
    pub decides: bool,
    /// What may ask for more than a call on the caller's thread.
    #[serde(default, rename = "pressure")]
    pub pressures: Vec<Pressure>,
}

/// What each scope was measured to give, as far as it was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    capacities: BTreeMap<Scope, Rate>,
    calls: BTreeMap<Scope, Duration>,
}

impl Costs {
    /// Nothing was measured yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With what `scope` was measured to carry, each second, in all.
    ///
    /// # Errors
    /// [`Unusable`] if that is not a capacity: see [`Rate::capacity`].
    pub fn with_capacity(mut self, scope: Scope, each_second: f64) -> Result<Self, Unusable> {
        self.capacities.insert(scope, Rate::capacity(each_second)?);
        Ok(self)
    }

    /// With what a call to `scope` and back was measured to take, without the work itself.
    #[must_use]
    pub fn with_call(mut self, scope: Scope, takes: Duration) -> Self {
        self.calls.insert(scope, takes);
        self
    }

    /// What `scope` carries; `None` if it was not measured.
    pub fn capacity(&self, scope: Scope) -> Option<Rate> {
        self.capacities.get(&scope).copied()
    }

    /// What a call to `scope` and back takes; `None` if it was not measured.
    pub fn call(&self, scope: Scope) -> Option<Duration> {
        self.calls.get(&scope).copied()
    }
}

/// Pieces of work, and the scopes that they may be done at, as `decisions.toml` has them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// What each scope was measured to give.
    #[serde(default)]
    pub costs: Costs,
    /// The pieces of work, in their order.
    #[serde(default, rename = "decision")]
    pub all: Vec<Requirements>,
}

/// Why a text is not a [`Decisions`], and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct FormError(#[from] toml::de::Error);

impl FromStr for Decisions {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Self, FormError> {
        Ok(toml::from_str(text)?)
    }
}

impl<'de> Deserialize<'de> for Costs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Measured {
            #[serde(default, deserialize_with = "quantity")]
            capacity: Option<Quantity>,
            #[serde(default, deserialize_with = "time")]
            call: Option<Duration>,
        }
        let mut costs = Self::new();
        for (scope, measured) in BTreeMap::<Scope, Measured>::deserialize(deserializer)? {
            match measured.capacity {
                None => {}
                Some(Quantity::Rate(rate)) => {
                    costs = costs
                        .with_capacity(scope, rate.each_second())
                        .map_err(serde::de::Error::custom)?;
                }
                Some(Quantity::Time(_)) => {
                    let why = format!("the capacity of the {scope} is a time: it has to be a rate");
                    return Err(serde::de::Error::custom(why));
                }
            }
            if let Some(call) = measured.call {
                costs = costs.with_call(scope, call);
            }
        }
        Ok(costs)
    }
}

impl<'de> Deserialize<'de> for Pressure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Form {
            kind: String,
            from: Option<Failure>,
            #[serde(default)]
            metric: String,
            #[serde(default, deserialize_with = "quantity")]
            value: Option<Quantity>,
            #[serde(default, deserialize_with = "quantity")]
            limit: Option<Quantity>,
        }
        let form = Form::deserialize(deserializer)?;
        let kind = match (form.kind.as_str(), form.from) {
            ("load", None) => Kind::Load,
            ("isolation", Some(failure)) => Kind::Isolation(failure),
            ("ownership", None) => Kind::Ownership,
            ("geography", None) => Kind::Geography,
            ("decoupling", None) => Kind::Decoupling,
            ("isolation", None) => {
                let why = "isolation has to say from what: `from = \"process\"` or `\"machine\"`";
                return Err(serde::de::Error::custom(why));
            }
            ("load" | "ownership" | "geography" | "decoupling", Some(_)) => {
                return Err(serde::de::Error::custom("only isolation has a `from`"));
            }
            (other, _) => {
                let why = format!(
                    "`{other}` is not a pressure: there are load, isolation, ownership, geography and \
                     decoupling"
                );
                return Err(serde::de::Error::custom(why));
            }
        };
        Ok(Self {
            kind,
            metric: form.metric,
            value: form.value,
            limit: form.limit,
        })
    }
}

fn quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Quantity>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    match quantity(deserializer)? {
        Some(Quantity::Time(time)) => Ok(Some(time)),
        _ => Err(serde::de::Error::custom(
            "a rate where a time was expected, such as 50 ms",
        )),
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Thread => "thread",
            Self::Process => "process",
            Self::Machine => "machine",
            Self::Cluster => "cluster",
            Self::Edge => "edge",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Load => "load",
            Self::Isolation(Failure::Process) => "isolation from a process",
            Self::Isolation(Failure::Machine) => "isolation from a machine",
            Self::Ownership => "ownership",
            Self::Geography => "geography",
            Self::Decoupling => "decoupling",
        })
    }
}
