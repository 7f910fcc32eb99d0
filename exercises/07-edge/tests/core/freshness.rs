//! How old a response is, and how old it may be.

use crate::world::{Page, With, at, cached, date, get, page, seconds};
use edge::freshness::{age, fresh_enough, lifetime};
use testbed::live;

const OLDER: &str = "The response is older than the edge computes, and is served for longer than its \
                     origin allows.";

/// **E3** A shared cache goes by `s-maxage`, then `max-age`, then `Expires`; and guesses nothing.
#[test]
fn a_lifetime_is_stated_and_never_guessed() {
    live(|| {
        let of = |page: Page| lifetime(&page.stored());
        assert_eq!(of(cached("a", "max-age=60")), seconds(60));
        assert_eq!(
            of(cached("a", "max-age=60, s-maxage=10")),
            seconds(10),
            "`s-maxage` is meant for shared caches, and this is one."
        );
        let expiring = page("a").with("date", &date(0)).with("expires", &date(30));
        assert_eq!(of(expiring.clone()), seconds(30));
        assert_eq!(
            of(expiring.with("cache-control", "max-age=5")),
            seconds(5),
            "`max-age` overrides `Expires`."
        );
        let old = page("a").with("last-modified", &date(-1_000_000));
        assert_eq!(
            of(old),
            seconds(0),
            "No lifetime is stated. That it has not changed for a long time does not promise that it will not."
        );
    });
}

/// **E3** An age includes the time in transit, and the time in other caches.
#[test]
fn an_age_counts_the_way_here_and_what_others_kept() {
    live(|| {
        let slow = cached("a", "max-age=60").stored_after(&get("/"), seconds(20));
        assert_eq!(
            age(&slow, at(20)),
            seconds(20),
            "{OLDER} The origin may have made it when it was asked, 20 s before it arrived."
        );
        let passed_on = cached("a", "max-age=60").with("age", "40");
        let passed_on = passed_on.stored_after(&get("/"), seconds(2));
        assert_eq!(
            age(&passed_on, at(5)),
            seconds(45),
            "{OLDER} Another cache had it for 40 s, it was in transit for 2 s, and 3 s have passed."
        );
    });
}

/// **E3** A `Date` shows an age that no `Age` has counted, and a clock that is ahead subtracts nothing.
#[test]
fn a_date_may_show_that_it_is_older_and_never_that_it_is_younger() {
    live(|| {
        let dated = |made: i64| {
            cached("a", "max-age=600")
                .with("date", &date(made))
                .stored()
        };
        assert_eq!(
            age(&dated(-100), at(1)),
            seconds(101),
            "{OLDER} By its own `Date` it was made 100 s before it arrived."
        );
        assert_eq!(
            age(&dated(100), at(1)),
            seconds(1),
            "Its `Date` is 100 s in the future, so the origin's clock is ahead. That makes no response \
             younger than its time in transit."
        );
    });
}

/// **E3** A response is fresh while it is younger than its lifetime, and not at its end.
#[test]
fn what_reaches_its_lifetime_is_no_longer_fresh() {
    live(|| {
        let stored = cached("a", "max-age=60").stored();
        assert!(
            fresh_enough(&get("/"), &stored, at(59)),
            "It is 59 s old, and its origin has allowed 60 s."
        );
        assert!(
            !fresh_enough(&get("/"), &stored, at(60)),
            "It is 60 s old, so its lifetime of 60 s is over. A response is fresh while it is \
             *younger* than its lifetime; otherwise `max-age=0` would be fresh for a moment."
        );
        let checked = cached("a", "no-cache, max-age=60").stored();
        assert!(
            !fresh_enough(&get("/"), &checked, at(0)),
            "`no-cache` does not forbid keeping it. It forbids using it without asking the origin."
        );
    });
}

/// **E3** A client may ask for something fresher, and never gets something staler by doing so.
#[test]
fn a_client_may_ask_for_something_fresher() {
    live(|| {
        let stored = cached("a", "max-age=60").stored();
        let asks = |directive: &str| get("/").with("cache-control", directive);
        let fresh = |directive: &str, now| fresh_enough(&asks(directive), &stored, at(now));
        assert!(
            fresh("max-age=10", 10),
            "The client wants nothing older than ten seconds, and it is exactly ten seconds old."
        );
        assert!(
            !fresh("max-age=10", 11),
            "The client wants nothing older than that."
        );
        assert!(
            fresh("min-fresh=20", 40),
            "It has 20 s left, and the client wants at least 20 s."
        );
        assert!(!fresh("min-fresh=20", 41), "It has only 19 s left.");
        assert!(
            !fresh("no-cache", 1),
            "The client wants the origin to be asked."
        );
        assert!(
            !fresh("max-age=600", 60),
            "A client cannot extend a lifetime that the origin has set."
        );
    });
}
