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

    // ANCHOR: one
    /// Where one learner stands in one lesson. One crossing.
    ///
    /// # Errors
    /// As [`Client::call`]; also [`CallError::Malformed`] when what comes back does not answer
    /// this question.
    pub async fn progress(&self, key: LessonKey) -> Result<Option<Progress>, CallError> {
        let mut answers = self.ask(&[key]).await?;
        answers.pop().ok_or(CallError::Malformed)
    }
    // ANCHOR_END: one

    // ANCHOR: many
    /// Where learners stand in many lessons: one answer for each key, in the keys' order. A key that
    /// stands in `keys` twice is answered twice.
    ///
    /// Up to [`MAX_BATCH_KEYS`] keys are one crossing, and more of them no more crossings than they
    /// need. No keys are no crossing.
    ///
    /// # Errors
    /// As [`progress`](Self::progress). If a part of the keys has no answer, then none has.
    pub async fn progress_many(&self, keys: &[LessonKey]) -> Result<Answer, CallError> {
        let mut answers = Vec::with_capacity(keys.len());
        for part in keys.chunks(MAX_BATCH_KEYS) {
            answers.extend(self.ask(part).await?);
        }
        Ok(answers)
    }
    // ANCHOR_END: many

    // ANCHOR: ask
    /// One question of at most [`MAX_BATCH_KEYS`] keys, and an answer that has been checked against it.
    ///
    /// The wire has one shape only, a list: a single key is a batch of one. A second message for the
    /// single key would save its length byte, and need its own tests for ever.
    async fn ask(&self, keys: &[LessonKey]) -> Result<Answer, CallError> {
        let question = postcard::to_stdvec(keys).map_err(|_| CallError::Malformed)?;
        let answer = self.client.call(question.into()).await?;
        let answers: Answer = whole(&answer).ok_or(CallError::Malformed)?;
        let fits = answers.len() == keys.len()
            && std::iter::zip(keys, &answers)
                .all(|(key, answer)| answer.is_none_or(|progress| progress.key == *key));
        if fits {
            Ok(answers)
        } else {
            Err(CallError::Malformed)
        }
    }
    // ANCHOR_END: ask
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
    // ANCHOR: handle
    /// Answers a list of keys with a list of what is under them.
    ///
    /// A request that is no such list, or is longer than [`MAX_BATCH_KEYS`], is refused before the
    /// source is asked for any of it.
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        let keys: Question =
            whole(&request).ok_or_else(|| HandlerError("not a list of keys".to_owned()))?;
        if keys.len() > MAX_BATCH_KEYS {
            return Err(HandlerError(format!("{} keys in one batch", keys.len())));
        }
        let answers: Answer = keys.into_iter().map(|key| self.source.read(key)).collect();
        let answer =
            postcard::to_stdvec(&answers).map_err(|error| HandlerError(error.to_string()))?;
        Ok(answer.into())
    }
    // ANCHOR_END: handle
}

/// The value that these bytes are, all of them: postcard by itself ignores what comes after.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}
