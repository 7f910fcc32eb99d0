//! What else commits in the transaction that makes a fact.
//!
//! A fact and the news of it must become durable together, or a crash between the two loses one of them.
//! So lab 3's store calls an [`Alongside`] inside its own transaction, and lab 5's outbox is one.
//! Neither lab knows the other: both know this trait, and the program that assembles them opens the
//! database and passes it to both.
//!
//! What shares a transaction shares its fate. An implementation that fails makes the commit fail, and
//! one that is slow makes every write slow. So it adds rows and does nothing else: no call, no wait, no
//! lock that is held for long.

use domain::Progress;
use redb::WriteTransaction;
use std::fmt;

/// What commits together with facts.
pub trait Alongside: fmt::Debug + Send + 'static {
    /// The names of the tables that it keeps in the authority's database. The authority refuses a
    /// database with any other table that is not its own, so a store with an outbox is never opened
    /// without one: its facts would commit, and no consumer would hear of them.
    fn tables(&self) -> &[&str];

    /// Adds rows to the transaction that is about to make `facts` durable, in the order in which they
    /// were decided. Called once for each transaction in which there is a new fact, and for no other.
    ///
    /// # Errors
    /// The engine's error. The transaction must then not be committed.
    fn commit(
        &mut self,
        transaction: &WriteTransaction,
        facts: &[Progress],
    ) -> Result<(), redb::Error>;
}

/// Nothing commits alongside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Alongside for Nothing {
    fn tables(&self) -> &[&str] {
        &[]
    }

    fn commit(&mut self, _: &WriteTransaction, _: &[Progress]) -> Result<(), redb::Error> {
        Ok(())
    }
}
