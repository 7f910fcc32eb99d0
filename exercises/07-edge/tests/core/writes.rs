//! Writes, and what they invalidate.

use crate::world::{Mood, With, World, asking, cached, get, page, settle};
use ledger::{FILE_NAME, Role, lab};
use std::path::Path;
use testbed::{live, story};
use web::OriginError;

const OLD: &str = "A client gets what was there before a write that has been answered.";

async fn with_lessons() -> World {
    let world = World::new();
    world.origin.has("/lessons", cached("forty", "max-age=600"));
    world.ask(get("/lessons")).await;
    world
}

/// **E5** The edge returns the origin's answer to a write, and only after the origin has given it.
#[test]
fn a_write_is_answered_by_the_origin() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .answers_writes(page("done").status(201).with("etag", "\"v2\""));
        world.origin.hold();
        let write = world.start(asking("POST", "/lessons/1/completion")).await;
        assert!(
            !write.is_done(),
            "The origin has not answered, but the client has an answer already."
        );
        world.origin.release_all();
        let written = write.answer().await;
        assert_eq!((written.status, written.text()), (201, "done"));
        assert_eq!(written.header("etag"), Some("\"v2\""));
    });
}

/// **E5** Each write reaches the origin once: it is not shared, not kept, and not repeated.
#[test]
fn each_write_reaches_the_origin_once() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .answers_writes(cached("done", "public, max-age=600"));
        for _ in 0..3 {
            world.ask(asking("POST", "/completions")).await;
        }
        assert_eq!(
            world.origin.fetches(),
            3,
            "Three writes are three, even if they are identical."
        );
        world.origin.is(Mood::Failing(OriginError::Lost));
        world.ask(asking("POST", "/completions")).await;
        assert_eq!(
            world.origin.fetches(),
            4,
            "The answer was lost, and the write may have been carried out. Whether to try again is for \
             the caller, which has the idempotency key."
        );
    });
}

/// **E6** With the origin down a write fails with an error; no stored response replaces its answer.
#[test]
fn with_the_origin_down_a_write_fails_clearly() {
    story(|| async {
        let errors = [
            (OriginError::Unreachable, 502, "Nothing was sent"),
            (OriginError::TimedOut, 504, "may have been carried out"),
            (OriginError::Lost, 502, "may have been carried out"),
        ];
        for (error, status, says) in errors {
            let world = with_lessons().await;
            world.origin.is(Mood::Failing(error));
            let write = world.ask(asking("PUT", "/lessons")).await;
            assert_eq!(write.status, status, "{error}: {}", write.text());
            assert!(
                write.text().contains(says),
                "The sender has to learn whether it may have happened: {}",
                write.text()
            );
        }
    });
}

/// **E5** After a write has been answered, what was stored before is no longer served.
#[test]
fn a_write_invalidates_what_is_stored() {
    story(|| async {
        for method in ["POST", "PUT", "DELETE", "PATCH", "RENUMBER"] {
            let world = with_lessons().await;
            world
                .origin
                .has("/lessons", cached("forty-one", "max-age=600"));
            let written = world.ask(asking(method, "/lessons")).await;
            assert_eq!(written.status, 204);
            assert_eq!(
                world.ask(get("/lessons")).await.text(),
                "forty-one",
                "{OLD} ({method})"
            );
        }
    });
}

/// **E5** A write whose answer is lost may have been carried out, so it invalidates, too.
#[test]
fn a_write_of_unknown_outcome_invalidates() {
    story(|| async {
        for mood in [
            Mood::Failing(OriginError::Lost),
            Mood::Failing(OriginError::TimedOut),
            Mood::Erring(500),
        ] {
            let world = with_lessons().await;
            world
                .origin
                .has("/lessons", cached("forty-one", "max-age=600"));
            world.origin.is(mood);
            world.ask(asking("POST", "/lessons")).await;
            world.origin.is(Mood::Well);
            assert_eq!(
                world.ask(get("/lessons")).await.text(),
                "forty-one",
                "The write may have been carried out, and a fetch is cheap."
            );
        }
    });
}

/// **E5** A fetch that began before the end of a write is answered, but leaves nothing behind.
#[test]
fn a_late_fill_does_not_outlive_a_write() {
    story(|| async {
        let world = World::new();
        world.origin.has("/lessons", cached("forty", "max-age=600"));
        world.origin.hold();
        let early = world.start(get("/lessons")).await;
        world.origin.stop_holding();
        world
            .origin
            .has("/lessons", cached("forty-one", "max-age=600"));
        world.ask(asking("POST", "/lessons")).await;
        world.origin.release(1);
        assert_eq!(
            early.answer().await.text(),
            "forty",
            "It asked before the write had ended."
        );
        assert_eq!(
            world.ask(get("/lessons")).await.text(),
            "forty-one",
            "{OLD} A fetch that began before the write landed after it, and was kept."
        );
    });
}

/// **E7** A purge is in force when it returns: for what is stored, and for fetches in flight.
#[test]
fn a_purge_is_in_force_at_once() {
    story(|| async {
        let world = with_lessons().await;
        world
            .origin
            .has("/lessons", cached("forty-one", "max-age=600"));
        world.purge("/lessons");
        assert_eq!(
            world.ask(get("/lessons")).await.text(),
            "forty-one",
            "It was purged, but is still served."
        );
        let world = World::new();
        world.origin.has("/lessons", cached("forty", "max-age=600"));
        world.origin.hold();
        let early = world.start(get("/lessons")).await;
        world
            .origin
            .has("/lessons", cached("forty-one", "max-age=600"));
        world.purge("/lessons");
        let late = world.start(get("/lessons")).await;
        world.origin.stop_holding();
        world.origin.release_all();
        settle().await;
        early.answer().await;
        assert_eq!(
            late.answer().await.text(),
            "forty-one",
            "It asked after the purge, but was answered by a fetch from before it."
        );
        assert_eq!(
            world.ask(get("/lessons")).await.text(),
            "forty-one",
            "A fetch that began before the purge landed after it, and was kept."
        );
    });
}

/// **L1** The ledger has the boundaries on both sides of the edge, with answers that could be wrong, and calls
/// the edge an edge.
#[test]
fn the_boundaries_of_the_edge_are_answered_for() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        let edge = lab::answered(lab, "client", "edge");
        assert_eq!(
            edge.role,
            Role::Edge,
            "{FILE_NAME} must give the component `edge` its role. It serves copies close to users, and \
             decides nothing."
        );
        lab::answered(lab, "edge", "api");
    });
}
