//! An effect on the outside world, which no replay may repeat.
//!
//! Who gets a letter follows from the view, and so from the log. *Whether it has been sent* does not: no
//! event says so, and no replay can find it out. It is a fact that exists nowhere else, and what holds
//! such a fact is an authority, even one as small as this.

use crate::plan::Subject;
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

    // ANCHOR: send_due
    /// Sends the letters that are due in `view`, and were not sent before.
    ///
    /// # Errors
    /// [`LettersError`] at the first that fails; what is still due stays due.
    pub async fn send_due(&self, view: &View) -> Result<(), LettersError> {
        for (subject, row) in view.rows() {
            let Subject::Learner(learner) = subject else {
                continue;
            };
            if row.completed < self.milestone {
                continue;
            }
            let milestone = self.milestone;
            let name = format!("letter-{}-{milestone}", learner.0);
            if self.record.get(&name).await?.is_some() {
                continue;
            }
            // Send, then record: after a crash in between the same letter is sent again, and the
            // provider drops it, within its day. In the other order a crash in between loses the letter.
            self.mail.send(LetterId { learner, milestone }).await?;
            self.record.put(&name, Vec::new()).await?;
        }
        Ok(())
    }
    // ANCHOR_END: send_due
}
