//! Conditions: of clients, and of the edge.

use crate::world::{
    Answer, Mood, Page, With, World, asking, at, at_once, cached, date, get, page, pass, seconds,
};
use edge::stored::Stored;
use edge::validators::{answer, refreshed};
use testbed::{live, story};
use web::Request;

fn answered(request: &Request, stored: &Stored, now: u64) -> Answer {
    at_once(Answer::of(answer(request, stored, at(now))))
}

fn lessons() -> Page {
    cached("forty lessons", "max-age=60")
        .with("etag", "\"v1\"")
        .with("last-modified", &date(-500))
        .with("content-length", "13")
}

/// **E4** A 304 about another response renews nothing.
#[test]
fn a_304_about_another_response_renews_nothing() {
    live(|| {
        let another = page("").with("etag", "\"v2\"");
        let renewed = refreshed(&lessons().stored(), &another.headers, at(100), at(101));
        assert!(
            renewed.is_none(),
            "The origin says that \"v2\" is unchanged, but \"v1\" is held. A client would get an old \
             body as the new one."
        );
        let weak = page("").with("etag", "W/\"v1\"");
        let renewed = refreshed(&lessons().stored(), &weak.headers, at(100), at(101));
        assert!(
            renewed.is_some(),
            "A tag that was made weak in transit means the same."
        );
    });
}

/// **E4** The answer to HEAD is the answer to GET without the body.
#[test]
fn an_answer_to_head_has_no_body() {
    live(|| {
        let answer = answered(&asking("HEAD", "/"), &lessons().stored(), 5);
        assert_eq!((answer.status, answer.text()), (200, ""));
        assert_eq!(answer.header("content-length"), Some("13"));
    });
}

/// **E4** A comma within a tag's quotes belongs to the tag, and only the whole tag counts.
#[test]
fn tags_are_compared_whole() {
    live(|| {
        let held = cached("a", "max-age=60").with("etag", "\"a,b\"").stored();
        let status = |tags: &str| answered(&get("/").with("if-none-match", tags), &held, 1).status;
        assert_eq!(status("\"x\", \"a,b\""), 304);
        for tags in ["\"a\"", "\"b\"", "a,b", "\"a,b\"c", "\"a\", \"b\"", ""] {
            assert_eq!(status(tags), 200, "{tags} is a different tag from \"a,b\".");
        }
        let untagged = page("a").stored();
        assert_eq!(
            answered(&get("/").with("if-none-match", "\"a\""), &untagged, 1).status,
            200
        );
    });
}

/// **E4** Only an answer that would have been a success becomes a 304.
#[test]
fn only_a_success_becomes_a_304() {
    live(|| {
        let gone = lessons().status(404).stored();
        let answer = answered(&get("/").with("if-none-match", "\"v1\""), &gone, 1);
        assert_eq!((answer.status, answer.text()), (404, "forty lessons"));
    });
}

/// **E4** All lines of a header in a 304 replace all lines that were stored.
#[test]
fn a_304_replaces_all_lines_of_a_header() {
    live(|| {
        let held = lessons()
            .with("x", "1")
            .with("x", "2")
            .with("content-type", "a/b")
            .stored();
        let not_modified = page("")
            .with("x", "3")
            .with("x", "4")
            .with("content-encoding", "br");
        let renewed = refreshed(&held, &not_modified.headers, at(9), at(9));
        let renewed =
            renewed.expect("a 304 without a tag is about the response that was asked about");
        let lines: Vec<_> = renewed.response.headers().get_all("x").iter().collect();
        assert_eq!(lines, ["3", "4"]);
        assert!(
            !renewed.response.headers().contains_key("content-encoding"),
            "The body that stays is not encoded: a client that decodes it will fail."
        );
        assert_eq!(renewed.response.headers()["content-type"], "a/b");
    });
}

/// **E4** The edge answers a client's conditions, even for a response that it has to fetch.
#[test]
fn a_client_with_conditions_is_answered_after_a_fetch_too() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", lessons());
        let conditional = get("/a").with("if-none-match", "\"v1\"");
        let first = world.ask(conditional).await;
        assert_eq!((first.status, first.text()), (304, ""));
        let second = world.ask(get("/a")).await;
        assert_eq!(
            (second.status, second.text()),
            (200, "forty lessons"),
            "The fetch for the first client has to bring the whole response, for everybody."
        );
        assert_eq!(world.origin.fetches(), 1);
    });
}

/// **E4** A 304 about a response other than the held one is not an answer: the whole is fetched.
#[test]
fn a_304_about_another_response_is_followed_by_a_whole_fetch() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", lessons());
        world.ask(get("/a")).await;
        pass(seconds(61)).await;
        // An origin with a 304 for every condition, and a body for requests without one.
        world
            .origin
            .has("/a", cached("new", "max-age=60").with("etag", "\"v2\""));
        world.origin.is(Mood::Unchanged("\"v2\""));
        let answer = world.ask(get("/a")).await;
        assert_eq!(
            (answer.status, answer.text()),
            (200, "new"),
            "The origin said that \"v2\" is unchanged, and the edge held \"v1\"."
        );
    });
}

/// **E1** A 304 that makes a response private takes it off the shelf.
#[test]
fn a_304_may_make_a_response_private() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", lessons());
        world.ask(get("/a")).await;
        pass(seconds(61)).await;
        let private = cached("forty lessons", "private, max-age=60").with("etag", "\"v1\"");
        world.origin.has("/a", private);
        assert_eq!(world.ask(get("/a")).await.text(), "forty lessons");
        let before = world.origin.fetches();
        world.ask(get("/a")).await;
        assert_eq!(
            world.origin.fetches(),
            before + 1,
            "The origin has made it private, but the edge still gives it to everybody."
        );
        assert_eq!(
            world.edge.usage().0,
            0,
            "A response that is private now is still on the shelf."
        );
    });
}

/// **E3** A 304 without a lifetime leaves nothing fresh.
#[test]
fn what_has_no_lifetime_is_asked_about_each_time() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", page("a").with("etag", "\"v1\""));
        for fetches in 1..4 {
            assert_eq!(world.ask(get("/a")).await.text(), "a");
            assert_eq!(
                world.origin.fetches(),
                fetches,
                "Nothing says that it is fresh."
            );
        }
        assert!(world.origin.seen(3).headers().contains_key("if-none-match"));
    });
}

/// **E4** A 304 without a `Date` leaves none: the old one belongs to the old response.
#[test]
fn an_old_date_does_not_outlive_its_response() {
    live(|| {
        let held = lessons().with("date", &date(-30)).stored();
        let silent = page("").with("etag", "\"v1\"");
        let renewed = refreshed(&held, &silent.headers, at(100), at(100)).expect("the tags agree");
        assert_eq!(edge::freshness::age(&renewed, at(101)), seconds(1));
        let dated = silent.with("date", &date(99));
        let renewed = refreshed(&held, &dated.headers, at(100), at(100)).expect("the tags agree");
        assert_eq!(renewed.response.headers()["date"], date(99));
    });
}

/// **E4** A 304 to a client announces no body.
#[test]
fn a_304_to_a_client_has_no_length() {
    live(|| {
        let request = get("/").with("if-none-match", "\"v1\"");
        let answer = answered(&request, &lessons().stored(), 1);
        assert_eq!(
            (answer.status, answer.header("content-length")),
            (304, None)
        );
    });
}
