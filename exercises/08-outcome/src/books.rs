//! Where the wallet keeps what is durable.
//!
//! The store itself is lab 3's subject, so it is only a trait here. What the wallet needs from it is one
//! promise: what is committed together is durable together.

use crate::message::{Command, Key, Receipt, Refusal};
use domain::LearnerId;
use std::future::Future;
use thiserror::Error;

/// A durable store of credits, and of what became of commands.
///
/// It does what it is asked in the order in which it was asked, one thing at a time. So what is asked
/// after a commit was handed in is answered as of after it, even if whoever handed it in has left.
pub trait Books: Send + Sync + 'static {
    /// What is remembered under `key`.
    ///
    /// # Errors
    /// When the store fails.
    fn remembered(
        &self,
        key: Key,
    ) -> impl Future<Output = Result<Option<Remembered>, BooksError>> + Send;

    /// How many credits a learner has.
    ///
    /// # Errors
    /// When the store fails.
    fn balance(&self, learner: LearnerId) -> impl Future<Output = Result<u64, BooksError>> + Send;

    /// Makes all of these durable in one step, or none of them.
    ///
    /// # Errors
    /// When the store fails. Then all of it may have become durable, or none of it; what is asked
    /// afterwards tells.
    ///
    /// # Cancellation
    /// Dropped after its first poll, it is carried out all the same.
    fn commit(&self, entries: Vec<Entry>) -> impl Future<Output = Result<(), BooksError>> + Send;
}

/// What became of a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Remembered {
    /// The command that the key belongs to.
    pub command: Command,
    /// Its receipt, or why it will never have one.
    pub verdict: Result<Receipt, Refusal>,
}

/// One line in the books.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Entry {
    /// A learner's credits change.
    Change {
        /// Whose.
        learner: LearnerId,
        /// By how many.
        credits: i64,
    },
    /// From now on this is remembered under the key.
    Remember {
        /// The key.
        key: Key,
        /// What became of its command.
        remembered: Remembered,
    },
}

/// The store failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the books failed")]
pub struct BooksError;
