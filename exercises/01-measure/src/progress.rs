//! What the platform says over the connection: where learners stand in their lessons.
//!
//! The same question can be asked in two shapes. A page that shows a hundred lessons can ask a
//! hundred times, or once for a hundred. Both give the same answers, and no test that looks only at
//! answers can tell them apart: what differs is how often the boundary is crossed, and that is what
//! the reader of this code pays for.

use crate::client::{CallError, Client};
use crate::server::{Handler, HandlerError};
use bytes::Bytes;
use domain::{LessonKey, Progress};
use serde::de::DeserializeOwned;

/// What is asked, as postcard on the wire.
pub type Question = Vec<LessonKey>;

/// What comes back, as postcard on the wire: an answer for each key, in the keys' order.
pub type Answer = Vec<Option<Progress>>;

/// How many keys one question may hold. It bounds what a single request can make the server do and
/// hold, and keeps the answer well within a frame: some 20 KiB of at most 1 MiB.
pub const MAX_BATCH_KEYS: usize = 1024;

/// Where progress can be read.
pub trait ProgressSource: Send + Sync + 'static {
    /// The progress under `key`; `None` if the learner has not begun the lesson.
    fn read(&self, key: LessonKey) -> Option<Progress>;
}

/// Asks for progress over a [`Client`].
#[derive(Clone, Debug)]
pub struct ProgressClient {
    client: Client,
}

impl ProgressClient {
    /// Asks over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Where one learner stands in one lesson. One crossing.
    ///
    /// # Errors
    /// As [`Client::call`]; also [`CallError::Malformed`] when what comes back does not answer
    /// this question.
    pub async fn progress(&self, key: LessonKey) -> Result<Option<Progress>, CallError> {
        let mut answers = self.ask(&[key]).await?;
        answers.pop().ok_or(CallError::Malformed)
    }

    /// Where learners stand in many lessons: one answer for each key, in the keys' order. A key that
    /// stands in `keys` twice is answered twice.
    ///
    /// Up to [`MAX_BATCH_KEYS`] keys are one crossing, and more of them no more crossings than they
    /// need. No keys are no crossing.
    ///
    /// # Errors
    /// As [`progress`](Self::progress). If a part of the keys has no answer, then none has.
    ///
    /// Judged by `batch::a_hundred_keys_are_one_crossing` and
    /// `batch::a_batch_crosses_no_more_often_than_its_bound_demands`.
    pub async fn progress_many(&self, keys: &[LessonKey]) -> Result<Answer, CallError> {
        let _ = keys;
        todo!(
            "Ask for all keys in as few crossings as hold them, and keep the answers in their order."
        )
    }

    /// One question of at most [`MAX_BATCH_KEYS`] keys, and an answer that has been checked against it: as
    /// many entries as keys, and each that is there about its own key. One call, whatever comes back.
    ///
    /// # Errors
    /// As [`Client::call`]; [`CallError::Malformed`] when what comes back does not answer the question.
    ///
    /// Judged by the tests in `batch`, and for that check by
    /// `batch::an_answer_that_does_not_fit_its_question_is_malformed`.
    async fn ask(&self, keys: &[LessonKey]) -> Result<Answer, CallError> {
        let _ = (&self.client, keys);
        todo!("Ask: make the keys one request, and check what comes back against them.")
    }
}

/// Answers a [`ProgressClient`] from a [`ProgressSource`].
#[derive(Clone, Debug)]
pub struct ProgressService<S> {
    source: S,
}

impl<S: ProgressSource> ProgressService<S> {
    /// Answers from `source`.
    pub fn new(source: S) -> Self {
        Self { source }
    }
}

impl<S: ProgressSource> Handler for ProgressService<S> {
    /// Answers a [`Question`] with an [`Answer`].
    ///
    /// A request that is no such list, or is longer than [`MAX_BATCH_KEYS`], is refused before the
    /// source is asked for any of it. Otherwise it is asked once for each key.
    ///
    /// Judged by `batch::a_request_that_is_no_question_is_refused_unread` and the other tests in
    /// `batch`.
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        let _ = (&self.source, whole::<Question>(&request));
        todo!("Answer a question: refuse what is none, then ask the source once for each key.")
    }
}

/// The value that these bytes are, all of them: postcard by itself ignores what comes after.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}
