//! A transport on which each try has the fate that the test has written down for it.

use super::reply;
use bytes::Bytes;
use measure::client::CallError;
use outcome::caller::Transport;
use outcome::message::{Answer, Key, Request, from_bytes};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use testbed::note;
use tokio::time::Instant;

/// What becomes of one try.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is answered after some time.
    Answered(Duration, Answer),
    /// A reply to another call arrives.
    Crossed(Key, Answer),
    /// Lab 1's connection has no answer, and says so at once.
    Breaks(CallError),
    /// Nothing comes back.
    Silence,
}

/// One try, as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// When, from the start of the transport.
    pub at: Duration,
    /// What.
    pub request: Request,
}

/// The transport. Clones are the same one.
#[derive(Clone, Debug)]
pub struct TestTransport(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    began: Instant,
    fates: Vec<Fate>,
    sent: Vec<Sent>,
}

impl TestTransport {
    /// A transport with these fates, in order; the last of them is that of all further tries.
    pub fn with(fates: impl Into<Vec<Fate>>) -> Self {
        Self(Arc::new(Mutex::new(State {
            began: Instant::now(),
            fates: fates.into(),
            sent: Vec::new(),
        })))
    }

    /// The tries so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    /// When the tries so far were sent, in milliseconds.
    pub fn times_ms(&self) -> Vec<u128> {
        let sent = self.sent();
        sent.iter().map(|sent| sent.at.as_millis()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("the transport")
    }
}

impl Transport for TestTransport {
    async fn send(&self, request: Bytes) -> Result<Bytes, CallError> {
        let request: Request = from_bytes(&request).expect("the caller sends a `Request`");
        let (fate, number, at) = {
            let mut state = self.state();
            let at = state.began.elapsed();
            state.sent.push(Sent { at, request });
            let number = state.sent.len();
            let last = state.fates.len() - 1;
            (state.fates[last.min(number - 1)].clone(), number, at)
        };
        note(format!(
            "at {} ms: try {number} is sent, with key {} and {} ms left",
            at.as_millis(),
            request.key.0,
            request.left_ms
        ));
        match fate {
            Fate::Answered(after, answer) => {
                tokio::time::sleep(after).await;
                note(format!("try {number} is answered: {answer:?}"));
                Ok(reply(request.key, answer))
            }
            Fate::Crossed(key, answer) => {
                note(format!("a reply with key {} arrives: {answer:?}", key.0));
                Ok(reply(key, answer))
            }
            Fate::Breaks(error) => {
                note(format!("try {number} ends: {error}"));
                Err(error)
            }
            Fate::Silence => {
                note(format!("nothing comes back for try {number}"));
                std::future::pending().await
            }
        }
    }
}
