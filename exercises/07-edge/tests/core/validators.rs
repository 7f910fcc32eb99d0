//! Asking whether a response has changed, and being asked.

use crate::world::{Answer, Page, With, at, at_once, cached, date, get, page, seconds};
use edge::freshness::{age, lifetime};
use edge::stored::Stored;
use edge::validators::{answer, question, refreshed};
use testbed::{live, note};
use web::Request;

fn answered(request: &Request, stored: &Stored, now: u64) -> Answer {
    let answer = at_once(Answer::of(answer(request, stored, at(now))));
    let asked = request.headers();
    note(format!(
        "asked {asked:?}, answered {} {:?}",
        answer.status, answer.headers
    ));
    answer
}

fn lessons() -> Page {
    cached("forty lessons", "max-age=60")
        .with("etag", "\"v1\"")
        .with("last-modified", &date(-500))
        .with("content-length", "13")
}

/// **E4** A held response is revalidated with its validators.
#[test]
fn the_origin_is_asked_with_the_validators_of_what_is_held() {
    live(|| {
        let held = lessons().stored();
        let asked = question(&get("/lessons").with("accept", "text/html"), Some(&held));
        let headers = asked.headers();
        assert_eq!(
            headers.get("if-none-match"),
            held.response.headers().get("etag"),
            "Without the tag of what is held the origin cannot say that it is unchanged."
        );
        assert_eq!(
            headers.get("if-modified-since"),
            held.response.headers().get("last-modified"),
            "An origin that knows no tags may know dates."
        );
        assert!(
            headers.contains_key("accept"),
            "Everything else is as the client sent it."
        );
        assert_eq!(asked.uri(), "/lessons");
    });
}

/// **E4** A client's own conditions are not passed on: the edge asks on behalf of everybody.
#[test]
fn a_clients_own_validators_do_not_reach_the_origin() {
    live(|| {
        let client = get("/lessons")
            .with("if-none-match", "\"mine\"")
            .with("if-modified-since", &date(-9));
        for held in [None, Some(page("a").stored())] {
            let asked = question(&client, held.as_ref());
            assert!(
                !asked.headers().contains_key("if-none-match")
                    && !asked.headers().contains_key("if-modified-since"),
                "The origin would answer 304 about something that the edge has never seen, and the \
                 edge would have nothing to give to other clients."
            );
        }
        let asked = question(&client, Some(&lessons().stored()));
        let tags: Vec<_> = asked.headers().get_all("if-none-match").iter().collect();
        assert_eq!(
            tags,
            ["\"v1\""],
            "The edge asks about what it holds itself, and nothing else."
        );
    });
}

/// **E4** A 304 makes the held response as fresh as a new one, with the same body.
#[test]
fn a_304_renews_what_is_held() {
    live(|| {
        let held = lessons().with("age", "50").with("x-old", "1").stored();
        let not_modified = page("")
            .with("etag", "\"v1\"")
            .with("cache-control", "max-age=90")
            .with("content-length", "0");
        let renewed = refreshed(&held, &not_modified.headers, at(100), at(101));
        let renewed = renewed.expect("it is about the held response: the tags are the same");
        assert_eq!(renewed.response.body(), "forty lessons");
        assert_eq!(
            lifetime(&renewed),
            seconds(90),
            "The 304's headers replace the old ones."
        );
        assert_eq!(
            age(&renewed, at(101)),
            seconds(1),
            "It was asked about at 100 s, and answered at 101 s. The old response's `Age` no longer \
             counts: the 304 has none."
        );
        assert!(
            renewed.response.headers().contains_key("x-old"),
            "What the 304 does not name stays."
        );
        assert_eq!(
            renewed.response.headers()["content-length"],
            "13",
            "A 304 has no body, and its length is not that of the held one."
        );
    });
}

/// **E3** Each answer has its age.
#[test]
fn an_answer_says_its_age() {
    live(|| {
        let stored = cached("a", "max-age=60").with("age", "7").stored();
        let answer = answered(&get("/"), &stored, 12);
        assert_eq!((answer.status, answer.text()), (200, "a"));
        assert_eq!(
            answer.header("age"),
            Some("19"),
            "7 s elsewhere and 12 s here: without `Age`, the next cache treats the answer as new."
        );
        assert_eq!(answer.headers.get_all("age").iter().count(), 1);
    });
}

/// **E4** A client that holds the same gets a 304 without a body.
#[test]
fn a_client_that_holds_the_same_gets_no_body() {
    live(|| {
        let held = lessons().stored();
        for tags in ["\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*"] {
            let answer = answered(&get("/").with("if-none-match", tags), &held, 5);
            assert_eq!(
                (answer.status, answer.text()),
                (304, ""),
                "The client has this one already: it asks with {tags}, and the held tag is \"v1\". A \
                 `W/` before a tag makes no difference to a reader, and `*` is any tag."
            );
            assert_eq!(
                answer.header("etag"),
                Some("\"v1\""),
                "A 304 has the tag of the response that it is about."
            );
        }
        let other = answered(&get("/").with("if-none-match", "\"v0\""), &held, 5);
        assert_eq!(
            (other.status, other.text()),
            (200, "forty lessons"),
            "The client has \"v0\", and this is \"v1\"."
        );
        let since = |seconds| get("/").with("if-modified-since", &date(seconds));
        assert_eq!(
            answered(&since(-500), &held, 5).status,
            304,
            "It has not changed since the date that the client names."
        );
        assert_eq!(
            answered(&since(-501), &held, 5).status,
            200,
            "It has changed one second after the date that the client has."
        );
        let both = since(-500).with("if-none-match", "\"v0\"");
        assert_eq!(
            answered(&both, &held, 5).status,
            200,
            "If there is a tag, the date does not count: two versions within one second have the same date."
        );
    });
}
