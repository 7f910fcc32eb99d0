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
        let mut keys = Vec::with_capacity(lessons.len());
        keys.extend(lessons.iter().map(|&lesson| LessonKey { learner, lesson }));
        let mut missing = keys.len();
        for progress in self.facts.progress(&keys).await?.into_iter().flatten() {
            missing -= usize::from(progress.completed);
        }
        if missing > 0 {
            return Ok(Certificate::Missing(missing));
        }
        Ok(Certificate::Granted)
    }
}
