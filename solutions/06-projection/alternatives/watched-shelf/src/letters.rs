//! Letters, with one record per learner.

use crate::plan::Subject;
use crate::store::Store;
use crate::view::View;
use domain::LearnerId;
pub use ours::letters::{LetterId, LettersError, Mail, MailError};

/// The worker.
#[derive(Clone, Debug)]
pub struct Letters<S, M> {
    record: S,
    mail: M,
    milestone: u64,
}

impl<S: Store, M: Mail> Letters<S, M> {
    /// A worker.
    pub fn new(record: S, mail: M, milestone: u64) -> Self {
        Self {
            record,
            mail,
            milestone,
        }
    }

    /// Sends what is due, the learner with the highest number first.
    ///
    /// # Errors
    /// [`LettersError`].
    pub async fn send_due(&self, view: &View) -> Result<(), LettersError> {
        for (subject, row) in view.rows().into_iter().rev() {
            if let Subject::Learner(learner) = subject
                && row.completed >= self.milestone
            {
                self.send_once(learner).await?;
            }
        }
        Ok(())
    }

    async fn send_once(&self, learner: LearnerId) -> Result<(), LettersError> {
        let name = format!("m{}l{}", self.milestone, learner.0);
        let recorded = self.record.get(&name).await?;
        if recorded.is_none() {
            let milestone = self.milestone;
            self.mail.send(LetterId { learner, milestone }).await?;
            self.record.put(&name, b"sent".to_vec()).await?;
        }
        Ok(())
    }
}
