//! Where the truth is read.
//!
//! A cache knows nothing of how: the authority may be a function, a process or a continent away.

use domain::{LessonKey, Progress};
use std::future::Future;
use thiserror::Error;

// ANCHOR: source
/// The way to the authority.
pub trait Source: Send + Sync + 'static {
    /// Asks the authority where a learner stands; `None` if the lesson was not begun.
    ///
    /// The answer is what the authority held at *some* moment between the call and its end, and
    /// nobody on this side knows at which. Versions never fall at the authority: of two loads, one of
    /// which began after the other had ended, the later never brings a lower version.
    ///
    /// Dropping the future gives up the load.
    fn load(
        &self,
        key: LessonKey,
    ) -> impl Future<Output = Result<Option<Progress>, SourceError>> + Send;
}

/// The authority gave no answer. The source logs the reason: it makes no difference to a cache.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the authority gave no answer")]
pub struct SourceError;
// ANCHOR_END: source
