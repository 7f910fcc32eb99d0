//! Telling the others, without waiting for them.
//!
//! A broadcast channel is all that the lab asks for: it keeps what there is room for, overwrites the
//! oldest, and tells whoever was behind. Only its end needs thought. A channel ends with its last
//! sender; so those who can still cause a change hold senders, and those who look hold a weak one.

/// Given by the lab.
pub use ours::changes::{MAX_BEHIND, Notice};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// The changes from one moment on.
#[derive(Debug)]
pub struct Changes {
    /// Nothing for a subscriber that came after the end.
    told: Option<Receiver<Notice>>,
}

/// Where changes are told.
pub(crate) fn teller() -> Sender<Notice> {
    broadcast::Sender::new(MAX_BEHIND)
}

impl Changes {
    pub(crate) fn of(teller: Option<&Sender<Notice>>) -> Self {
        Self {
            told: teller.map(Sender::subscribe),
        }
    }

    /// The next notice; `None` once every authority and its committer are gone and all has been told.
    ///
    /// - Each accepted write is told once, after it is durable; the changes of one key in the order of
    ///   their versions. Retries and refusals are not told.
    /// - What is kept for a subscriber that is behind is bounded: at least the latest [`MAX_BEHIND`]
    ///   notices, at most twice as many. Whoever has fallen behind further hears [`Notice::Missed`]
    ///   before anything that is newer than what it missed, and then what is still kept.
    /// - Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.told.as_mut()?.recv().await {
            Ok(notice) => Some(notice),
            Err(RecvError::Lagged(_)) => Some(Notice::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}
