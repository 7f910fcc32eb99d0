//! A source that panics.

use crate::world::authority::value;
use crate::world::{LESSON, OTHER, roomy, session};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings};
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use testbed::{note, soon, story};

/// Panics before it has returned a future, the first time.
struct PanicsAtOnce(Arc<AtomicBool>);

impl Source for PanicsAtOnce {
    #[allow(clippy::manual_async_fn)] // the point is what happens outside the future
    fn load(
        &self,
        key: LessonKey,
    ) -> impl Future<Output = Result<Option<Progress>, SourceError>> + Send {
        if !self.0.swap(true, Ordering::Relaxed) {
            std::panic::resume_unwind(Box::new("asked to"));
        }
        async move { Ok(value(key, 1)) }
    }
}

/// **C5** A source that panics before there is a future is an error to its reader, and gives its place back.
#[test]
fn a_source_that_panics_at_once_costs_no_place() {
    story(|| async {
        let source = PanicsAtOnce(Arc::default());
        let one_place = Settings {
            max_loads: 1,
            ..roomy()
        };
        let cache = Cache::new(source, one_place).expect("settings that make sense");
        let read = |key| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.read(key, &session()).await })
        };
        let (first, second) = (read(LESSON), read(OTHER));
        note("the source panics when it is called");
        assert_eq!(
            first.await.ok(),
            Some(Err(ReadError::Unavailable)),
            "The source panicked before it had returned a future. `None` is a reader that panicked with \
             it: the call of `load` has to be inside what catches the panic, and not only its future."
        );
        for (key, read) in [(OTHER, second), (LESSON, read(LESSON))] {
            let answer = soon("the place of the load that panicked", read).await;
            assert_eq!(
                answer.ok(),
                Some(Ok(value(key, 1))),
                "The source panicked at its first call only, and the next one calls it again."
            );
        }
    });
}
