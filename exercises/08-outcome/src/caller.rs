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

    /// Has `command` carried out once, and says what is known at the end.
    ///
    /// - What settled the call is not tried again. Everything else is, up to `tries` times in all, with a
    ///   wait after each try but the last.
    /// - It returns by `deadline`, and begins no try when nothing is left. A wait that does not end before
    ///   the deadline is not begun: what is known is said at once.
    /// - When its future is dropped, its tries end.
    ///
    /// Judged by the tests in `tries`, first by
    /// `tries::what_is_not_known_is_tried_again_with_the_same_key`.
    pub async fn call(&self, key: Key, command: Command, deadline: Deadline) -> Outcome {
        let _ = (&self.settings, &self.jitter, knowledge::known);
        let _ = (key, command, deadline, Self::try_once);
        todo!("Try until it is known, the tries are used up, or the time is; wait in between.")
    }

    /// Sends the request once; `None` if no time was left for it.
    ///
    /// - The request has the key, and what is left of the *call*: when a try is given up, the wish is not.
    /// - It is given up after `try_timeout`, or at the deadline if that is sooner. Both are [`Ended::TimedOut`].
    ///
    /// Judged by `tries::a_try_has_a_limit_of_its_own` and
    /// `tries::each_try_carries_what_is_left_of_the_call`.
    async fn try_once(&self, key: Key, command: Command, deadline: Deadline) -> Option<Told> {
        let _ = (key, command, deadline, &self.transport);
        let _ = (message::to_bytes::<Request>, Ended::Replied);
        todo!("Send the request within the limits of a try, and say what that told.")
    }
}
