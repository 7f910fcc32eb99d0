//! What a session remembers, for how long, and what a read makes of it.

use crate::world::{LESSON, PLAIN, TICK, TTL, World, pass, roomy, session_told, settle};
use cache::session::Session;
use domain::{LessonKey, Version};
use proptest::prelude::*;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{note, stories, story};
use tokio::time::Instant;

/// Something that happens to a session.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// It is told of a version of a lesson.
    Told { lesson: usize, version: usize },
    /// It is told of so many other lessons.
    ToldMuch { lessons: u64 },
    /// So many quarters of a minute pass, and a nanosecond more, perhaps.
    Pass { quarters: u32, more: bool },
}

/// Lessons whose numbers are easily mixed up.
const KEYS: [LessonKey; 4] = [
    LESSON,
    LessonKey::new(2, 1),
    LessonKey::new(1, 2),
    LessonKey::new(1 + (1 << 32), 1),
];

const VERSIONS: [u64; 6] = [1, 2, 3, 1 << 32, (1 << 32) + 1, u64::MAX];

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..KEYS.len(), 0..VERSIONS.len())
            .prop_map(|(lesson, version)| Event::Told { lesson, version }),
        1 => (1..60_u64).prop_map(|lessons| Event::ToldMuch { lessons }),
        4 => (0..6_u32, any::<bool>()).prop_map(|(quarters, more)| Event::Pass { quarters, more }),
    ]
}

/// What a session was told, and when.
type Told = (LessonKey, Version, Instant);

/// **C6** Whatever a session is told in whatever order, each acknowledgement counts for the staleness bound, that
/// moment included. The floor is no lower than the highest that counts, and there is none where none counts.
#[test]
fn each_acknowledgement_counts_for_the_bound() {
    let bounds = prop_oneof![
        8 => Just(TTL),
        1 => Just(Duration::ZERO),
        1 => Just(Duration::MAX),
        1 => Just(Duration::from_secs(u64::MAX)),
    ];
    let cases = (bounds, prop::collection::vec(event(), 1..30));
    stories(cases, |(bound, events)| async move {
        note(format!("a session has the staleness bound {bound:?}"));
        let session = Session::new(bound);
        let mut told: Vec<Told> = Vec::new();
        for event in events {
            note(format!("{event:?}"));
            let mut tell = |key, version| {
                session.acknowledged(key, version);
                told.push((key, version, Instant::now()));
            };
            match event {
                Event::Told { lesson, version } => tell(KEYS[lesson], Version(VERSIONS[version])),
                Event::ToldMuch { lessons } => {
                    for number in 0..lessons {
                        tell(LessonKey::new(7, number), Version(1 + number));
                    }
                }
                Event::Pass { quarters, more } => {
                    let more = Duration::from_nanos(more.into());
                    tokio::time::advance(TTL / 4 * quarters + more).await;
                }
            }
            check(&session, bound, &told);
        }
    });
}

/// Compares the floor of each lesson with what was told of it.
fn check(session: &Session, bound: Duration, told: &[Told]) {
    let now = Instant::now();
    let others = (0..60).map(|number| LessonKey::new(7, number));
    for key in KEYS.into_iter().chain(others) {
        let of_key = told.iter().filter(|(told, ..)| *told == key);
        let highest = of_key.clone().map(|(_, version, _)| *version).max();
        let counts = of_key.filter(|(_, _, at)| now - *at <= bound);
        let least = counts.map(|(_, version, _)| *version).max();
        let floor = session.floor(key);
        assert!(
            floor >= least && floor <= highest && floor.is_some() == least.is_some(),
            "The floor of {key:?} is {floor:?}. The highest version that was acknowledged within the bound, its last \
             moment included, is {least:?}, and the highest that ever was is {highest:?}. Each acknowledgement counts \
             for a bound of its own, whatever else the session is told before or after it."
        );
    }
}

/// **C8** However long a session lives, it holds little more than what it was told within the last two bounds; also
/// after a busy hour.
#[test]
fn a_session_forgets_what_counts_no_more() {
    story(|| async {
        let session = Session::new(TTL);
        let watch = Watch::start();
        let small = |what| {
            let grown = watch.grown_bytes();
            assert!(
                grown <= 16 * 1024,
                "{what} It holds {grown} bytes, and 16384 are plenty for that."
            );
        };
        for lesson in 0..5_000 {
            session.acknowledged(LessonKey::new(1, lesson), Version(1));
            tokio::time::sleep(TTL / 20).await;
        }
        small("The session was told of 5000 lessons, and of 40 within the last two bounds.");
        pass(TTL / 4 * 3).await;
        for lesson in 0..10_000 {
            session.acknowledged(LessonKey::new(2, lesson), Version(1));
        }
        // A look for what counts no more finds that all of this does.
        pass(TTL / 4 * 3).await;
        session.acknowledged(LESSON, Version(1));
        pass(3 * TTL).await;
        session.acknowledged(LESSON, Version(1));
        small(
            "The session was told of one lesson within the last two bounds, and of 10000 in a busy hour before.",
        );
    });
}

/// **C6** What counts when a read begins, the session's floor and the age of a value, counts for that read, however
/// long it takes.
#[test]
fn a_floor_that_runs_out_during_a_read_holds_for_it() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let stranger = world.start(LESSON).await;
        let version = world.authority.change(LESSON);
        let told = session_told(LESSON, version);
        let own = world.start_in(LESSON, &told).await;
        pass(TTL + TICK).await;
        let late = world.start(LESSON).await;
        world.authority.release(2);
        assert_eq!(late.answer().await, Ok(2), "{PLAIN}");
        pass(TTL + TICK).await;
        world.authority.release(1);
        settle().await;
        world.let_all_go().await;
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
        assert_eq!(
            (own.answer().await, world.loads()),
            (Ok(2), 2),
            "When its read began the session had been told of version 2 a moment ago. The load that it joined took \
             two bounds, and brought version 1. Meanwhile load 2 has brought version 2. It began after this read \
             did, and so is fresh to it, however long the read has waited (the second number counts the loads)."
        );
    });
}
