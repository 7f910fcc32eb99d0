//! What an edge may use, and what it does at each bound.

use crate::world::{
    Mood, Page, With, World, asking, cached, get, page, pass, roomy, seconds, settle,
};
use edge::edge::Edge;
use edge::settings::Settings;
use futures_util::stream;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::story;
use web::{BodyBroken, Bytes, Clock, Origin, OriginError, Request, Response};

/// **E8** A body that is too long to store arrives complete, and is not stored.
#[test]
fn a_long_body_comes_whole_and_is_not_stored() {
    story(|| async {
        let settings = Settings {
            max_body_bytes: 1000,
            ..roomy()
        };
        for (length, stored) in [(1000, 1), (1001, 0)] {
            let world = World::with(settings);
            let body = "x".repeat(length);
            world.origin.has("/a", cached(&body, "max-age=60"));
            assert_eq!(
                world.ask(get("/a")).await.text(),
                body,
                "a part of it was lost"
            );
            assert_eq!(
                world.edge.usage().0,
                stored,
                "{length} of at most 1000 bytes"
            );
        }
    });
}

/// **E8** A body without an end is passed on as it arrives, and not held.
#[test]
fn a_body_without_end_is_passed_on() {
    story(|| async {
        let world = World::with(Settings {
            max_body_bytes: 1000,
            ..roomy()
        });
        let piece = || Ok(Bytes::from_static(&[b'x'; 100]));
        let endless = stream::unfold((), move |()| async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((piece(), ()))
        });
        world
            .origin
            .streams("/a", cached("", "max-age=60"), endless);
        let response = world.edge.handle(get("/a")).await;
        let watch = Watch::start();
        let mut body = response.into_body();
        let mut read = 0;
        while read < 1_000_000 {
            let piece = futures_util::StreamExt::next(&mut body).await;
            read += piece
                .expect("it has no end")
                .expect("it does not break")
                .len();
        }
        assert!(
            watch.largest_bytes() < 100_000,
            "A body that is not stored was collected: {} bytes at once.",
            watch.largest_bytes()
        );
        assert_eq!(world.edge.usage().0, 0);
    });
}

/// **E3** A body that ends too early is not an answer: it is not kept, and not shared as if it were
/// whole.
#[test]
fn a_body_that_breaks_is_not_kept() {
    story(|| async {
        let world = World::new();
        let broken = stream::iter([Ok(Bytes::from_static(b"for")), Err(BodyBroken)]);
        world.origin.streams("/a", cached("", "max-age=60"), broken);
        let answer = world.ask(get("/a")).await;
        assert!(
            answer.status >= 500 || answer.body.is_err(),
            "Half of a body was passed on as a whole one: {answer:?}"
        );
        world.origin.has("/a", cached("forty", "max-age=60"));
        assert_eq!(
            world.ask(get("/a")).await.text(),
            "forty",
            "Half of a body was kept."
        );
    });
}

/// **E8** A body that stalls holds no client for ever.
#[test]
fn a_body_that_stands_still_is_given_up() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .streams("/a", cached("", "max-age=60"), stream::pending());
        let asked = [world.start(get("/a")).await, world.start(get("/a")).await];
        pass(seconds(31)).await;
        for asked in asked {
            assert!(
                asked.is_done(),
                "The origin's body stalls, and clients wait for it."
            );
            assert_eq!(asked.answer().await.status, 504);
        }
    });
}

/// An origin that leaves no trace in the test's memory: `/N` has a page of some bytes, `/none/N` has none.
struct Quiet;

impl Origin for Quiet {
    async fn fetch(&self, request: Request) -> Result<Response, OriginError> {
        let target = request.uri().path().trim_start_matches('/');
        let Ok(number) = target.parse::<usize>() else {
            return Ok(page("nothing").status(404).response());
        };
        let page = cached(&"x".repeat(number * 37 % 5000), "public, max-age=600");
        Ok(page.with("x-long", &"h".repeat(number % 300)).response())
    }
}

/// **E8** Whatever is asked for, the shelf stays within its bytes.
#[test]
fn the_shelf_stays_within_its_bytes() {
    story(|| async {
        let settings = Settings {
            max_stored_bytes: 200_000,
            ..roomy()
        };
        let edge = Edge::new(Quiet, settings, Clock::system());
        let watch = Watch::start();
        for number in 0..600 {
            let target = format!("/{number}?{}", "q".repeat(number % 50));
            drop(edge.handle(get(&target).with("cookie", &target)).await);
            let (_, bytes) = edge.usage();
            assert!(
                bytes <= 200_000,
                "{bytes} bytes are stored, and 200000 may be."
            );
        }
        settle().await;
        assert!(
            edge.usage().0 > 20,
            "Hardly anything is kept: the test proves nothing."
        );
        assert!(
            watch.grown_bytes() < 300_000,
            "The shelf reports that it is within 200000 bytes, but {} have been allocated.",
            watch.grown_bytes()
        );
    });
}

/// **E8** At most this many requests are at the origin; one more is refused at once, but hits are not.
#[test]
fn the_origin_gets_no_more_than_it_declared() {
    story(|| async {
        let world = World::with(Settings {
            max_fetches: 3,
            ..roomy()
        });
        world.origin.has("/hit", cached("hit", "max-age=60"));
        world.ask(get("/hit")).await;
        world.origin.hold();
        let mut asked = Vec::new();
        for number in 0..10 {
            asked.push(world.start(get(&format!("/{number}"))).await);
        }
        let joined = world.start(get("/0")).await;
        let write = world.start(asking("POST", "/w")).await;
        assert_eq!(world.origin.most_running(), 3);
        let write = write.answer().await;
        assert_eq!(
            (write.status, write.header("retry-after")),
            (503, Some("1"))
        );
        assert_eq!(
            world.ask(get("/hit")).await.text(),
            "hit",
            "A hit needs no place."
        );
        world.origin.stop_holding();
        world.origin.release_all();
        let mut refused = 0;
        for asked in asked {
            refused += usize::from(asked.answer().await.status == 503);
        }
        assert_eq!(refused, 7);
        assert_eq!(joined.answer().await.status, 404, "Joining takes no place.");
        assert_eq!(
            world.ask(get("/9")).await.status,
            404,
            "Places are given back."
        );
    });
}

/// **E6** A request to a slow origin times out, and its place is given back.
#[test]
fn a_slow_origin_is_given_up_in_time() {
    story(|| async {
        let world = World::with(Settings {
            max_fetches: 1,
            ..roomy()
        });
        world.origin.has("/a", cached("a", "max-age=60"));
        world.origin.hold();
        let read = world.start(get("/a")).await;
        pass(seconds(31)).await;
        assert!(
            read.is_done(),
            "The origin has not answered for 31 s, and may take 30."
        );
        assert_eq!(read.answer().await.status, 504);
        let write = world.start(asking("POST", "/a")).await;
        pass(seconds(31)).await;
        let write = write.answer().await;
        assert_eq!(write.status, 504);
        assert!(write.text().contains("may have been carried out"));
        world.origin.stop_holding();
        assert_eq!(world.ask(get("/a")).await.text(), "a");
    });
}

/// **E8** A response that is not fresh and has no validator can never be used, and takes no room.
#[test]
fn what_is_of_no_use_is_not_stored() {
    story(|| async {
        let world = World::new();
        for (target, page, stored) in [
            ("/none", page("a"), 0),
            ("/zero", cached("a", "max-age=0"), 0),
            ("/tagged", page("a").with("etag", "\"1\""), 1),
            ("/fresh", cached("a", "max-age=1"), 2),
        ] {
            world.origin.has(target, page);
            world.ask(get(target)).await;
            assert_eq!(world.edge.usage().0, stored, "{target}");
        }
    });
}

/// **E3** The origin's new answer ends the old one, even when the new one is not kept.
#[test]
fn what_is_of_no_use_ends_what_was_stored() {
    story(|| async {
        let world = World::new();
        let before = cached("forty", "max-age=60, stale-while-revalidate=600");
        world.origin.has("/lessons", before);
        world.ask(get("/lessons")).await;
        pass(seconds(70)).await;
        let now = cached("forty-one", "max-age=0");
        world.origin.has("/lessons", now);
        world.ask(get("/lessons")).await;
        settle().await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "The stale answer is within its window, and the origin is asked meanwhile."
        );
        assert_eq!(
            world.ask(get("/lessons")).await.text(),
            "forty-one",
            "The edge has asked, and the answer was \"forty-one\". That answer has no lifetime, so it \
             is not kept; but the stored one is older than that."
        );
    });
}

/// **E8** Addresses that were requested once leave nothing behind when there was nothing to store.
#[test]
fn what_is_not_stored_leaves_nothing() {
    story(|| async {
        let edge = Edge::new(Quiet, roomy(), Clock::system());
        let ask = async |number: usize| {
            drop(edge.handle(get(&format!("/none/{number}"))).await);
            drop(
                edge.handle(asking("POST", &format!("/none/{number}")))
                    .await,
            );
            settle().await;
        };
        for number in 0..20 {
            ask(number).await;
        }
        let watch = Watch::start();
        for number in 20..1000 {
            ask(number).await;
        }
        assert!(
            watch.grown_bytes() < 50_000,
            "A thousand addresses that do not exist have taken {} bytes permanently.",
            watch.grown_bytes()
        );
    });
}

/// **E6** An error is never stored, whatever its headers say.
#[test]
fn an_error_that_calls_itself_fresh_is_not_kept() {
    story(|| async {
        let world = World::new();
        let error: Page = cached("oops", "public, max-age=600").status(500);
        world.origin.has("/a", error);
        assert_eq!(world.ask(get("/a")).await.status, 500);
        world.origin.is(Mood::Well);
        world.origin.has("/a", cached("a", "max-age=60"));
        assert_eq!(world.ask(get("/a")).await.text(), "a");
    });
}
