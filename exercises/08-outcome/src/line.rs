//! Lab 1's connection, opened again when it has ended.
//!
//! A connection of lab 1 that has ended stays ended, and says so to each further call. Whoever tries
//! again needs another one. Who opens it, when, and how often, has to be decided once for all callers: a
//! server that restarts has a thousand of them.

use crate::caller::Transport;
use bytes::Bytes;
use measure::client::{CallError, Client};
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// Opens connections.
pub trait Connect: Send + Sync + 'static {
    /// Opens one.
    ///
    /// # Errors
    /// When the other side cannot be reached.
    fn connect(&self) -> impl Future<Output = io::Result<Client>> + Send;
}

/// A connection that all callers share, and that is replaced when it has ended.
#[derive(Debug)]
pub struct Line<C> {
    connect: C,
    /// The connection in use, or the place for it. Never locked across an `.await`.
    current: Mutex<Place>,
}

/// Where a connection is, once somebody has opened it. All who come meanwhile wait for that one opening,
/// and if whoever opens it leaves, the next one goes on.
type Place = Arc<OnceCell<Client>>;

impl<C: Connect> Line<C> {
    /// A line that opens its first connection when it is first used.
    pub fn new(connect: C) -> Self {
        Self {
            connect,
            current: Mutex::default(),
        }
    }

    fn current(&self) -> MutexGuard<'_, Place> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a connection that has ended, unless another one has taken its place: those who lost the same
    /// connection learn of it one after the other.
    ///
    /// Judged in hardening by `lines::a_late_loss_leaves_the_new_connection_alone`.
    fn ended(&self, place: &Place) {
        let _ = (self.current(), place);
        todo!("Forget the connection, if it is still the one in use.")
    }
}

impl<C: Connect> Transport for Line<C> {
    /// Sends a request over the connection in use, once. It does not try again.
    ///
    /// - All callers share one connection. It is opened when it is needed and there is none.
    /// - A connection that has ended is not used again: the next request has another one opened.
    /// - A call that has no answer for another reason, or whose caller has left, ends no connection.
    ///
    /// # Errors
    /// [`CallError::NotSent`] when no connection can be opened; else what the connection says.
    ///
    /// Judged by the tests in `connection`, and in hardening by those in `lines`.
    async fn send(&self, request: Bytes) -> Result<Bytes, CallError> {
        let _ = (request, &self.connect, C::connect, Self::ended);
        todo!("Send the request over the connection in use, and notice if that has ended.")
    }
}
