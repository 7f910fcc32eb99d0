//! Connections that are known by their numbers.

use bytes::Bytes;
use measure::client::{CallError, Client};
use ours::caller::Transport;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

pub use ours::line::Connect;

/// A connection that all callers share.
#[derive(Debug)]
pub struct Line<C> {
    connect: C,
    /// The newest connection, and its number. Held while one is being opened, so that the others wait.
    newest: Mutex<(u64, Option<Client>)>,
    /// The highest number of a connection that is known to have ended.
    ended: AtomicU64,
}

impl<C: Connect> Line<C> {
    /// A line that opens its first connection when it is first used.
    pub fn new(connect: C) -> Self {
        Self {
            connect,
            newest: Mutex::new((0, None)),
            ended: AtomicU64::new(0),
        }
    }

    async fn usable(&self) -> Result<(u64, Client), CallError> {
        let mut newest = self.newest.lock().await;
        if let (number, Some(client)) = &*newest
            && *number > self.ended.load(Ordering::Acquire)
        {
            return Ok((*number, client.clone()));
        }
        let opened = self.connect.connect().await;
        let client = opened.map_err(|_| CallError::NotSent)?;
        *newest = (newest.0 + 1, Some(client.clone()));
        Ok((newest.0, client))
    }
}

impl<C: Connect> Transport for Line<C> {
    async fn send(&self, request: Bytes) -> Result<Bytes, CallError> {
        let (number, client) = self.usable().await?;
        let answer = client.call(request).await;
        if let Err(CallError::NotSent | CallError::Unknown) = &answer {
            self.ended.fetch_max(number, Ordering::AcqRel);
        }
        answer
    }
}
