//! A source that panics.

use crate::world::authority::value;
use crate::world::{LESSON, OTHER, PLAIN, World, each_gets, lesson, roomy, session};
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

/// **C5** A load that panics is an error to all who wait for it, and to nobody afterwards.
#[test]
fn a_load_that_panics_is_an_error_to_all_who_wait() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let readings = world.start_many(3, LESSON).await;
        world.authority.panic(1);
        let why = "The load panicked. That is the authority's failure, and its readers' error.";
        each_gets(readings, Err(ReadError::Unavailable), why).await;
        world.authority.stop_holding();
        assert_eq!(
            world.read(LESSON).await,
            Ok(1),
            "The load after the one that panicked ends well, and its reader has an answer."
        );
    });
}

/// **C5** The same holds for a source that panics before there is a future.
#[test]
fn a_source_that_panics_at_once_is_an_error_and_no_more() {
    story(|| async {
        let source = PanicsAtOnce(Arc::default());
        let cache = Cache::new(source, roomy()).expect("settings that make sense");
        note("the source panics when it is called");
        let reader = cache.clone();
        let read = tokio::spawn(async move { reader.read(LESSON, &session()).await });
        assert_eq!(
            read.await.ok(),
            Some(Err(ReadError::Unavailable)),
            "The source panicked before it had returned a future. `None` is a reader that panicked with \
             it: the call of `load` has to be inside what catches the panic, and not only its future."
        );
        assert_eq!(
            cache.read(LESSON, &session()).await,
            Ok(value(LESSON, 1)),
            "The source panicked at its first call only, and the next read calls it again."
        );
    });
}

/// **C8** A source that panics before there is a future gives its place back too.
#[test]
fn a_source_that_panics_at_once_costs_no_place() {
    story(|| async {
        let source = PanicsAtOnce(Arc::default());
        let one_place = Settings {
            max_loads: 1,
            ..roomy()
        };
        let cache = Cache::new(source, one_place).expect("settings that make sense");
        let session = session();
        let both =
            async { tokio::join!(cache.read(LESSON, &session), cache.read(OTHER, &session)) };
        let (first, second) = soon("both reads to be answered", both).await;
        assert_eq!(
            (first, second),
            (Err(ReadError::Unavailable), Ok(value(OTHER, 1))),
            "The source panicked at its first call. The second read waited for the place."
        );
        let third = soon("a place for a third", cache.read(lesson(3), &session)).await;
        assert_eq!(third, Ok(value(lesson(3), 1)), "{PLAIN}");
    });
}
