//! A call as a small machine: it is told how a try ended, and says what comes next.

use crate::backoff::{Backoff, Jitter};
use crate::knowledge::{self, Ended, Known, Outcome};
use bytes::Bytes;
use ours::deadline::Deadline;
use ours::message::{self, Command, Key, Request};
use std::time::Duration;
use tokio::time::{sleep, timeout};

pub use ours::caller::Transport;

/// How often, and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most tries of one call.
    pub tries: u32,
    /// How long one try is waited for.
    pub try_timeout: Duration,
    /// How long to wait between tries.
    pub backoff: Backoff,
}

/// Calls the wallet.
#[derive(Debug)]
pub struct Caller<R> {
    transport: R,
    settings: Settings,
    jitter: Jitter,
}

/// What comes next in a call.
enum Next {
    Try { limit: Duration },
    Wait(Duration),
    End,
}

/// Where a call is.
struct Progress {
    settings: Settings,
    deadline: Deadline,
    tried: u32,
    known: Known,
    waited: bool,
}

impl Progress {
    fn next(&self, jitter: &Jitter) -> Next {
        let Some(left) = self.deadline.left() else {
            return Next::End;
        };
        if self.known.is_settled() || self.tried >= self.settings.tries {
            return Next::End;
        }
        if self.tried == 0 || self.waited {
            let limit = self.settings.try_timeout.min(left);
            return Next::Try { limit };
        }
        match self.settings.backoff.wait(self.tried, jitter.next()) {
            wait if wait < left => Next::Wait(wait),
            _ => Next::End,
        }
    }

    fn tried(&mut self, key: Key, ended: &Ended) {
        self.tried += 1;
        self.waited = false;
        self.known = self.known.and(knowledge::told(key, ended));
    }
}

impl<R: Transport> Caller<R> {
    /// Calls over `transport`.
    pub fn new(transport: R, settings: Settings, seed: u64) -> Self {
        Self {
            transport,
            settings,
            jitter: Jitter::seeded(seed),
        }
    }

    /// Has `command` carried out once, and says what is known at the end.
    pub async fn call(&self, key: Key, command: Command, deadline: Deadline) -> Outcome {
        let mut progress = Progress {
            settings: self.settings,
            deadline,
            tried: 0,
            known: Known::default(),
            waited: false,
        };
        loop {
            match progress.next(&self.jitter) {
                Next::Try { limit } => {
                    let request = request(key, command, deadline);
                    let ended = self.send(request, limit).await;
                    progress.tried(key, &ended);
                }
                Next::Wait(wait) => {
                    sleep(wait).await;
                    progress.waited = true;
                }
                Next::End => return progress.known.outcome(),
            }
        }
    }

    async fn send(&self, request: Bytes, limit: Duration) -> Ended {
        let reply = timeout(limit, self.transport.send(request)).await;
        reply.map_or(Ended::TimedOut, |reply| {
            reply.map_or_else(Ended::Broke, Ended::Replied)
        })
    }
}

fn request(key: Key, command: Command, deadline: Deadline) -> Bytes {
    message::to_bytes(&Request {
        key,
        left_ms: deadline.left_ms(),
        command,
    })
}
