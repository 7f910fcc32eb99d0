//! Certificates.

use crate::dashboard::Dashboard;
use domain::{LearnerId, LessonId, LessonKey};
pub use ours::certificates::{Certificate, Facts, FactsError};

/// The office.
#[derive(Clone, Debug)]
pub struct Certificates<F, L> {
    facts: F,
    dashboard: Dashboard<L>,
}

impl<F: Facts, L> Certificates<F, L> {
    /// An office.
    pub fn new(facts: F, dashboard: Dashboard<L>) -> Self {
        Self { facts, dashboard }
    }

    /// What the page shows.
    pub fn dashboard(&self) -> &Dashboard<L> {
        &self.dashboard
    }

    /// Asks the authority.
    ///
    /// # Errors
    /// [`FactsError`].
    pub async fn certify(
        &self,
        learner: LearnerId,
        lessons: &[LessonId],
    ) -> Result<Certificate, FactsError> {
        let key = |lesson: &LessonId| LessonKey::new(learner.0, lesson.0);
        let keys: Vec<LessonKey> = lessons.iter().map(key).collect();
        let all = self.facts.progress(&keys).await?;
        let missing = all.iter().filter(|p| !p.is_some_and(|p| p.completed));
        Ok(match missing.count() {
            0 => Certificate::Granted,
            count => Certificate::Missing(count),
        })
    }
}
