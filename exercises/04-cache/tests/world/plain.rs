//! A source that answers by itself, and keeps nothing: for tests with very many keys.

use super::authority::value;
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Every lesson is at version 1. Clones are the same.
#[derive(Clone, Default)]
pub struct Plain(Arc<Counts>);

#[derive(Default)]
struct Counts {
    loads: AtomicUsize,
    running: AtomicUsize,
    most_running: AtomicUsize,
    failing: AtomicBool,
    stuck: AtomicBool,
    unstuck: Notify,
}

impl Plain {
    /// How many loads have begun.
    pub fn loads(&self) -> usize {
        self.0.loads.load(Ordering::Relaxed)
    }

    /// The most loads that ran at the same time.
    pub fn most_running(&self) -> usize {
        self.0.most_running.load(Ordering::Relaxed)
    }

    /// From now on loads fail, or no longer.
    pub fn set_failing(&self, failing: bool) {
        self.0.failing.store(failing, Ordering::Relaxed);
    }

    /// From now on loads do not end, or do again.
    pub fn set_stuck(&self, stuck: bool) {
        self.0.stuck.store(stuck, Ordering::Relaxed);
        self.0.unstuck.notify_waiters();
    }
}

struct Running<'a>(&'a Counts);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Source for Plain {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        let running = self.0.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most_running.fetch_max(running, Ordering::Relaxed);
        let _running = Running(&self.0);
        while self.0.stuck.load(Ordering::Relaxed) {
            self.0.unstuck.notified().await;
        }
        // So that loads do overlap.
        tokio::task::yield_now().await;
        if self.0.failing.load(Ordering::Relaxed) {
            return Err(SourceError);
        }
        Ok(value(key, 1))
    }
}
