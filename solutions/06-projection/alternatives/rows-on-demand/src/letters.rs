//! Letters, looked up at once.

use crate::plan::Subject;
use crate::store::Store;
use crate::view::View;
use domain::LearnerId;
pub use ours::letters::{LetterId, LettersError, Mail, MailError};
use std::collections::HashSet;

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

    /// Sends what is due.
    ///
    /// # Errors
    /// [`LettersError`].
    pub async fn send_due(&self, view: &View) -> Result<(), LettersError> {
        let sent: HashSet<String> = self.record.names().await?.into_iter().collect();
        let due = view
            .rows()
            .into_iter()
            .filter_map(|(subject, row)| match subject {
                Subject::Learner(learner) if row.completed >= self.milestone => Some(learner),
                _ => None,
            });
        for learner in due.filter(|learner| !sent.contains(&self.name(*learner))) {
            let milestone = self.milestone;
            self.mail.send(LetterId { learner, milestone }).await?;
            self.record.put(&self.name(learner), vec![1]).await?;
        }
        Ok(())
    }

    fn name(&self, learner: LearnerId) -> String {
        format!("{}/{}", self.milestone, learner.0)
    }
}
