//! Ages and lifetimes that cannot be trusted.

use crate::world::{With, World, at, cached, date, get, page, pass, seconds};
use edge::freshness::{age, fresh_enough, lifetime};
use std::time::Duration;
use testbed::{live, story};

const OLDER: &str = "The response is older than the edge computes, and is served for longer than its \
                     origin allows.";

/// **E3** An `Expires` in the past, or one that is not a date, is a lifetime of zero.
#[test]
fn an_expires_that_is_over_or_no_date_is_no_lifetime() {
    live(|| {
        for expires in ["0", "-1", "never", &date(-30)] {
            let page = page("a").with("date", &date(0)).with("expires", expires);
            assert_eq!(
                lifetime(&page.stored()),
                seconds(0),
                "`Expires: {expires}` means that the lifetime is over already."
            );
        }
        let zero = cached("a", "max-age=0").with("expires", &date(30));
        assert_eq!(
            lifetime(&zero.stored()),
            seconds(0),
            "`max-age=0` states a lifetime, so `Expires` does not count."
        );
        let slow = page("a")
            .with("expires", &date(30))
            .stored_after(&get("/"), seconds(20));
        assert_eq!(
            lifetime(&slow),
            seconds(10),
            "Without a `Date` it counts as made when it was received, 20 s after it was requested."
        );
        let dateless = page("a").with("expires", &date(30));
        assert_eq!(
            lifetime(&dateless.stored()),
            seconds(30),
            "Without a `Date` the response counts as made when it was received."
        );
    });
}

/// **E3** An `Age` that cannot be read, or is absurdly large, makes a response old, never young.
#[test]
fn an_absurd_age_is_very_old() {
    live(|| {
        let aged = |value: &str| cached("a", "max-age=600").with("age", value).stored();
        for value in ["abc", "-5", "+5", "1.5", "", "99999999999999999999999999"] {
            assert!(
                !fresh_enough(&get("/"), &aged(value), at(0)),
                "{OLDER} `Age: {value}` cannot be relied on."
            );
        }
        assert!(fresh_enough(&get("/"), &aged("599"), at(0)));
    });
}

/// **E3** Two `Age` lines, or a list, cannot be relied on.
#[test]
fn an_age_in_two_values_is_very_old() {
    live(|| {
        for page in [
            cached("a", "max-age=600").with("age", "1").with("age", "2"),
            cached("a", "max-age=600").with("age", "1, 2"),
        ] {
            assert!(!fresh_enough(&get("/"), &page.stored(), at(0)), "{OLDER}");
        }
    });
}

/// **E3** No number, however large, makes a time overflow.
#[test]
fn the_largest_numbers_are_numbers() {
    live(|| {
        let most = u64::MAX.to_string();
        let stored = cached("a", &format!("max-age={most}"))
            .with("age", &most)
            .stored();
        assert!(age(&stored, at(0)) >= seconds(1 << 31));
        assert!(lifetime(&stored) >= seconds(1 << 31));
        assert!(!fresh_enough(&get("/"), &stored, at(5)));
        let eternal = cached("a", &format!("max-age={most}")).stored();
        assert!(fresh_enough(&get("/"), &eternal, at(1_000_000_000)));
        let since_ever = page("a")
            .with("date", "Thu, 01 Jan 1970 00:00:00 GMT")
            .stored();
        assert!(age(&since_ever, at(0)) >= seconds(1_000_000_000));
    });
}

/// **E3** A clock that steps back makes no response younger than its time in transit.
#[test]
fn a_clock_that_steps_back_makes_nothing_younger() {
    live(|| {
        let stored = cached("a", "max-age=60").stored_after(&get("/"), seconds(20));
        assert_eq!(age(&stored, at(3)), seconds(20));
    });
}

/// **E3** Parts of a second count: after 60.5 s a lifetime of a minute is over.
#[test]
fn parts_of_seconds_count() {
    live(|| {
        let stored = cached("a", "max-age=60").stored();
        let request = get("/").with("cache-control", "max-age=10");
        let half = Duration::from_millis(500);
        assert!(fresh_enough(&get("/"), &stored, at(59) + half));
        assert!(!fresh_enough(&get("/"), &stored, at(60) + half));
        assert!(!fresh_enough(&request, &stored, at(10) + half));
    });
}

/// **E3** A slow fetch brings an old answer: its time in transit counts, for waiting requests as well.
#[test]
fn a_slow_fetch_brings_an_old_answer() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("a", "max-age=20"));
        world.origin.hold();
        let slow = world.start(get("/a")).await;
        pass(seconds(15)).await;
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(slow.answer().await.header("age"), Some("15"));
        pass(seconds(4)).await;
        world.ask(get("/a")).await;
        assert_eq!(
            world.origin.fetches(),
            1,
            "It is 19 s old, and good for 20."
        );
        pass(seconds(1)).await;
        world.ask(get("/a")).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "{OLDER} It was requested 20 s ago: that it took 15 s to arrive makes it no younger."
        );
    });
}

/// **E3** Time in another cache makes a response older, and its answer includes that.
#[test]
fn an_age_adds_up_along_the_way() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/a", cached("a", "max-age=60").with("age", "50"));
        world.ask(get("/a")).await;
        pass(seconds(5)).await;
        assert_eq!(world.ask(get("/a")).await.header("age"), Some("55"));
        pass(seconds(5)).await;
        world.ask(get("/a")).await;
        assert_eq!(world.origin.fetches(), 2, "{OLDER}");
    });
}

/// **E3** The time in transit counts once: it is not added to the time since `Date`.
#[test]
fn the_way_here_counts_once() {
    live(|| {
        let dated = cached("a", "max-age=60").with("date", &date(0));
        let stored = dated.stored_after(&get("/"), seconds(20));
        assert_eq!(
            age(&stored, at(20)),
            seconds(20),
            "By its own `Date` it was made at 0 s, and it was received at 20 s: both count the same 20 s."
        );
        let late = cached("a", "max-age=60").with("date", &date(15));
        assert_eq!(
            age(&late.stored_after(&get("/"), seconds(20)), at(20)),
            seconds(20),
            "{OLDER} A `Date` during the transit makes no response younger."
        );
    });
}
