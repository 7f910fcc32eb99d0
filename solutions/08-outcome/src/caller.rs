//! Tries, within a deadline.
//!
//! A try costs the other side work, and the caller's time. So each has its own limit, there is a last
//! one, and none begins that could not end in time. Who has no more time says what is known by then.
//!
//! All of it happens in the future that the caller holds. Nothing is spawned: when the caller leaves,
//! its tries end with it. A retry that outlives the wish for it is how a request with a total time of
//! five seconds was tried for five hours.

use crate::backoff::{Backoff, Jitter};
use crate::deadline::Deadline;
use crate::knowledge::{self, Ended, Outcome, Told};
use crate::message::{self, Command, Key, Request};
use bytes::Bytes;
use measure::client::{CallError, Client};
use std::future::Future;
use std::time::Duration;

/// Where a request is sent, once.
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and waits for its reply, without a time limit: a caller that has one drops the
    /// future. What has been sent by then may arrive all the same.
    ///
    /// # Errors
    /// What lab 1 knows about a call without an answer.
    fn send(&self, request: Bytes) -> impl Future<Output = Result<Bytes, CallError>> + Send;
}

impl Transport for Client {
    fn send(&self, request: Bytes) -> impl Future<Output = Result<Bytes, CallError>> + Send {
        self.call(request)
    }
}

/// How often, and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most tries of one call; at least 1.
    pub tries: u32,
    /// How long one try is waited for.
    pub try_timeout: Duration,
    /// How long to wait between tries.
    pub backoff: Backoff,
}

impl Default for Settings {
    /// Four tries of a quarter of a second, which fit in a deadline of two seconds with their waits.
    fn default() -> Self {
        Self {
            tries: 4,
            try_timeout: Duration::from_millis(250),
            backoff: Backoff {
                base: Duration::from_millis(100),
                cap: Duration::from_secs(1),
            },
        }
    }
}

/// Calls the wallet.
#[derive(Debug)]
pub struct Caller<R> {
    transport: R,
    settings: Settings,
    jitter: Jitter,
}

impl<R: Transport> Caller<R> {
    /// Calls over `transport`. Each caller has its own `seed`, so that they do not all come back together.
    pub fn new(transport: R, settings: Settings, seed: u64) -> Self {
        Self {
            transport,
            settings,
            jitter: Jitter::seeded(seed),
        }
    }

    // ANCHOR: call
    /// Has `command` carried out once, and says what is known at the end.
    ///
    /// `key` belongs to the wish. To find out about an [`Outcome::Unknown`], call again with the same key
    /// and the same command.
    pub async fn call(&self, key: Key, command: Command, deadline: Deadline) -> Outcome {
        let mut tries = Vec::new();
        for number in 1..=self.settings.tries {
            let Some(told) = self.try_once(key, command, deadline).await else {
                break;
            };
            tries.push(told);
            if matches!(told, Told::Done(_) | Told::Refused(_)) {
                break;
            }
            let wait = self.settings.backoff.wait(number, self.jitter.next());
            // What would be learnt after the deadline is of no use: better to say now what is known.
            if number == self.settings.tries || deadline.left().is_none_or(|left| left <= wait) {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        knowledge::known(&tries)
    }
    // ANCHOR_END: call

    // ANCHOR: try_once
    /// Sends the request once; `None` if no time was left for it.
    ///
    /// It carries what is left of the call, and not of this try: when the try is given up, the wish is
    /// not. A server that stopped at the try's limit would skip what the next try asks for again.
    async fn try_once(&self, key: Key, command: Command, deadline: Deadline) -> Option<Told> {
        let left = deadline.left()?;
        let request = message::to_bytes(&Request {
            key,
            left_ms: deadline.left_ms(),
            command,
        });
        let patience = Deadline::within(self.settings.try_timeout.min(left));
        let ended = match patience.run(self.transport.send(request)).await {
            Some(Ok(reply)) => Ended::Replied(reply),
            Some(Err(error)) => Ended::Broke(error),
            None => Ended::TimedOut,
        };
        Some(knowledge::told(key, &ended))
    }
    // ANCHOR_END: try_once
}
