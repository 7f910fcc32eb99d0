//! The cache over the remote call of lab 1: what it is for.
//!
//! The call is your own. If you left lab 1 out, `exercises/Cargo.toml` says how to take ours.

use crate::world::authority::value;
use crate::world::{PLAIN, roomy, session};
use cache::cache::Cache;
use cache::settings::ReadError;
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress};
use measure::client::Client;
use measure::progress::{ProgressClient, ProgressService, ProgressSource};
use measure::server::serve;
use std::sync::Arc;
use testbed::{Link, note, soon, story};

/// What the server knows: each lesson with an even number, at version 1.
struct Lessons;

impl ProgressSource for Lessons {
    fn read(&self, key: LessonKey) -> Option<Progress> {
        known(key)
    }
}

fn known(key: LessonKey) -> Option<Progress> {
    value(key, u64::from(key.lesson.0.is_multiple_of(2)))
}

/// The authority, a connection away.
struct Remote(ProgressClient);

impl Source for Remote {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        self.0.progress(key).await.map_err(|_| SourceError)
    }
}

/// How many lessons a page shows, and how many learners look at it.
const LESSONS: u64 = 40;
const VIEWS: usize = 10;

/// **C2** A page of forty lessons is looked at ten times: with the cache that's forty crossings and not four
/// hundred, the answers are those of the server, and they are there when the server is not.
#[test]
fn a_page_crosses_once_for_each_lesson() {
    story(|| async {
        let (near, far, meters) = Link::new().split();
        let service = Arc::new(ProgressService::new(Lessons));
        let server = tokio::spawn(async move { serve(far, service).await });
        let source = Remote(ProgressClient::new(Client::new(near)));
        let cache = Cache::new(source, roomy()).expect("settings that make sense");
        let stranger = session();
        for view in 1..=VIEWS {
            note(format!("the page is looked at, time {view}"));
            for lesson in 0..LESSONS {
                let key = LessonKey::new(7, lesson);
                let read = cache.read(key, &stranger);
                let answer = soon("a read over the connection", read).await;
                assert_eq!(answer, Ok(known(key)), "{PLAIN}");
            }
        }
        assert_eq!(
            meters.requests().frames,
            40,
            "Forty lessons were looked at ten times. Each request that is saved is a crossing, and work \
             of the server."
        );
        server.abort();
        assert!(server.await.is_err(), "The server was stopped.");
        note("the server is stopped");
        for lesson in 0..LESSONS {
            let key = LessonKey::new(7, lesson);
            let answer = cache.read(key, &stranger).await;
            assert_eq!(
                answer,
                Ok(known(key)),
                "The server is stopped, and what the cache holds is fresh. A hit needs no server."
            );
        }
        let unknown = cache.read(LessonKey::new(8, 1), &stranger);
        assert_eq!(
            soon("a read that has nobody to ask", unknown).await,
            Err(ReadError::Unavailable),
            "The server is stopped, and nothing of this lesson was ever loaded."
        );
    });
}
