//! When a stale response may be served.

use crate::world::{With, at, cached, get};
use edge::decision::{Decision, decide, instead_of_an_error};
use edge::stored::Stored;
use testbed::live;
use web::Request;

fn asks(directives: &str) -> Request {
    get("/").with("cache-control", directives)
}

fn kept(directives: &str) -> Stored {
    cached("a", directives).stored()
}

/// The decision for a plain request, after this many seconds.
fn decided(stored: &Stored, now: u64) -> Decision {
    decide(&get("/"), Some(stored), at(now))
}

const TOO_OLD: &str = "An answer is served that is older than its origin allows.";

/// **E3** With nothing stored the origin answers; a fresh response is served; a stale one is
/// revalidated.
#[test]
fn what_is_fresh_is_served_and_what_is_stale_is_asked_about() {
    live(|| {
        assert_eq!(
            decide(&get("/"), None, at(0)),
            Decision::Forward,
            "Nothing is stored."
        );
        let stored = kept("max-age=60");
        assert_eq!(
            decided(&stored, 59),
            Decision::Serve,
            "It is 59 s old, and its origin has allowed 60 s."
        );
        assert_eq!(
            decided(&stored, 60),
            Decision::Revalidate,
            "{TOO_OLD} Its 60 s are over, and no directive allows more."
        );
    });
}

/// **E3** Within `stale-while-revalidate` a stale answer is served, and the origin is asked meanwhile.
#[test]
fn a_stale_answer_is_served_while_it_is_revalidated() {
    live(|| {
        let stored = kept("max-age=60, stale-while-revalidate=30");
        assert_eq!(decided(&stored, 59), Decision::Serve, "It is fresh.");
        assert_eq!(
            decided(&stored, 60),
            Decision::ServeAndRevalidate,
            "It has just become stale. The client need not wait for the origin, but the origin has to be asked."
        );
        assert_eq!(
            decided(&stored, 90),
            Decision::ServeAndRevalidate,
            "It has been fresh for 60 s and stale for 30 s, and `stale-while-revalidate=30` allows that: \
             the window opens where the lifetime ends, and its last moment belongs to it."
        );
        assert_eq!(
            decided(&stored, 91),
            Decision::Revalidate,
            "{TOO_OLD} It has been stale for 31 s, and 30 s were allowed."
        );
        assert_eq!(
            decide(&asks("max-age=30"), Some(&stored), at(70)),
            Decision::Revalidate,
            "The client wants nothing older than 30 s, and this is 70 s old. The window is the \
             origin's permission, but the client has declined it."
        );
    });
}

/// **E3** With `must-revalidate`, `proxy-revalidate`, `s-maxage` or `no-cache` nothing stale is served.
#[test]
fn what_must_be_revalidated_is_never_served_stale() {
    live(|| {
        for strict in [
            "must-revalidate",
            "proxy-revalidate",
            "s-maxage=60",
            "no-cache",
        ] {
            let windows = "max-age=60, stale-while-revalidate=30, stale-if-error=30";
            let stored = kept(&format!("{windows}, {strict}"));
            assert_eq!(
                decided(&stored, 61),
                Decision::Revalidate,
                "{TOO_OLD} `{strict}` overrides the windows."
            );
            let stale = asks("max-stale=100");
            assert_eq!(
                decide(&stale, Some(&stored), at(61)),
                Decision::Revalidate,
                "{TOO_OLD} A client's `max-stale` does not override `{strict}`."
            );
            assert!(
                !instead_of_an_error(&get("/"), &stored, at(61)),
                "{TOO_OLD} With `{strict}` an error is the better answer."
            );
        }
    });
}

/// **E3** When the origin fails, a stale answer is better than none, for as long as `stale-if-error`
/// allows.
#[test]
fn a_stale_answer_replaces_an_error_within_its_bound() {
    live(|| {
        let stored = kept("max-age=60, stale-if-error=600");
        let plain = |now| instead_of_an_error(&get("/"), &stored, at(now));
        assert!(
            plain(660),
            "It has been stale for 600 s, and that is allowed."
        );
        assert!(
            !plain(661),
            "{TOO_OLD} Beyond the bound an error is the honest answer."
        );
        assert!(
            instead_of_an_error(&asks("max-age=0"), &stored, at(100)),
            "A page is reloaded with the origin down: the old one is better than none."
        );
        assert!(
            !instead_of_an_error(&asks("no-cache"), &stored, at(1)),
            "With `no-cache` the client asks for the origin's own answer, so it gets the error."
        );
        let silent = kept("max-age=60");
        assert!(
            instead_of_an_error(&asks("max-age=0"), &silent, at(59)),
            "It is 59 s old and good for 60: a fresh response needs no window to replace an error."
        );
        assert!(
            !instead_of_an_error(&get("/"), &silent, at(60)),
            "{TOO_OLD} It was good for 60 s, they are over, and nothing allows serving it stale."
        );
    });
}
