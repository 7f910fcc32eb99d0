//! The corners of a call's time.

use crate::world::{Fate, KEY, TestTransport, done, ms, pass, settings, spend, timed};
use measure::client::CallError;
use outcome::backoff::Backoff;
use outcome::caller::{Caller, Settings};
use outcome::deadline::Deadline;
use outcome::knowledge::{Outcome, Reason};
use outcome::message::{Answer, Receipt};
use std::time::Duration;
use testbed::story;

/// **O4** A wait that would not end before the deadline is not begun.
#[test]
fn a_wait_that_leaves_no_time_is_not_begun() {
    story(|| async {
        let hours = Duration::from_secs(100_000);
        let patient = Settings {
            tries: 5,
            try_timeout: ms(100),
            backoff: Backoff {
                base: hours,
                cap: hours,
            },
        };
        let transport = TestTransport::with([Fate::Breaks(CallError::NotSent)]);
        let caller = Caller::new(transport, patient, 3);
        let call = caller.call(KEY, spend(30), Deadline::within(ms(1_000)));
        let (outcome, took) = timed(call).await;
        assert_eq!(outcome, Outcome::Failed(Reason::NotCarriedOut));
        assert_eq!(
            took,
            Duration::ZERO,
            "There was no time for another try, and that was clear at once. What is known could be said a \
             second earlier."
        );
    });
}

/// **O4** A call whose time is over before it begins sends nothing, and is known not to have happened.
#[test]
fn a_call_without_time_sends_nothing() {
    story(|| async {
        let transport = TestTransport::with([Fate::Answered(ms(0), done(70))]);
        let caller = Caller::new(transport.clone(), settings(3, ms(100)), 1);
        let deadline = Deadline::within(ms(10));
        pass(ms(10)).await;
        let outcome = caller.call(KEY, spend(30), deadline).await;
        assert_eq!(outcome, Outcome::Failed(Reason::NotCarriedOut));
        assert_eq!(transport.sent().len(), 0, "It was sent for nobody.");
    });
}

/// **O4** The last try ends at the deadline, and not at its own limit.
#[test]
fn a_try_does_not_outlast_the_call() {
    story(|| async {
        let transport = TestTransport::with([Fate::Silence]);
        let caller = Caller::new(transport.clone(), settings(1, ms(5_000)), 1);
        let call = caller.call(KEY, spend(30), Deadline::within(ms(300)));
        let (outcome, took) = timed(call).await;
        assert_eq!((outcome, took), (Outcome::Unknown, ms(300)));
    });
}

/// **O4** A reply that comes at the last moment counts.
#[test]
fn a_reply_just_in_time_counts() {
    story(|| async {
        let transport = TestTransport::with([Fate::Answered(ms(299), done(70))]);
        let caller = Caller::new(transport.clone(), settings(1, ms(300)), 1);
        let outcome = caller.call(KEY, spend(30), Deadline::within(ms(300))).await;
        assert_eq!(outcome, Outcome::Done(Receipt { balance: 70 }));
    });
}

/// **O6** An expired try is tried again while there is time, and says nothing about the try before it.
#[test]
fn an_expired_try_is_tried_again() {
    story(|| async {
        let expired = Fate::Answered(ms(1), Answer::Expired);
        let transport = TestTransport::with([expired.clone(), Fate::Answered(ms(1), done(70))]);
        let caller = Caller::new(transport, settings(3, ms(100)), 1);
        let deadline = || Deadline::within(ms(2_000));
        let outcome = caller.call(KEY, spend(30), deadline()).await;
        assert_eq!(outcome, Outcome::Done(Receipt { balance: 70 }));
        let transport = TestTransport::with([Fate::Silence, expired]);
        let caller = Caller::new(transport, settings(3, ms(100)), 1);
        let outcome = caller.call(KEY, spend(30), deadline()).await;
        assert_eq!(
            outcome,
            Outcome::Unknown,
            "The later tries came too late and did nothing. The first was in time, and got no reply."
        );
    });
}

/// **O6** The waits of a call grow from try to try, and callers do not come back at the same moments.
#[test]
fn the_waits_of_a_call_grow_and_differ_between_callers() {
    story(|| async {
        let mut times = Vec::new();
        for seed in 1..=20 {
            let transport = TestTransport::with([Fate::Breaks(CallError::NotSent)]);
            let wide = Settings {
                backoff: Backoff {
                    base: ms(1_000),
                    cap: ms(8_000),
                },
                ..settings(6, ms(100))
            };
            let caller = Caller::new(transport.clone(), wide, seed);
            caller
                .call(KEY, spend(30), Deadline::within(ms(3_600_000)))
                .await;
            assert_eq!(
                transport.sent().len(),
                6,
                "It may try six times, and has an hour."
            );
            times.push(transport.times_ms());
        }
        let last_waits: Vec<_> = times.iter().map(|times| times[5] - times[4]).collect();
        assert!(
            last_waits.iter().any(|&wait| wait >= 4_000),
            "After the fifth try twenty callers waited {last_waits:?} ms, and none of them half of 8 000. Give \
             the backoff the number of the try."
        );
        let all = times.len();
        times.sort();
        times.dedup();
        assert_eq!(
            times.len(),
            all,
            "Some callers with different seeds tried at the same moments: {times:?} ms."
        );
    });
}
