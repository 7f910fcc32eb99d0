//! What others claim, and what cannot be.

use crate::world::{ADA, KEY, TestBooks, done, grant, ms, spend};
use bytes::Bytes;
use measure::server::Handler;
use outcome::backoff::Backoff;
use outcome::deadline::{Deadline, LONGEST};
use outcome::knowledge::{Ended, Told, told};
use outcome::message::{Answer, Key, Refusal, Reply, Request, from_bytes, to_bytes};
use outcome::wallet::Wallet;
use std::time::Duration;
use testbed::{live, note, story};

/// **O5** No number that a peer sends as its time causes a panic, or work without end.
#[test]
fn a_claim_of_a_peer_overflows_nothing() {
    story(|| async {
        for claim in [Duration::MAX, Duration::from_millis(u64::MAX), LONGEST * 2] {
            note(format!("a peer says that it has {claim:?}"));
            let deadline = Deadline::within(claim);
            assert_eq!(
                deadline.left(),
                Some(LONGEST),
                "{claim:?} is a claim from outside: it is bounded before it is added to an instant."
            );
        }
        assert_eq!(Deadline::within(Duration::ZERO).left(), None);
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Wallet::open(books.clone());
        let request = to_bytes(&Request {
            key: KEY,
            left_ms: u64::MAX,
            command: spend(30),
        });
        let reply = wallet.handle(request).await.expect("an answer");
        let reply: Reply = from_bytes(&reply).expect("a `Reply`");
        assert_eq!((reply.key, reply.answer), (KEY, done(70)));
    });
}

/// **O6** No number of tries makes a wait overflow, and more jitter never makes it shorter.
#[test]
fn no_number_of_tries_overflows() {
    live(|| {
        for (base, cap) in [
            (ms(100), ms(1_000)),
            (ms(1), Duration::MAX),
            (ms(700), ms(100)),
            (Duration::ZERO, ms(100)),
        ] {
            let backoff = Backoff { base, cap };
            for number in [1, 2, 31, 32, 33, 64, 65, u32::MAX] {
                let waits = [0.0, 0.25, 0.5, 0.75].map(|jitter| backoff.wait(number, jitter));
                assert!(waits.is_sorted(), "{backoff:?}, try {number}: {waits:?}");
                assert!(waits[3] <= cap, "{backoff:?}, try {number}: {waits:?}");
            }
        }
    });
}

/// **O1** Bytes that are no request are not answered, and the books are not asked.
#[test]
fn what_is_no_request_changes_nothing() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Wallet::open(books.clone());
        let whole = to_bytes(&Request {
            key: KEY,
            left_ms: 1_000,
            command: spend(30),
        });
        let longer = Bytes::from([&whole[..], &[0]].concat());
        for bytes in [Bytes::new(), whole.slice(..whole.len() - 1), longer] {
            let answer = wallet.handle(bytes).await;
            assert!(
                answer.is_err(),
                "These bytes are no request, and were answered with {answer:?}."
            );
        }
        assert_eq!(books.asked(), 0, "There was nothing to ask the books.");
        assert!(wallet.handle(whole).await.is_ok());
    });
}

/// **O1** A balance that cannot be held is refused, and the wallet goes on.
#[test]
fn a_balance_that_cannot_be_held_is_refused() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, u64::MAX - 5)]);
        let wallet = Wallet::open(books.clone());
        let deadline = Deadline::within(ms(1_000));
        note("the learner has 5 credits less than a wallet can hold, and is given 6");
        let answer = wallet.answer(KEY, grant(6), deadline).await;
        assert_eq!(answer, Ok(Answer::Refused(Refusal::Invalid)));
        let answer = wallet.answer(Key(8), grant(5), deadline).await;
        assert_eq!(answer, Ok(done(u64::MAX)));
        let answer = wallet.answer(Key(9), spend(u32::MAX), deadline).await;
        assert_eq!(answer, Ok(done(u64::MAX - u64::from(u32::MAX))));
    });
}

/// **O7** A reply is taken for an answer only if all of it can be read.
#[test]
fn a_reply_with_something_after_it_is_no_answer() {
    live(|| {
        let reply = to_bytes(&Reply {
            key: KEY,
            answer: done(70),
        });
        let longer = Bytes::from([&reply[..], &[0]].concat());
        assert_eq!(told(KEY, &Ended::Replied(longer)), Told::Unknown);
    });
}
