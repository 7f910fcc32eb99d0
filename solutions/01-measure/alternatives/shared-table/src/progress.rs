//! Parts of a batch side by side, and an answer checked against its question key by key.

use crate::client::{CallError, Client};
use crate::server::{Handler, HandlerError};
use bytes::Bytes;
use domain::{LessonKey, Progress};
use futures_util::future::try_join_all;

pub use ours::progress::{Answer, MAX_BATCH_KEYS, ProgressSource, Question};

/// Asks for progress over a [`Client`].
#[derive(Clone, Debug)]
pub struct ProgressClient(Client);

impl ProgressClient {
    /// Asks over `client`.
    pub fn new(client: Client) -> Self {
        Self(client)
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
        let parts = keys.chunks(MAX_BATCH_KEYS).map(async |part| {
            let question = postcard::to_stdvec(&part.to_vec()).map_err(|_| CallError::Malformed)?;
            let reply = self.0.call(question.into()).await?;
            let (answer, rest): (Answer, _) =
                postcard::take_from_bytes(&reply).map_err(|_| CallError::Malformed)?;
            if !rest.is_empty() {
                return Err(CallError::Malformed);
            }
            if answer.len() != part.len() {
                return Err(CallError::Malformed);
            }
            for (key, progress) in part.iter().zip(&answer) {
                if progress.is_some_and(|progress| progress.key != *key) {
                    return Err(CallError::Malformed);
                }
            }
            Ok(answer)
        });
        Ok(try_join_all(parts).await?.concat())
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
        let keys = match postcard::take_from_bytes::<Question>(&request) {
            Ok((keys, [])) if keys.len() <= MAX_BATCH_KEYS => keys,
            _ => return Err(HandlerError("no question".to_owned())),
        };
        let mut answer = Answer::new();
        for key in keys {
            answer.push(self.0.read(key));
        }
        postcard::to_stdvec(&answer)
            .map(Bytes::from)
            .map_err(|error| HandlerError(error.to_string()))
    }
}
