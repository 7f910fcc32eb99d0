//! Two events at once.

use crate::world::{ADA, BOB, Ending, KEY, TestBooks, done, in_time, settle, spend, start};
use outcome::books::BooksError;
use outcome::message::{Answer, Command, Key, Refusal};
use outcome::wallet::Wallet;
use std::sync::Arc;
use testbed::{note, scene, soon, story};

/// **O1** A try whose connection ends during its commit has its effect, and the next try finds it.
#[test]
fn a_try_that_is_cut_off_in_its_commit_has_one_effect() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Arc::new(Wallet::open(books.clone()));
        books.hold();
        let first = start(&wallet, KEY, spend(30), in_time());
        settle().await;
        assert_eq!(books.held(), 1);
        first.abort();
        note("the first try's connection has ended, and its commit is under way");
        settle().await;
        let second = start(&wallet, KEY, spend(30), in_time());
        let other = start(&wallet, Key(8), spend(1), in_time());
        settle().await;
        books.release();
        let second = soon("the second answer", second).await.expect("no panic");
        assert_eq!(
            books.times(-30),
            1,
            "The commit went on without its caller."
        );
        assert_eq!(
            second,
            Ok(done(70)),
            "What is in the wallet's memory about a try that was cut off is not true: the books know."
        );
        let other = soon("the other answer", other).await.expect("no panic");
        assert!(other.is_ok(), "Nobody else is stranded by it: {other:?}");
    });
}

/// **O1** Two commands that together spend more than there is do not both find enough.
#[test]
fn two_at_once_do_not_spend_the_same_credits() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 40), (BOB, 5)]);
        let wallet = Arc::new(Wallet::open(books.clone()));
        books.hold();
        let calls: Vec<_> = (1..=3)
            .map(|number| start(&wallet, Key(number), spend(30), in_time()))
            .collect();
        settle().await;
        books.release();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(soon("an answer", call).await.expect("no panic"));
        }
        let refused = Ok(Answer::Refused(Refusal::NotEnough));
        assert_eq!(
            answers,
            [Ok(done(10)), refused, refused],
            "There are 40 credits, and three purchases of 30 at once. Their keys differ, and the credits are \
             the same."
        );
        assert_eq!(books.credits(ADA), 10);
    });
}

/// **O1** One key that comes for two learners at once has one effect.
#[test]
fn a_key_that_two_learners_use_at_once_has_one_effect() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100), (BOB, 100)]);
        let wallet = Arc::new(Wallet::open(books.clone()));
        let bobs = Command::Spend {
            learner: BOB,
            credits: 31,
        };
        let first = start(&wallet, KEY, spend(30), in_time());
        let second = start(&wallet, KEY, bobs, in_time());
        let first = soon("the first answer", first).await.expect("no panic");
        let second = soon("the second answer", second).await.expect("no panic");
        assert_eq!(
            books.effects().len(),
            1,
            "One key had two effects. Requests with the same key have to take turns, also if they are about \
             different learners."
        );
        let reused = Ok(Answer::Refused(Refusal::KeyReused));
        assert!(
            first == reused || second == reused,
            "{first:?}, {second:?}: the key belongs to one of the two commands."
        );
    });
}

/// **O2** A crash during the commit is survived, whether the commit is kept or lost.
#[test]
fn a_crash_during_the_commit_is_survived() {
    story(|| async {
        for ending in [Ending::KeptAndFailed, Ending::LostAndFailed] {
            scene(format!("the crash leaves the commit {ending:?}"));
            let books = TestBooks::with(&[(ADA, 100)]);
            let wallet = Arc::new(Wallet::open(books.clone()));
            books.hold();
            books.next_commits_end(&[ending]);
            let first = start(&wallet, KEY, spend(30), in_time());
            settle().await;
            first.abort();
            drop(wallet);
            note("the wallet crashes, and another one begins");
            let wallet = Arc::new(Wallet::open(books.clone()));
            books.release();
            let again = start(&wallet, KEY, spend(30), in_time());
            let again = soon("the answer", again).await.expect("no panic");
            assert_eq!((again, books.times(-30)), (Ok(done(70)), 1));
        }
    });
}

/// **O1** Many tries of one key at once, some of which leave, have one effect and one answer.
#[test]
fn many_tries_at_once_have_one_effect() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Arc::new(Wallet::open(books.clone()));
        books.hold();
        books.next_commits_end(&[Ending::LostAndFailed]);
        let calls: Vec<_> = (0..20)
            .map(|_| start(&wallet, KEY, spend(30), in_time()))
            .collect();
        settle().await;
        for call in calls.iter().skip(1).step_by(3) {
            call.abort();
        }
        books.release();
        for (number, call) in calls.into_iter().enumerate() {
            let Ok(answer) = soon("an answer", call).await else {
                continue;
            };
            assert!(
                answer == Ok(done(70)) || answer == Err(BooksError),
                "Try {number} was answered with {answer:?}. Only the try whose commit failed may be \
                 without an answer, or those who waited for it."
            );
        }
        let last = wallet.answer(KEY, spend(30), in_time()).await;
        assert_eq!((last, books.times(-30)), (Ok(done(70)), 1));
    });
}
