//! Tries, within a deadline.

use crate::world::{Fate, KEY, TestTransport, done, ms, pass, settings, spend, timed};
use measure::client::CallError;
use outcome::backoff::Backoff;
use outcome::caller::Caller;
use outcome::deadline::Deadline;
use outcome::knowledge::{Outcome, Reason};
use outcome::message::{Answer, Key, Receipt, Refusal};
use std::time::Duration;
use testbed::{live, note, scene, story};

const JUST_BELOW_ONE: f64 = 0.999;

/// **O6** The waits double up to a limit, and those of many callers are spread.
#[test]
fn waits_grow_and_are_spread() {
    live(|| {
        let backoff = Backoff {
            base: ms(100),
            cap: ms(1_000),
        };
        for (number, step) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1_000),
            (40, 1_000),
        ] {
            note(format!("the wait after try {number} is computed"));
            let wait = backoff.wait(number, JUST_BELOW_ONE);
            assert!(
                wait <= ms(step),
                "After try {number} the wait is at most {step} ms, and was {wait:?}."
            );
            assert!(
                wait >= ms(step) / 2,
                "After try {number}, with jitter near 1, the wait was {wait:?}. At least half of {step} ms \
                 was to be expected: waits that do not grow hit a server that is down as often as one that \
                 is up."
            );
            let least = backoff.wait(number, 0.0);
            assert!(
                least <= wait.mul_f64(0.51),
                "After try {number} all waits are between {least:?} and {wait:?}. What broke did so for a \
                 thousand callers at once, and now they all come back at once. Spread them over at least \
                 half of the wait."
            );
        }
    });
}

/// **O6** **O8** What is not known is tried again, with the same key, and then it is known.
#[test]
fn what_is_not_known_is_tried_again_with_the_same_key() {
    story(|| async {
        let transport = TestTransport::with([
            Fate::Breaks(CallError::NotSent),
            Fate::Silence,
            Fate::Breaks(CallError::Failed),
            Fate::Breaks(CallError::Unknown),
            Fate::Crossed(Key(8), done(5)),
            Fate::Answered(ms(5), done(70)),
        ]);
        let caller = Caller::new(transport.clone(), settings(10, ms(100)), 1);
        let outcome = caller
            .call(KEY, spend(30), Deadline::within(ms(2_000)))
            .await;
        let sent = transport.sent();
        assert!(
            sent.iter().all(|sent| sent.request.key == KEY),
            "The tries have different keys. For the wallet they are then different wishes, and each is \
             carried out."
        );
        assert!(
            sent.iter().all(|sent| sent.request.command == spend(30)),
            "All tries want the same."
        );
        assert_eq!(
            outcome,
            Outcome::Done(Receipt { balance: 70 }),
            "Five tries told nothing certain, and there was time for the sixth. Another try is how a caller \
             finds out."
        );
        assert_eq!(sent.len(), 6, "Once it is known, it is not tried again.");
    });
}

/// **O6** What the wallet has refused is not tried again.
#[test]
fn what_was_refused_is_not_tried_again() {
    story(|| async {
        for refusal in [Refusal::Invalid, Refusal::NotEnough, Refusal::KeyReused] {
            scene(format!("the wallet will say {refusal:?}"));
            let transport = TestTransport::with([Fate::Answered(ms(5), Answer::Refused(refusal))]);
            let caller = Caller::new(transport.clone(), settings(5, ms(100)), 1);
            let outcome = caller
                .call(KEY, spend(30), Deadline::within(ms(2_000)))
                .await;
            assert_eq!(
                outcome,
                Outcome::Failed(Reason::Refused(refusal)),
                "The wallet has decided, and its caller wants to know why."
            );
            assert_eq!(
                transport.sent().len(),
                1,
                "{refusal:?} is a decision, and the same question gets the same one. Asking again only \
                 costs."
            );
        }
    });
}

/// **O4** A call ends by its deadline, however many tries it might have.
#[test]
fn a_call_ends_by_its_deadline() {
    story(|| async {
        let transport = TestTransport::with([Fate::Silence]);
        let caller = Caller::new(transport.clone(), settings(1_000, ms(300)), 1);
        let call = caller.call(KEY, spend(30), Deadline::within(ms(1_000)));
        let (outcome, took) = timed(call).await;
        assert_eq!(
            outcome,
            Outcome::Unknown,
            "Tries were sent, and none got a reply."
        );
        assert!(
            took <= ms(1_000),
            "The caller has 1 s, and was answered after {took:?}. A limit for each try is not a limit for \
             the call."
        );
        assert!(
            took >= ms(900),
            "The call gave up after {took:?}, with time left for another try."
        );
        pass(Duration::from_secs(3_600)).await;
        assert!(
            transport.sent().iter().all(|sent| sent.at < ms(1_000)),
            "A try was sent when no time was left: {:?} ms.",
            transport.times_ms()
        );
    });
}

/// **O4** A try is given up after its own limit, so that there is time for another one.
#[test]
fn a_try_has_a_limit_of_its_own() {
    story(|| async {
        let transport = TestTransport::with([Fate::Silence, Fate::Answered(ms(5), done(70))]);
        let caller = Caller::new(transport.clone(), settings(2, ms(250)), 1);
        let call = caller.call(KEY, spend(30), Deadline::within(ms(2_000)));
        let (outcome, took) = timed(call).await;
        assert_eq!(
            outcome,
            Outcome::Done(Receipt { balance: 70 }),
            "The first try got no reply. A caller that waits for it until the deadline never finds out \
             that the second would have been answered."
        );
        assert!(
            transport.sent()[1].at >= ms(250) && took <= ms(250 + 10 + 5),
            "The first try has 250 ms, the wait after it at most 10: the tries were sent at {:?} ms.",
            transport.times_ms()
        );
    });
}

/// **O5** Each try carries what is left of the call, not of the try.
#[test]
fn each_try_carries_what_is_left_of_the_call() {
    story(|| async {
        let transport = TestTransport::with([Fate::Silence]);
        let caller = Caller::new(transport.clone(), settings(4, ms(250)), 1);
        caller
            .call(KEY, spend(30), Deadline::within(ms(2_000)))
            .await;
        let sent = transport.sent();
        assert!(sent.len() > 1, "A try without a reply is tried again.");
        for sent in sent {
            let left = ms(2_000).saturating_sub(sent.at);
            let passed_on = ms(sent.request.left_ms);
            assert!(
                passed_on <= left,
                "At {:?} the caller passed on {passed_on:?}, and had {left:?}.",
                sent.at
            );
            assert!(
                passed_on + ms(1) >= left,
                "At {:?} the caller passed on {passed_on:?}, but the call has {left:?} left. When a try is \
                 given up, the wish is not: the next try will ask for the same.",
                sent.at
            );
        }
    });
}

/// **O6** There is a last try, and no wait after it.
#[test]
fn there_is_a_last_try() {
    story(|| async {
        let transport = TestTransport::with([Fate::Breaks(CallError::NotSent)]);
        let caller = Caller::new(transport.clone(), settings(4, ms(100)), 1);
        let call = caller.call(KEY, spend(30), Deadline::within(Duration::from_secs(3_600)));
        let (outcome, took) = timed(call).await;
        assert_eq!(
            transport.sent().len(),
            4,
            "The settings allow four tries in all, the first included."
        );
        assert_eq!(
            outcome,
            Outcome::Failed(Reason::NotCarriedOut),
            "No try was ever sent, and that is certain."
        );
        let last = transport.sent()[3].at;
        assert_eq!(
            took, last,
            "Nothing comes after the last try, and its caller waits."
        );
    });
}

/// **O3** A try that was not sent does not make the ones before it harmless.
#[test]
fn a_failure_at_the_end_does_not_hide_an_unknown_try() {
    story(|| async {
        let transport = TestTransport::with([Fate::Silence, Fate::Breaks(CallError::NotSent)]);
        let caller = Caller::new(transport.clone(), settings(3, ms(100)), 1);
        let outcome = caller
            .call(KEY, spend(30), Deadline::within(ms(2_000)))
            .await;
        assert_eq!(
            transport.sent().len(),
            3,
            "It is tried as often as it may be."
        );
        assert_eq!(
            outcome,
            Outcome::Unknown,
            "The last two tries were not sent. The first was, and got no reply: it may have happened."
        );
        let transport = TestTransport::with([Fate::Crossed(Key(8), done(7)), Fate::Silence]);
        let caller = Caller::new(transport, settings(1, ms(100)), 1);
        let outcome = caller
            .call(KEY, spend(30), Deadline::within(ms(2_000)))
            .await;
        assert_eq!(
            outcome,
            Outcome::Unknown,
            "The reply that came belongs to another call."
        );
    });
}

/// **O4** When the caller leaves, its tries end.
#[test]
fn a_caller_that_leaves_stops_trying() {
    story(|| async {
        let transport = TestTransport::with([Fate::Silence]);
        let caller = Caller::new(transport.clone(), settings(1_000, ms(100)), 1);
        let call = caller.call(KEY, spend(30), Deadline::within(Duration::from_secs(3_600)));
        let left = tokio::time::timeout(ms(350), call).await;
        assert!(left.is_err(), "Nothing was answered.");
        let tries = transport.sent().len();
        assert!(tries > 1, "It was tried again meanwhile.");
        note("the caller leaves");
        pass(Duration::from_secs(3_600)).await;
        assert_eq!(
            transport.sent().len(),
            tries,
            "The caller has left, and its request is tried still. Such a try works for nobody, and has \
             nobody to end it."
        );
    });
}
