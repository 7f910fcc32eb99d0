//! Telling the others, without waiting for them.
//!
//! Caches want to know what has changed. They must not be able to hold up the authority for it: a cache
//! that is slow would make completing a lesson slow, and one that is stuck would make it impossible. So
//! a notice is offered and never awaited, there is a bound to what is kept for those who are behind,
//! and whoever has fallen behind further is told so. That last part matters most. A cache that has
//! missed a notice and does not know it is wrong until its entries expire.
//!
//! These notices are a convenience and no record. One that was not sent because of a crash is never
//! sent; a subscriber that starts late hears nothing of before. Work that *must* follow a change needs
//! to be stored together with it.

use domain::{LessonKey, Version};

/// How many notices are kept for a subscriber that is behind: some 40 KB, and a few seconds of a busy
/// platform.
pub const MAX_BEHIND: usize = 1024;

/// What a subscriber is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Notice {
    /// A fact has changed, and the change is durable.
    Changed {
        /// Which.
        key: LessonKey,
        /// What it is now.
        version: Version,
    },
    /// The subscriber was too slow, and some notices are gone. Anything may have changed.
    Missed,
}

/// The changes from one moment on.
#[derive(Debug)]
pub struct Changes {
    // How a subscriber hears of changes is yours to design. `tokio::sync` is within reach.
}

impl Changes {
    // ANCHOR: stubs
    /// The next notice; `None` once the authority and its committer are gone, and everything has been told.
    /// (Whether it waits for the last reader as well is up to you.)
    ///
    /// - Each accepted write is told once, after it is durable; the changes of one key in the order of
    ///   their versions. Retries and refusals are not told.
    /// - What is kept for a subscriber that is behind is bounded: at least the latest [`MAX_BEHIND`]
    ///   notices, at most twice as many. Whoever has fallen behind further hears [`Notice::Missed`]
    ///   before anything that is newer than what it missed, and then what is still kept.
    /// - Dropping the future loses nothing.
    ///
    /// Judged by the tests in `independence`.
    pub async fn next(&mut self) -> Option<Notice> {
        todo!(
            "Wait for the next notice, and tell a subscriber that was too slow that it has missed some."
        )
    }
    // ANCHOR_END: stubs
}
