//! One part after the other, each checked against its keys.

use crate::client::{CallError, Client};
use crate::server::{Handler, HandlerError};
use bytes::Bytes;
use domain::{LessonKey, Progress};

pub use ours::progress::{Answer, MAX_BATCH_KEYS, ProgressSource, Question};

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

    /// Where one learner stands in one lesson.
    ///
    /// # Errors
    /// As the lab says.
    pub async fn progress(&self, key: LessonKey) -> Result<Option<Progress>, CallError> {
        Ok(self.progress_many(&[key]).await?[0])
    }

    /// Where learners stand in many lessons.
    ///
    /// # Errors
    /// As the lab says.
    pub async fn progress_many(&self, keys: &[LessonKey]) -> Result<Answer, CallError> {
        let mut all = Answer::new();
        let mut rest = keys;
        while !rest.is_empty() {
            let (part, later) = rest.split_at(rest.len().min(MAX_BATCH_KEYS));
            rest = later;
            let question = postcard::to_stdvec(part).map_err(|_| CallError::Malformed)?;
            let reply = self.client.call(Bytes::from(question)).await?;
            let Ok((answer, [])) = postcard::take_from_bytes::<Answer>(&reply) else {
                return Err(CallError::Malformed);
            };
            let mut about = answer
                .iter()
                .map(|progress| progress.map(|progress| progress.key));
            let misfit = |key: &LessonKey| !matches!(about.next(), Some(it) if it.is_none_or(|it| it == *key));
            if answer.len() != part.len() || part.iter().any(misfit) {
                return Err(CallError::Malformed);
            }
            all.extend(answer);
        }
        Ok(all)
    }
}

/// Answers a [`ProgressClient`] from a [`ProgressSource`].
#[derive(Clone, Debug)]
pub struct ProgressService<S>(S);

impl<S: ProgressSource> ProgressService<S> {
    /// Answers from `source`.
    pub fn new(source: S) -> Self {
        Self(source)
    }
}

impl<S: ProgressSource> Handler for ProgressService<S> {
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        let refused = || HandlerError("no question".to_owned());
        let (keys, rest): (Question, _) =
            postcard::take_from_bytes(&request).map_err(|_| refused())?;
        if keys.len() > MAX_BATCH_KEYS || !rest.is_empty() {
            return Err(refused());
        }
        let answer: Answer = keys.iter().map(|key| self.0.read(*key)).collect();
        Ok(postcard::to_stdvec(&answer).map_err(|_| refused())?.into())
    }
}
