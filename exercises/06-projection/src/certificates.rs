//! A command, next to a view that seems to know its answer.

use crate::dashboard::Dashboard;
use domain::{LearnerId, LessonId, LessonKey, Progress};
use std::future::Future;
use thiserror::Error;

// ANCHOR: facts
/// The way to the authority.
pub trait Facts: Send + Sync {
    /// A learner's progress in each of some lessons, in the order of `keys`; `None` if not begun.
    ///
    /// # Errors
    /// [`FactsError`].
    fn progress(
        &self,
        keys: &[LessonKey],
    ) -> impl Future<Output = Result<Vec<Option<Progress>>, FactsError>> + Send;
}

/// The authority gave no answer.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the authority gave no answer")]
pub struct FactsError;

/// The result of asking for a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Certificate {
    /// The learner gets it.
    Granted,
    /// This many lessons are not completed yet.
    Missing(usize),
}
// ANCHOR_END: facts

/// Gives certificates to learners who have completed a course.
#[derive(Clone, Debug)]
pub struct Certificates<F, L> {
    facts: F,
    /// For the page that shows the count next to the button.
    dashboard: Dashboard<L>,
}

impl<F: Facts, L> Certificates<F, L> {
    /// An office that can ask the authority, and shows the dashboard.
    pub fn new(facts: F, dashboard: Dashboard<L>) -> Self {
        Self { facts, dashboard }
    }

    /// What the page shows.
    pub fn dashboard(&self) -> &Dashboard<L> {
        &self.dashboard
    }

    /// Grants a certificate for a course of `lessons`, if `learner` has completed each of them;
    /// otherwise returns how many are missing. The authority alone decides it, and is asked once; the
    /// dashboard is not asked.
    ///
    /// # Errors
    /// [`FactsError`] when the authority gives no answer; nothing was granted.
    ///
    /// Judged by `a_certificate_is_decided_by_the_authority` and `nothing_is_granted_without_the_authority`.
    pub async fn certify(
        &self,
        learner: LearnerId,
        lessons: &[LessonId],
    ) -> Result<Certificate, FactsError> {
        let _ = (&self.facts, learner, lessons);
        todo!("Ask the authority, once, and count what is missing.")
    }
}
