//! What every answer needs, and how a fact is read and written with it.

use crate::catalogue::Catalogue;
use crate::parts::{
    Authority, Cache, Command, NoAnswer, NotWritten, Place, SessionId, Stream, View, Workers,
};
use crate::ways::Ways;
use domain::{LessonKey, Progress, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What answers need.
pub(crate) struct Api {
    pub(crate) ways: Ways,
    /// Reached through the call that the stage watches.
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) workers: Arc<dyn Workers>,
    pub(crate) view: Arc<dyn View>,
    pub(crate) catalogue: Catalogue,
    /// How many facts were read, from whichever copy.
    pub(crate) reads: AtomicU64,
}

impl Api {
    /// Lets the authority decide, and notifies the cache.
    pub(super) async fn write(
        &self,
        command: Command,
        session: SessionId,
    ) -> Result<Version, NotWritten> {
        let key = command.key;
        let said = Arc::new(std::sync::Mutex::new(None));
        let write = {
            let (said, authority) = (Arc::clone(&said), Arc::clone(&self.authority));
            let command = command.clone();
            async move {
                let outcome = authority.write(command).await;
                if let Ok(mut said) = said.lock() {
                    *said = Some(outcome.clone());
                }
                outcome
            }
        };
        let accompanied = self.ways.call(
            Place::Cache,
            || "forget, after the write".to_owned(),
            async { Ok::<_, NoAnswer>(self.cache.write(key, session, Box::pin(write)).await) },
            |_| String::new(),
        );
        if let Ok(outcome) = accompanied.await {
            return outcome;
        }
        // The cache is away. What the authority said counts, if it was asked; if not, it is asked now.
        let asked = said.lock().ok().and_then(|mut said| said.take());
        let outcome = match asked {
            Some(outcome) => outcome,
            None => self.authority.write(command).await,
        };
        if let Ok(version) = outcome {
            self.cache.told(key, session, version);
        }
        outcome
    }

    /// Reads a fact, through the cache or around it.
    pub(super) async fn read(
        &self,
        key: LessonKey,
        session: SessionId,
    ) -> Result<Option<Progress>, NoAnswer> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let before = self.ways.authority_reads();
        let copy = self.ways.call(
            Place::Cache,
            || format!("lesson {}", key.lesson.0),
            async { Ok::<_, NoAnswer>(self.cache.read(key, session).await) },
            |copy| match copy {
                Ok(Ok(_)) if self.ways.authority_reads() == before => "hit".to_owned(),
                Ok(Ok(_)) => "miss".to_owned(),
                Ok(Err(error)) | Err(error) => error.to_string(),
            },
        );
        match copy.await {
            Ok(answer) => answer,
            // Only the copy is away: that costs a crossing, and no answer.
            Err(_) => Ok(self.authority.read(key).await?.map(|fact| fact.progress)),
        }
    }
}
