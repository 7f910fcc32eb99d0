//! Handlers and sources for the server under test.

use bytes::Bytes;
use domain::{LessonKey, Progress, Version};
use measure::frame::MAX_PAYLOAD_BYTES;
use measure::progress::ProgressSource;
use measure::server::{Handler, HandlerError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testbed::Gate;

/// Answers with what it was asked, or does what the request says:
/// `slow` waits at the gate first and then does the rest, `error` fails, `panic` panics, `large` answers
/// more than fits, `96 KiB` answers as much, and `swallow` nothing.
#[derive(Clone)]
pub struct Script {
    pub gate: Gate,
    started: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
}

impl Script {
    pub fn new() -> Self {
        Self {
            gate: Gate::closed(),
            started: Arc::default(),
            running: Arc::default(),
        }
    }

    /// How many requests it was ever given.
    pub fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }

    /// How many it is at work on.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }
}

/// Counts a handler as running until it is done or dropped.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handler for Script {
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        let _running = Running(Arc::clone(&self.running));
        let mut told = request.as_ref();
        if let Some(then) = told.strip_prefix(b"slow") {
            self.gate.pass().await;
            told = then.trim_ascii_start();
        }
        match told {
            b"error" => Err(HandlerError("the store is on fire".to_owned())),
            // Not `panic!`: this one is part of the test, and no news to its story.
            b"panic" => std::panic::resume_unwind(Box::new("asked to")),
            b"large" => Ok(vec![1; MAX_PAYLOAD_BYTES + 1].into()),
            b"96 KiB" => Ok(vec![1; 96 * 1024].into()),
            _ if told.starts_with(b"swallow") => Ok(Bytes::new()),
            _ => Ok(request),
        }
    }
}

/// Panics before it has returned a future.
pub struct PanicsAtOnce;

impl Handler for PanicsAtOnce {
    #[allow(clippy::manual_async_fn)] // the point is what happens outside the future
    fn handle(&self, request: Bytes) -> impl Future<Output = Result<Bytes, HandlerError>> + Send {
        if request == "panic" {
            std::panic::resume_unwind(Box::new("asked to"));
        }
        async { Ok(request) }
    }
}

/// Knows every lesson with an even number, and counts how often it is asked.
#[derive(Clone, Default)]
pub struct EvenLessons {
    reads: Arc<AtomicUsize>,
}

impl EvenLessons {
    /// What it says about `key`.
    pub fn answer(key: LessonKey) -> Option<Progress> {
        key.lesson.0.is_multiple_of(2).then(|| Progress {
            key,
            version: Version(key.learner.0 + 1),
            steps_done: 3,
            completed: key.lesson.0.is_multiple_of(4),
        })
    }

    /// How many keys it was asked for.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }
}

impl ProgressSource for EvenLessons {
    fn read(&self, key: LessonKey) -> Option<Progress> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Self::answer(key)
    }
}
