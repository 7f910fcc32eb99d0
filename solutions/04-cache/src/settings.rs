//! What a cache promises, as numbers, and what a read may come back with instead of a value.

use domain::Version;
use std::time::Duration;
use thiserror::Error;

// ANCHOR: settings
/// The bounds of a cache. Each is a promise to somebody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// To the machine: the largest number of entries that are held at any moment.
    ///
    /// Whatever is asked for, a cache's memory stays within 512 bytes for each entry of this capacity,
    /// 4 KiB for each load that may run or wait, and 64 KiB besides. What is not used is not reserved. What
    /// a read needs while it waits is its caller's.
    pub capacity_entries: usize,
    /// To the readers: the staleness bound. A value is served only to reads that begin at most this
    /// long after the load that brought it *began*. `Duration::MAX` means for ever.
    pub ttl: Duration,
    /// To the authority: its declared capacity. At most this many loads run at once.
    pub max_loads: usize,
    /// To the callers: at most this many loads wait for a place. Zero means that nobody waits.
    pub max_waiting_loads: usize,
}

/// Why there can be no such cache.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SettingsError {
    /// A cache without entries is a queue in front of the authority.
    #[error("a cache needs room for an entry")]
    NoCapacity,
    /// A cache that may not load never has anything to serve.
    #[error("a cache needs a load at a time")]
    NoLoads,
}

/// Why a read has no value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ReadError {
    /// The authority was asked, and gave no answer.
    #[error("the authority gave no answer")]
    Unavailable,
    /// The authority was not asked: as many loads run as it declared, and as many wait as may.
    #[error("too many loads are waiting already")]
    Shed,
    /// The authority itself answered below what it had acknowledged to this session. It was asked
    /// after that, so it has forgotten something, or is not the one that acknowledged it.
    #[error("the authority answered below version {}, which this session was told", floor.0)]
    Behind {
        /// What the session was told.
        floor: Version,
    },
}
// ANCHOR_END: settings
