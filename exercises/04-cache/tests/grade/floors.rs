//! What a session remembers, and for how long.

use crate::world::{LESSON, TICK, TTL, lesson, pass};
use cache::session::Session;
use domain::Version;
use testbed::story;

/// **C6** A session has a floor for everything that it was told lately, however much that is.
#[test]
fn a_session_remembers_all_that_it_was_told() {
    story(|| async {
        let session = Session::new(TTL);
        for number in 0..500 {
            session.acknowledged(lesson(number), Version(number + 1));
        }
        for number in 0..500 {
            assert_eq!(
                session.floor(lesson(number)),
                Some(Version(number + 1)),
                "It was told of 500 lessons just now, and has forgotten number {number}."
            );
        }
    });
}

/// **C6** Each floor lasts by its own acknowledgement, whatever else the session is told, or was.
#[test]
fn each_floor_has_an_age_of_its_own() {
    story(|| async {
        let session = Session::new(TTL);
        for number in 0..200_u64 {
            session.acknowledged(lesson(number), Version(1));
            tokio::time::sleep(TTL / 20).await;
            for recent in number.saturating_sub(18)..=number {
                assert!(
                    session.floor(lesson(recent)).is_some(),
                    "A session was told of a lesson every twentieth of the bound. It has forgotten one \
                     that it was told of {} twentieths ago.",
                    number - recent + 1
                );
            }
        }
    });
}

/// **C6** A floor lasts to the last moment at which something older may be served, and that one is
/// within the bound.
#[test]
fn a_floor_is_there_at_the_bound_itself() {
    story(|| async {
        let session = Session::new(TTL);
        session.acknowledged(LESSON, Version(1));
        tokio::time::advance(TTL).await;
        assert!(
            session.floor(LESSON).is_some(),
            "What was loaded right before the acknowledgement may be served until the bound has passed, \
             and exactly then it may still be."
        );
    });
}

/// **C6** What becomes unnecessary takes no other floor with it, in a session that is told little.
#[test]
fn an_old_floor_takes_no_younger_one_with_it() {
    story(|| async {
        let session = Session::new(TTL);
        session.acknowledged(lesson(1), Version(1));
        pass(TTL + TTL / 2).await;
        session.acknowledged(lesson(2), Version(2));
        pass(TTL / 2 + 2 * TICK).await;
        session.acknowledged(lesson(3), Version(3));
        assert_eq!(
            session.floor(lesson(2)),
            Some(Version(2)),
            "It was told of lesson 2 half a bound ago. What it was told of lesson 1 is older than two, and \
             no reason to forget anything else."
        );
        assert_eq!(session.floor(lesson(1)), None);
    });
}
