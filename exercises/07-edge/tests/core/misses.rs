//! One fetch for all misses, and an answer for each.

use crate::world::{Mood, With, World, cached, get, pass, seconds, settle};
use testbed::story;
use web::OriginError;

/// **E8** What one client has fetched serves the next, until it is stale.
#[test]
fn a_response_that_may_be_kept_is_fetched_once() {
    story(|| async {
        let world = World::new();
        world.origin.has("/lessons", cached("forty", "max-age=60"));
        let first = world.ask(get("/lessons")).await;
        pass(seconds(10)).await;
        let second = world.ask(get("/lessons")).await;
        assert_eq!((first.text(), second.text()), ("forty", "forty"));
        assert_eq!(
            world.origin.fetches(),
            1,
            "The second is a hit, without a request to the origin."
        );
        assert_eq!(second.header("age"), Some("10"));
    });
}

/// **E8** Concurrent misses share one fetch.
#[test]
fn concurrent_misses_make_one_fetch() {
    story(|| async {
        let world = World::new();
        world.origin.has("/lessons", cached("forty", "max-age=60"));
        world.origin.hold();
        let mut asked = Vec::new();
        for _ in 0..20 {
            asked.push(world.spawn(get("/lessons")));
        }
        settle().await;
        assert_eq!(
            world.origin.fetches(),
            1,
            "Twenty clients want the same, and one answer is enough for all of them."
        );
        world.origin.release_all();
        for asked in asked {
            assert_eq!(asked.answer().await.text(), "forty");
        }
        assert_eq!(world.origin.fetches(), 1);
    });
}

/// **E8** The client that started the fetch may leave; the others are answered, without another fetch.
#[test]
fn a_client_that_leaves_strands_nobody() {
    story(|| async {
        let world = World::new();
        world.origin.has("/lessons", cached("forty", "max-age=60"));
        world.origin.hold();
        let first = world.start(get("/lessons")).await;
        let second = world.start(get("/lessons")).await;
        first.leave().await;
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(
            second.answer().await.text(),
            "forty",
            "It waited for a fetch that another client had started. In whose future did that run?"
        );
    });
}

/// **E1** A response that turns out to be private goes to the client that asked. The others ask for
/// themselves, all at once and not one after the other.
#[test]
fn a_private_answer_is_not_shared_with_those_who_waited() {
    story(|| async {
        let world = World::new();
        for user in ["Ada", "Bob", "Cyd"] {
            world
                .origin
                .has_for(user, "/progress", cached(user, "private, max-age=60"));
        }
        world.origin.hold();
        let mut asked = Vec::new();
        for user in ["Ada", "Bob", "Cyd"] {
            asked.push((
                user,
                world.start(get("/progress").with("cookie", user)).await,
            ));
        }
        world.origin.release_all();
        settle().await;
        assert_eq!(
            world.origin.fetches(),
            3,
            "The first answer was for Ada alone. Bob and Cyd each need their own, and must not have to wait in line."
        );
        world.origin.release_all();
        for (user, asked) in asked {
            assert_eq!(
                asked.answer().await.text(),
                user,
                "A client got what the origin had made for another one."
            );
        }
    });
}

/// **E4** A stale response is revalidated once for all clients, and after a 304 all of them get the
/// body.
#[test]
fn an_unchanged_response_is_revalidated_once_for_all() {
    story(|| async {
        let world = World::new();
        world.origin.has(
            "/lessons",
            cached("forty", "max-age=60").with("etag", "\"v1\""),
        );
        world.ask(get("/lessons")).await;
        pass(seconds(61)).await;
        world.origin.hold();
        let one = world.start(get("/lessons")).await;
        let other = world.start(get("/lessons")).await;
        world.origin.stop_holding();
        world.origin.release_all();
        let (one, other) = (one.answer().await, other.answer().await);
        assert_eq!(
            (one.status, one.text()),
            (200, "forty"),
            "The origin's 304 is for the edge."
        );
        assert_eq!(other.text(), "forty");
        assert_eq!(world.origin.fetches(), 2);
        assert_eq!(world.origin.seen(2).headers()["if-none-match"], "\"v1\"");
        world.ask(get("/lessons")).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "It was renewed, and is fresh again."
        );
    });
}

/// **E3** Within `stale-while-revalidate` no client waits for the origin, which is asked once.
#[test]
fn nobody_waits_while_it_is_revalidated() {
    story(|| async {
        let world = World::new();
        let directives = "max-age=60, stale-while-revalidate=600";
        world.origin.has("/lessons", cached("forty", directives));
        world.ask(get("/lessons")).await;
        pass(seconds(70)).await;
        world
            .origin
            .has("/lessons", cached("forty-one", directives));
        world.origin.hold();
        for _ in 0..3 {
            let asked = world.start(get("/lessons")).await;
            assert!(
                asked.is_done(),
                "The stale answer may be served, and the client waits."
            );
            assert_eq!(asked.answer().await.text(), "forty");
        }
        assert_eq!(
            world.origin.fetches(),
            2,
            "One fetch in the background is enough for all."
        );
        world.origin.stop_holding();
        world.origin.release_all();
        settle().await;
        assert_eq!(world.ask(get("/lessons")).await.text(), "forty-one");
    });
}

/// **E6** With the origin down, a response that may be served is served, and otherwise there is an
/// error.
#[test]
fn with_the_origin_down_what_may_be_served_is_served() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/logo", cached("logo", "max-age=60, stale-if-error=600"));
        world.ask(get("/logo")).await;
        world.origin.is(Mood::Failing(OriginError::Unreachable));
        assert_eq!(world.ask(get("/logo")).await.text(), "logo");
        pass(seconds(100)).await;
        assert_eq!(
            world.ask(get("/logo")).await.text(),
            "logo",
            "It is within `stale-if-error`."
        );
        world.origin.is(Mood::Erring(503));
        assert_eq!(
            world.ask(get("/logo")).await.text(),
            "logo",
            "An origin that answers 503 is as good as down."
        );
        pass(seconds(600)).await;
        let beyond = world.ask(get("/logo")).await;
        assert_eq!(
            beyond.status,
            503,
            "It is too old for that now: {:?}",
            beyond.text()
        );
        world.origin.is(Mood::Well);
        assert_eq!(
            world.ask(get("/logo")).await.status,
            200,
            "An error is not kept."
        );
        assert_eq!(world.ask(get("/new")).await.status, 404);
    });
}
