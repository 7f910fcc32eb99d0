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
use tokio::sync::broadcast::{self, error::RecvError};

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
pub struct Changes(broadcast::Receiver<Notice>);

/// Where changes are announced.
#[derive(Clone, Debug)]
pub(crate) struct Announcer(broadcast::Sender<Notice>);

impl Announcer {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(MAX_BEHIND))
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes(self.0.subscribe())
    }

    /// Sends a notice to everyone who listens. It is no error if nobody does.
    pub(crate) fn announce(&self, notice: Notice) {
        let _ = self.0.send(notice);
    }
}

impl Changes {
    // ANCHOR: next
    /// The next notice; `None` once the authority, its readers and its committer are gone, and every notice
    /// has been delivered.
    ///
    /// - Each accepted write is announced once, after it is durable; the changes of one key in the order of
    ///   their versions. Retries and refusals are not announced.
    /// - What is kept for a subscriber that is behind is bounded: at least the latest [`MAX_BEHIND`]
    ///   notices, at most twice as many. Whoever has fallen behind further hears [`Notice::Missed`]
    ///   before anything that is newer than what it missed, and then what is still kept.
    /// - Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.0.recv().await {
            Ok(notice) => Some(notice),
            Err(RecvError::Lagged(_)) => Some(Notice::Missed),
            Err(RecvError::Closed) => None,
        }
    }
    // ANCHOR_END: next
}
