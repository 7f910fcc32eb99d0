//! A client, callers of all sorts, and a server in the test's hands.
//!
//! The model knows of each caller what it asked, what was sent to it, and which of its bytes have left.
//! Beside it there is no connection.

mod judging;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testbed::link::Carriage;
use testbed::stories;
use world::World;

/// What may happen next. A number picks one of those whom it may happen to.
#[derive(Clone, Debug)]
enum Event {
    /// Somebody calls, and waits.
    Call(usize),
    /// Somebody calls, is polled once, and does something else.
    Sleep(usize),
    /// A caller that slept looks whether there is an answer.
    Wake(usize),
    /// A caller gives up.
    Leave(usize),
    /// The server reads up to so many bytes.
    Read(usize),
    Reply(usize),
    Fail(usize),
    /// The server repeats what it has said to somebody, or says it to somebody who has left.
    Repeat(usize),
    /// The server replies to nobody, or to a call that is still to come.
    Stray(u64),
    /// Of the server's next message, only so many bytes are sent before the next event.
    Half(usize),
    /// Nothing for an hour.
    Hour,
    /// Everything gets as far as it can.
    Idle,
    End(Ending),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    Closes,
    Vanishes,
    Lies,
}

fn event() -> impl Strategy<Value = Event> {
    (0_u8..34, 0_usize..1000).prop_map(|(what, number)| match what {
        // A question of no bytes, of a few, or of more than most pipes hold.
        0..=5 => Event::Call([0, number % 60, 700][number % 3]),
        6..=7 => Event::Sleep(number % 60),
        8..=9 => Event::Wake(number),
        10..=12 => Event::Leave(number),
        13..=15 => Event::Read(1 + number % 30),
        16..=17 => Event::Read(4096),
        18..=22 => Event::Reply(number),
        23 => Event::Fail(number),
        24..=25 => Event::Repeat(number),
        26 => Event::Stray(number as u64),
        27 => Event::Half(1 + number % 19),
        28 => Event::Hour,
        _ => Event::Idle,
    })
}

fn ending() -> impl Strategy<Value = Option<Ending>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Ending::Closes)),
        2 => Just(Some(Ending::Vanishes)),
        1 => Just(Some(Ending::Lies)),
    ]
}

/// How often what matters has happened in all schedules together.
#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    left_half_sent: AtomicUsize,
    late_replies: AtomicUsize,
    in_advance: AtomicUsize,
    slept_through: AtomicUsize,
    split_replies: AtomicUsize,
    ended_half_sent: AtomicUsize,
    not_sent: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// **M4** Whatever calls, replies, cancellations, stalls and ends overlap: each caller gets its own answer or
/// the truth about its call, no frame is torn, and nothing is held in the end.
#[test]
fn any_schedule_gives_each_caller_its_answer_or_the_truth() {
    let seen = Arc::new(Seen::default());
    let cases = (
        vec(event(), 4..50),
        ending(),
        vec(event(), 0..6),
        prop_oneof![1_usize..64, Just(64 * 1024)],
        prop_oneof![1_usize..30, Just(usize::MAX)],
        any::<bool>(),
    );
    stories(cases, {
        let seen = Arc::clone(&seen);
        move |(mut events, ending, after, buffer_bytes, read_bytes, needs_flush)| {
            events.extend(ending.map(Event::End));
            events.extend(after);
            let carriage = Carriage {
                buffer_bytes,
                read_bytes,
                needs_flush,
            };
            let seen = Arc::clone(&seen);
            async move {
                let mut world = World::new(carriage, seen);
                for event in events {
                    world.happens(event).await;
                }
                world.ends().await;
            }
        }
    });
    for (what, counter) in [
        ("a call was answered", &seen.answered),
        (
            "a caller left while its frame was under way",
            &seen.left_half_sent,
        ),
        ("a reply came to a caller that had left", &seen.late_replies),
        ("a reply came before its call was made", &seen.in_advance),
        ("a caller slept through its reply", &seen.slept_through),
        ("a reply came in two parts", &seen.split_replies),
        ("the connection ended within a frame", &seen.ended_half_sent),
        ("a call was not sent", &seen.not_sent),
    ] {
        let times = counter.load(Ordering::Relaxed);
        assert!(
            times >= 5,
            "In all schedules together, {what} {times} times: too seldom to say that it was tried."
        );
    }
}
