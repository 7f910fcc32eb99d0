//! An effect on the outside world, which no replay may repeat.
//!
//! Who gets a letter follows from the view, and so from the log. *Whether it has been sent* does not.

use crate::store::{Store, StoreError};
use crate::view::View;
use domain::LearnerId;
use std::future::Future;
use thiserror::Error;

// ANCHOR: mail
/// Which letter it is: there is one for each learner and milestone, ever.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LetterId {
    /// The learner who gets it.
    pub learner: LearnerId,
    /// For how many completed lessons.
    pub milestone: u64,
}

/// The way to the mail provider. It drops a letter whose id it has seen within the last day.
pub trait Mail: Send + Sync {
    /// Sends a letter.
    ///
    /// # Errors
    /// [`MailError`].
    fn send(&self, letter: LetterId) -> impl Future<Output = Result<(), MailError>> + Send;
}

/// The provider gave no answer. The letter may have been sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the mail provider gave no answer")]
pub struct MailError;

/// Why not every letter was sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum LettersError {
    /// The record cannot be read or written.
    #[error("the record of letters: {0}")]
    Record(#[from] StoreError),
    /// The provider.
    #[error(transparent)]
    Mail(#[from] MailError),
}
// ANCHOR_END: mail

/// Sends letters to learners who have reached a milestone.
#[derive(Clone, Debug)]
pub struct Letters<S, M> {
    /// Which letters were sent. Nothing can rebuild it if it is lost.
    record: S,
    mail: M,
    milestone: u64,
}

impl<S: Store, M: Mail> Letters<S, M> {
    /// Letters for `milestone` completed lessons, with the record of those that were sent.
    pub fn new(record: S, mail: M, milestone: u64) -> Self {
        Self {
            record,
            mail,
            milestone,
        }
    }

    /// Sends a letter to each learner who has `milestone` completed lessons or more in `view`, and has
    /// not had one for it, from this worker or from an earlier one with the same record.
    ///
    /// - When a letter is recorded, the provider is not asked to send it again.
    /// - Whatever fails or dies, at whatever point, no letter is lost, and within the provider's day
    ///   none arrives twice.
    /// - When the record cannot be read, nothing is sent.
    ///
    /// # Errors
    /// [`LettersError`] at the first failure; what is still due stays due.
    ///
    /// Judged by `a_milestone_is_one_letter`, `a_rebuild_sends_no_letter_again` and
    /// `a_letter_between_sending_and_recording_is_neither_lost_nor_doubled`.
    pub async fn send_due(&self, view: &View) -> Result<(), LettersError> {
        let _ = (&self.record, &self.mail, self.milestone, view);
        todo!("Send each letter that is due and not recorded, and record it.")
    }
}
