//! A small place for bytes under names.

use std::future::Future;
use thiserror::Error;

// ANCHOR: store
/// Keeps bytes under names, through crashes. One `put` is atomic and durable: when it has returned, the
/// bytes are there; after a crash in the middle, either they are there or the old ones. Two puts are not
/// atomic together.
pub trait Store: Send + Sync {
    /// Puts `bytes` under `name`, replacing what was there.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The bytes under `name`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Removes the bytes under `name`, if there are any.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn delete(&self, name: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// All names.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn names(&self) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;
}

/// Why the store failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum StoreError {
    /// No room. Nothing has changed.
    #[error("no space left")]
    Full,
    /// No answer. The change may have happened.
    #[error("the store gave no answer")]
    Unavailable,
}
// ANCHOR_END: store
