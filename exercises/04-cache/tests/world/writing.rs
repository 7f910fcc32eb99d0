//! A write in the test's hands.

use super::{World, settle};
use cache::session::Session;
use domain::{LessonKey, Version};
use std::sync::Arc;
use testbed::{Gate, note};
use tokio::task::JoinHandle;

/// How a write may end. What it was to do has been done in each case, and not every caller learns of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    Acknowledged,
    Failed,
    Dropped,
    Panicked,
}

pub const ENDS: [End; 4] = [End::Acknowledged, End::Failed, End::Dropped, End::Panicked];

/// A write in the test's hands: it takes effect at the authority, and ends, when the test says so.
pub struct Writing {
    effect: Gate,
    gate: Gate,
    task: JoinHandle<Result<Version, &'static str>>,
    end: End,
}

impl Writing {
    /// Starts a write, and lets it take effect.
    pub async fn start(world: &World, key: LessonKey, session: &Arc<Session>, end: End) -> Self {
        let writing = Self::start_slowly(world, key, session, end).await;
        writing.take_effect().await;
        writing
    }

    /// Starts a write that has not reached the authority yet.
    pub async fn start_slowly(
        world: &World,
        key: LessonKey,
        session: &Arc<Session>,
        end: End,
    ) -> Self {
        let (effect, gate) = (Gate::closed(), Gate::closed());
        let (cache, authority) = (world.cache.clone(), world.authority.clone());
        let (session, reached, held) = (Arc::clone(session), effect.clone(), gate.clone());
        let task = tokio::spawn(async move {
            let write = async {
                note("a write begins");
                reached.pass().await;
                let version = authority.change(key);
                held.pass().await;
                match end {
                    End::Failed => Err("the reply was lost"),
                    End::Panicked => std::panic::resume_unwind(Box::new("asked to")),
                    End::Acknowledged | End::Dropped => Ok(version),
                }
            };
            cache.write(key, &session, write).await
        });
        settle().await;
        Self {
            effect,
            gate,
            task,
            end,
        }
    }

    pub fn is_done(&self) -> bool {
        self.task.is_finished()
    }

    pub async fn take_effect(&self) {
        self.effect.open();
        settle().await;
    }

    pub async fn end(self) -> Option<Result<Version, &'static str>> {
        note(format!("the write ends: {:?}", self.end));
        if self.end == End::Dropped {
            self.task.abort();
        } else {
            self.gate.open();
        }
        settle().await;
        self.task.await.ok()
    }
}

/// What went wrong when an old value is served after a write.
pub const STALE: &str = "The write took place, whatever its caller learned of it, and a read that began after \
                     its end returned a value that was loaded before.";
