//! A small place for bytes under names.

use std::future::Future;
use thiserror::Error;

// ANCHOR: store
/// Keeps bytes under names, through crashes. One `put` is atomic and durable: once it has returned, the
/// bytes are there; after a crash in the middle, either they are or what stood there before. Nothing
/// holds two puts together.
pub trait Store: Send + Sync {
    /// Puts `bytes` under `name`, in place of what stood there.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What stands under `name`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Removes what stands under `name`, if anything does.
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

/// Why the store did not do what it was asked.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum StoreError {
    /// No room. Nothing has changed.
    #[error("no space left")]
    Full,
    /// No answer. It may have happened.
    #[error("the store gave no answer")]
    Unavailable,
}
// ANCHOR_END: store
