//! Special requests, and what clients ask of a cache.

use crate::world::{Mood, With, World, asking, at, cached, get, page, pass, seconds, settle};
use edge::decision::{Decision, decide, instead_of_an_error};
use edge::stored::Stored;
use testbed::{live, story};
use web::{Bytes, OriginError, Request};

const TOO_OLD: &str = "An answer is served that is older than its origin allows.";

fn asks(directives: &str) -> Request {
    get("/").with("cache-control", directives)
}

fn kept(directives: &str) -> Stored {
    cached("a", directives).stored()
}

/// **E3** A client that wants only a stored response gets that or a refusal, without a fetch.
#[test]
fn only_if_cached_is_served_or_refused() {
    live(|| {
        let request = asks("only-if-cached");
        let stored = kept("max-age=60");
        assert_eq!(decide(&request, Some(&stored), at(1)), Decision::Serve);
        assert_eq!(decide(&request, Some(&stored), at(61)), Decision::Refuse);
        assert_eq!(decide(&request, None, at(1)), Decision::Refuse);
    });
}

/// **E3** A client's own limit closes the window of `stale-while-revalidate`.
#[test]
fn a_clients_limit_goes_before_the_window() {
    live(|| {
        let stored = kept("max-age=60, stale-while-revalidate=30");
        for directives in ["no-cache", "max-age=10", "max-age=0", "min-fresh=5"] {
            assert_eq!(
                decide(&asks(directives), Some(&stored), at(70)),
                Decision::Revalidate,
                "The client sent `{directives}`, and does not want a response that is 70 s old."
            );
        }
    });
}

/// **E3** A client that accepts a stale response gets it, within its own limit.
#[test]
fn a_client_may_accept_what_is_stale() {
    live(|| {
        let stored = kept("max-age=60");
        let decided = |directives, now| decide(&asks(directives), Some(&stored), at(now));
        assert_eq!(decided("max-stale=20", 80), Decision::Serve);
        assert_eq!(
            decided("max-stale=20", 81),
            Decision::Revalidate,
            "{TOO_OLD}"
        );
        assert_eq!(decided("max-stale", 100_000), Decision::Serve);
        assert_eq!(
            decided("no-cache, max-stale=20", 61),
            Decision::Revalidate,
            "`no-cache` asks for the origin's own answer. `max-stale` does not change that."
        );
    });
}

/// **E3** The windows do not add up, and a window does not begin before the response is stale.
#[test]
fn each_window_begins_where_freshness_ends() {
    live(|| {
        let stored = kept("max-age=60, stale-while-revalidate=30");
        let decided = |directives, now| decide(&asks(directives), Some(&stored), at(now));
        assert_eq!(decided("max-stale=10", 65), Decision::Serve);
        assert_eq!(decided("max-stale=10", 75), Decision::ServeAndRevalidate);
        assert_eq!(decided("max-stale=10", 95), Decision::Revalidate);
        assert_eq!(decided("max-age=70, max-stale", 65), Decision::Serve);
        assert_eq!(decided("max-age=70, max-stale", 71), Decision::Revalidate);
    });
}

/// **E3** `no-cache` is answered by the origin, by a fetch that began after the request; and its
/// response is kept for the others.
#[test]
fn no_cache_joins_no_earlier_fetch() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("old", "max-age=60"));
        world.origin.hold();
        let early = world.start(get("/a")).await;
        world.origin.has("/a", cached("new", "max-age=60"));
        let own = world
            .start(get("/a").with("cache-control", "no-cache"))
            .await;
        world.origin.release(2);
        assert_eq!(
            own.answer().await.text(),
            "new",
            "The client wanted the origin to be asked, but got the response of an earlier fetch."
        );
        world.origin.release_all();
        early.answer().await;
        world.origin.stop_holding();
        assert_eq!(
            world.ask(get("/a")).await.text(),
            "new",
            "A fetch that began earlier and ended later has replaced the newer response."
        );
        assert_eq!(world.origin.fetches(), 2);
    });
}

/// **E1** A partial response is passed through: it is neither kept as the whole nor shared.
#[test]
fn ranges_are_passed_through() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/film", cached("par", "max-age=60").status(206));
        let part = || get("/film").with("range", "bytes=0-2");
        world.origin.hold();
        let one = world.start(part()).await;
        let other = world.start(get("/film").with("range", "bytes=3-5")).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "Two different parts are not one answer."
        );
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(
            (one.answer().await.status, other.answer().await.status),
            (206, 206)
        );
        assert_eq!(world.origin.seen(1).headers()["range"], "bytes=0-2");
        world.origin.has("/film", cached("whole", "max-age=60"));
        assert_eq!(
            world.ask(get("/film")).await.text(),
            "whole",
            "A part was kept as the whole."
        );
    });
}

/// **E1** A GET with a body asks for more than its address says.
#[test]
fn a_get_with_a_body_is_passed_through() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/search", cached("everything", "max-age=60"));
        let mut fat = get("/search");
        *fat.body_mut() = Bytes::from_static(b"only mine");
        world.ask(fat.clone()).await;
        world.ask(fat).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "The key does not contain what the body asked for."
        );
        assert_eq!(world.origin.seen(1).body(), "only mine");
        world.ask(get("/search")).await;
        assert_eq!(
            world.origin.fetches(),
            3,
            "The answer to a request with a body was kept for those without one."
        );
    });
}

/// **E1** HEAD is answered from what GET has stored; it stores nothing itself.
#[test]
fn head_is_served_and_never_kept() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("forty", "max-age=60"));
        assert_eq!(world.ask(asking("HEAD", "/a")).await.status, 200);
        let got = world.ask(get("/a")).await;
        assert_eq!(
            got.text(),
            "forty",
            "An answer without a body was kept for GET."
        );
        let fetches = world.origin.fetches();
        let head = world.ask(asking("HEAD", "/a")).await;
        assert_eq!((head.status, head.text()), (200, ""));
        assert_eq!(
            world.origin.fetches(),
            fetches,
            "It could be answered from the shelf."
        );
        let tagged = cached("forty", "max-age=60").with("etag", "\"v1\"");
        world.origin.has("/b", tagged);
        world.ask(get("/b")).await;
        pass(seconds(61)).await;
        world.ask(asking("HEAD", "/b")).await;
        let before = world.origin.fetches();
        assert_eq!(world.ask(get("/b")).await.text(), "forty");
        if world.origin.fetches() > before {
            let asked = world.origin.seen(before + 1);
            assert!(
                asked.headers().contains_key("if-none-match"),
                "The response was held, and only had to be revalidated. A HEAD in between has removed \
                 it from the shelf."
            );
        }
    });
}

/// **E1** Headers for one connection are not passed on, and cannot remove the headers that the edge
/// decides by.
#[test]
fn what_concerns_one_connection_goes_no_further() {
    story(|| async {
        let world = World::new();
        let said = cached("Ada's", "private, max-age=60")
            .with("connection", "cache-control, x-hop")
            .with("x-hop", "1")
            .with("keep-alive", "5");
        world.origin.has("/a", said);
        let asked = get("/a")
            .with("connection", "authorization")
            .with("authorization", "Ada");
        let answer = world.ask(asked).await;
        assert!(world.origin.seen(1).headers().contains_key("authorization"));
        assert_eq!(
            (answer.header("x-hop"), answer.header("keep-alive")),
            (None, None)
        );
        world.ask(get("/a").with("authorization", "Bob")).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "`Connection` removed the mark that it was private."
        );
    });
}

/// **E6** A client that asks for the origin's own answer gets an error when there is none.
#[test]
fn no_cache_with_the_origin_down_is_an_error() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/a", cached("a", "max-age=60, stale-if-error=600"));
        world.ask(get("/a")).await;
        world.origin.is(Mood::Failing(OriginError::Unreachable));
        let strict = world.ask(get("/a").with("cache-control", "no-cache")).await;
        assert_eq!(strict.status, 502);
        let reload = world
            .ask(get("/a").with("cache-control", "max-age=0"))
            .await;
        assert_eq!(reload.text(), "a");
        let head = asking("HEAD", "/a").with("cache-control", "max-age=0");
        assert_eq!(world.ask(head).await.status, 200);
    });
}

/// **E3** `only-if-cached` costs the origin nothing.
#[test]
fn only_if_cached_asks_nobody() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", page("a"));
        let refused = world
            .ask(get("/a").with("cache-control", "only-if-cached"))
            .await;
        assert_eq!((refused.status, world.origin.fetches()), (504, 0));
    });
}

/// **E3** A failed revalidation in the background removes nothing and is tried again.
#[test]
fn a_failed_background_revalidation_is_tried_again() {
    story(|| async {
        let world = World::new();
        world.origin.has(
            "/a",
            cached("old", "max-age=60, stale-while-revalidate=600"),
        );
        world.ask(get("/a")).await;
        pass(seconds(70)).await;
        world.origin.is(Mood::Failing(OriginError::Lost));
        for _ in 0..2 {
            assert_eq!(world.ask(get("/a")).await.text(), "old");
            settle().await;
        }
        assert_eq!(world.origin.fetches(), 3);
        world.origin.has("/a", cached("new", "max-age=60"));
        world.origin.is(Mood::Well);
        world.ask(get("/a")).await;
        settle().await;
        assert_eq!(world.ask(get("/a")).await.text(), "new");
    });
}

/// **E3** A client may itself ask for a stale answer instead of an error.
#[test]
fn a_client_may_prefer_what_is_stale_to_an_error() {
    live(|| {
        let stored = kept("max-age=60");
        let prefers = asks("stale-if-error=30");
        assert!(instead_of_an_error(&prefers, &stored, at(90)));
        assert!(!instead_of_an_error(&prefers, &stored, at(91)), "{TOO_OLD}");
        let strict = kept("max-age=60, must-revalidate");
        assert!(!instead_of_an_error(&prefers, &strict, at(70)), "{TOO_OLD}");
    });
}

/// **E6** Directives that forbid stale answers say nothing about fresh ones.
#[test]
fn what_is_strict_and_fresh_may_stand_in_for_an_error() {
    live(|| {
        for strict in ["must-revalidate", "proxy-revalidate", "s-maxage=60"] {
            let stored = kept(&format!("max-age=60, {strict}"));
            assert!(
                instead_of_an_error(&asks("max-age=0"), &stored, at(59)),
                "It is fresh, and `{strict}` matters only when it no longer is."
            );
        }
    });
}
