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

    // ANCHOR: ended
    /// Forgets a connection that has ended, unless another one has taken its place.
    ///
    /// Those who lost the same connection learn of it one after the other. Without the comparison the
    /// last of them would take away the new connection that the first has opened.
    fn ended(&self, place: &Place) {
        let mut current = self.current();
        if Arc::ptr_eq(&current, place) {
            *current = Place::default();
        }
    }
    // ANCHOR_END: ended
}

impl<C: Connect> Transport for Line<C> {
    // ANCHOR: send
    /// Sends a request over the connection in use, once.
    ///
    /// It does not try again, not even after [`CallError::NotSent`]: there is one place that decides
    /// about tries and counts them, and that is the caller.
    async fn send(&self, request: Bytes) -> Result<Bytes, CallError> {
        let place = Arc::clone(&self.current());
        let opened = place.get_or_try_init(|| self.connect.connect()).await;
        // Nothing has been sent to anybody yet.
        let client = opened.map_err(|_| CallError::NotSent)?;
        let ended = client.call(request).await;
        if let Err(CallError::NotSent | CallError::Unknown) = ended {
            self.ended(&place);
        }
        ended
    }
    // ANCHOR_END: send
}
