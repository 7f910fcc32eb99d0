//! The switches: what is wrong with a place at this moment.
//!
//! A switch acts where one part calls another. It delays the call, refuses it, or runs it and drops the
//! answer; *stopped* takes the part itself down. No figure is changed for show.

use crate::parts::{NoAnswer, NotWritten, Place};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// How long a slow place takes beyond its work: long enough to be felt, and within every deadline.
pub const SLOW: Duration = Duration::from_millis(300);

/// After how long a caller takes a reply for lost.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(1);

/// What is wrong.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Nothing.
    #[default]
    Ok,
    /// Each call takes longer.
    Slow,
    /// Each call is refused before it reaches anybody.
    Errors,
    /// The part is down.
    Stopped,
    /// Each call is carried out, and its answer lost.
    Loses,
}

impl Switch {
    /// All.
    pub const ALL: [Self; 5] = [
        Self::Ok,
        Self::Slow,
        Self::Errors,
        Self::Stopped,
        Self::Loses,
    ];

    /// As it stands in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Slow => "slow",
            Self::Errors => "errors",
            Self::Stopped => "stopped",
            Self::Loses => "loses",
        }
    }

    /// Whether a call reaches whom it is for.
    pub(crate) const fn lets_through(self) -> bool {
        matches!(self, Self::Ok | Self::Slow | Self::Loses)
    }

    /// The switch of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.name() == name)
    }
}

/// A switch for each place. Clones are the same switches.
#[derive(Clone, Debug, Default)]
pub struct Switches(Arc<[AtomicU8; 7]>);

impl Switches {
    /// How `place` is.
    pub fn get(&self, place: Place) -> Switch {
        Switch::ALL[usize::from(self.0[place.index()].load(Ordering::Acquire))]
    }

    /// Only the stage turns a switch, since a stopped part has to be stopped as well.
    pub(crate) fn set(&self, place: Place, switch: Switch) {
        self.0[place.index()].store(switch as u8, Ordering::Release);
    }

    /// Whether nothing is wrong anywhere.
    pub fn all_ok(&self) -> bool {
        Place::ALL
            .into_iter()
            .all(|place| self.get(place) == Switch::Ok)
    }

    /// The same for a plain call, which cannot wait: its caller waits for [`Self::patience`] before.
    pub(crate) fn cross_now<T, E>(
        &self,
        place: Place,
        call: impl FnOnce() -> Result<T, E>,
        no_answer: impl FnOnce(NoAnswer) -> E,
    ) -> Result<T, E> {
        match self.get(place) {
            Switch::Ok | Switch::Slow => call(),
            Switch::Errors | Switch::Stopped => Err(no_answer(NoAnswer::Absent)),
            Switch::Loses => {
                drop(call());
                Err(no_answer(NoAnswer::Lost))
            }
        }
    }

    /// Waits as long as a call of `place` takes beyond its work.
    pub(crate) async fn patience(&self, place: Place) {
        match self.get(place) {
            Switch::Slow => tokio::time::sleep(SLOW).await,
            Switch::Loses => tokio::time::sleep(REPLY_TIMEOUT).await,
            Switch::Ok | Switch::Errors | Switch::Stopped => {}
        }
    }

    /// Calls `place`, under its switch.
    ///
    /// # Errors
    /// As the call's, or what the switch makes of it.
    pub async fn cross<T, E: From<NoAnswer>>(
        &self,
        place: Place,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.get(place) {
            Switch::Ok => call.await,
            Switch::Slow => {
                tokio::time::sleep(SLOW).await;
                call.await
            }
            Switch::Errors | Switch::Stopped => Err(NoAnswer::Absent.into()),
            Switch::Loses => {
                drop(call.await);
                tokio::time::sleep(REPLY_TIMEOUT).await;
                Err(NoAnswer::Lost.into())
            }
        }
    }
}

/// What a write's caller may conclude when no answer came.
impl From<NoAnswer> for NotWritten {
    fn from(why: NoAnswer) -> Self {
        match why {
            NoAnswer::Absent | NoAnswer::Shed => Self::NotDone,
            NoAnswer::Lost => Self::Unknown,
        }
    }
}
