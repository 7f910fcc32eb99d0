//! All of it over lab 1's connection, with everything going wrong on the way.

use crate::world::{
    ADA, Ending, KEY, Post, TestBooks, Trip, done, ms, pass, settings, settle, spend, timed,
};
use bytes::Bytes;
use ledger::{FILE_NAME, Role, lab};
use measure::server::Handler;
use outcome::caller::Caller;
use outcome::deadline::Deadline;
use outcome::knowledge::Outcome;
use outcome::line::Line;
use outcome::message::{Answer, Key, Receipt, Reply, Request, from_bytes, to_bytes};
use outcome::wallet::Wallet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testbed::{live, note, scene, story};

const DONE: Outcome = Outcome::Done(Receipt { balance: 70 });

/// Books with 100 credits for Ada, a wallet behind a post office, and a caller with four tries of 100 ms.
fn world() -> (TestBooks, Post, Caller<Line<Post>>) {
    let books = TestBooks::with(&[(ADA, 100)]);
    let post = Post::new(&books);
    let caller = Caller::new(Line::new(post.clone()), settings(4, ms(100)), 1);
    (books, post, caller)
}

/// A request's bytes.
fn request(key: Key, left_ms: u64) -> Bytes {
    to_bytes(&Request {
        key,
        left_ms,
        command: spend(30),
    })
}

/// **O5** A request's time is counted from its arrival, and its reply has its key.
#[test]
fn a_requests_time_is_counted_from_its_arrival() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Arc::new(Wallet::open(books.clone()));
        let answer = async |bytes| {
            let reply = wallet.handle(bytes).await.expect("an answer");
            from_bytes::<Reply>(&reply).expect("a `Reply`")
        };
        let expired = answer(request(KEY, 0)).await;
        assert_eq!(
            (expired.key, expired.answer),
            (KEY, Answer::Expired),
            "Nothing was left of its time when it was sent."
        );
        books.hold();
        let slow = Arc::clone(&wallet);
        let slow = tokio::spawn(async move { slow.handle(request(Key(8), 60_000)).await });
        settle().await;
        let queued = Arc::clone(&wallet);
        let queued = tokio::spawn(async move { queued.handle(request(KEY, 500)).await });
        pass(ms(1_000)).await;
        books.release();
        slow.await.expect("no panic").expect("an answer");
        let queued = queued.await.expect("no panic").expect("an answer");
        let queued: Reply = from_bytes(&queued).expect("a `Reply`");
        assert_eq!(
            (queued.key, queued.answer),
            (KEY, Answer::Expired),
            "It had 500 ms when it arrived, and waited for its turn for a second. Its time began on arrival, \
             not when its turn came."
        );
        let fine = answer(request(KEY, 500)).await;
        assert_eq!((fine.key, fine.answer), (KEY, done(40)));
        books.next_commits_end(&[Ending::KeptAndFailed]);
        let failed = wallet.handle(request(Key(9), 500)).await;
        assert!(
            failed.is_err(),
            "The books failed, so the wallet has no answer; to send any other reply says what it does not know. \
             Its effect is durable."
        );
    });
}

/// **O8** Whatever is lost, a call that has time for another try ends as done, with one effect.
#[test]
fn what_is_lost_is_tried_again_until_it_is_known() {
    story(|| async {
        for lost in [
            [Trip::RequestLost, Trip::Fine],
            [Trip::ReplyLost, Trip::Fine],
            [Trip::ReplyLost, Trip::RequestLost],
            [Trip::ConnectionLost, Trip::ReplyLost],
            [Trip::RequestLost, Trip::ConnectionLost],
        ] {
            scene(format!("on the way: {lost:?}"));
            let (books, post, caller) = world();
            post.next(&lost);
            let call = caller.call(KEY, spend(30), Deadline::within(ms(2_000)));
            let (outcome, took) = timed(call).await;
            assert_eq!(
                outcome, DONE,
                "There was time for four tries, and the third at the latest would have been answered."
            );
            assert_eq!(
                books.times(-30),
                1,
                "It was tried until it was known: once."
            );
            assert!(took <= ms(2_000), "It took {took:?} of 2 s.");
        }
    });
}

/// **O1** Copies that come late or twice have no second effect, also after the call is over.
#[test]
fn late_and_repeated_requests_have_no_second_effect() {
    story(|| async {
        for trips in [
            [Trip::Twice(ms(3)), Trip::Fine],
            [Trip::Twice(ms(5_000)), Trip::Fine],
            [Trip::Late(ms(5_000)), Trip::Fine],
            [Trip::Late(ms(105)), Trip::Late(ms(1))],
            [Trip::ReplyLate(ms(105)), Trip::ReplyLost],
        ] {
            scene(format!("on the way: {trips:?}"));
            let (books, post, caller) = world();
            post.next(&trips);
            let outcome = caller
                .call(KEY, spend(30), Deadline::within(ms(2_000)))
                .await;
            assert_eq!(outcome, DONE);
            note("the call is over; what is still under way arrives");
            pass(ms(10_000)).await;
            let late = trips
                .iter()
                .any(|trip| matches!(trip, Trip::Twice(_) | Trip::Late(_)));
            assert_eq!(
                post.strays() > 0,
                late,
                "The test's own copies have arrived."
            );
            assert_eq!(
                books.times(-30),
                1,
                "One of the copies was taken for a wish of its own."
            );
        }
    });
}

/// **O3** When nothing comes back in time the call is unknown, and the same key tells later.
#[test]
fn an_unknown_call_is_settled_by_asking_again() {
    story(|| async {
        for (trip, happened) in [(Trip::ReplyLost, 1), (Trip::RequestLost, 0)] {
            scene(format!("on the way, each time: {trip:?}"));
            let (books, post, caller) = world();
            post.next(&[trip; 4]);
            let outcome = caller
                .call(KEY, spend(30), Deadline::within(ms(2_000)))
                .await;
            assert_eq!(
                (outcome, books.times(-30)),
                (Outcome::Unknown, happened),
                "For the caller the two cases look the same, and in one of them it has happened."
            );
            note("an hour later somebody asks again, with the key that was kept");
            pass(Duration::from_secs(3_600)).await;
            let outcome = caller
                .call(KEY, spend(30), Deadline::within(ms(2_000)))
                .await;
            assert_eq!((outcome, books.times(-30)), (DONE, 1));
        }
    });
}

/// **O2** A restart between two tries is survived: by the effect, by its memory, and by the connection.
#[test]
fn a_restart_between_two_tries_is_survived() {
    story(|| async {
        let (books, post, caller) = world();
        post.next(&[Trip::ReplyLost]);
        let caller = Arc::new(caller);
        let call = Arc::clone(&caller);
        let call =
            tokio::spawn(
                async move { call.call(KEY, spend(30), Deadline::within(ms(2_000))).await },
            );
        pass(ms(50)).await;
        assert_eq!(books.times(-30), 1, "The first try has had its effect.");
        post.restart().await;
        assert_eq!(
            call.await.expect("no panic"),
            DONE,
            "The connection has ended with the old wallet, and stays ended. The next try needs another one."
        );
        assert_eq!(books.times(-30), 1, "The new wallet has to know the key.");
        assert_eq!(
            post.connections(),
            2,
            "One connection before the restart, and one after it."
        );
    });
}

/// **O7** Callers share one connection, and a late reply answers no other call.
#[test]
fn a_late_reply_answers_no_other_call() {
    story(|| async {
        let (books, post, caller) = world();
        let caller = Arc::new(caller);
        // The reply to the first call comes when the second is waiting for its own, which is lost.
        post.next(&[Trip::ReplyLate(ms(150)), Trip::ReplyLost]);
        let first = Arc::clone(&caller);
        let first = tokio::spawn(async move {
            let deadline = Deadline::within(ms(80));
            first.call(KEY, spend(30), deadline).await
        });
        pass(ms(90)).await;
        assert_eq!(
            first.await.expect("no panic"),
            Outcome::Unknown,
            "Its try was sent, and then cut off by the deadline. That there was no time for another try does \
             not say that this one did nothing."
        );
        note("the first call is over, and the second begins");
        let second = caller
            .call(Key(8), spend(7), Deadline::within(ms(95)))
            .await;
        assert_eq!(
            second,
            Outcome::Unknown,
            "The reply that came was the first call's. Its receipt says that 30 credits are spent, and this \
             caller spent 7."
        );
        assert_eq!((books.times(-30), books.times(-7)), (1, 1));
        assert_eq!(
            post.connections(),
            1,
            "A call that times out is no reason to open another connection: its other callers are fine."
        );
    });
}

/// **L1** The ledger has the boundary between the API and the wallet, with answers that could be wrong.
#[test]
fn the_boundary_to_the_wallet_is_answered_for() {
    live(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let wallet = lab::answered(folder, "api", "wallet");
        assert_eq!(
            wallet.role,
            Role::Authority,
            "{FILE_NAME} must give the component `wallet` its role: it alone decides about credits."
        );
    });
}
