//! One effect for one key.

use crate::world::{
    ADA, BOB, Ending, KEY, TestBooks, done, grant, in_time, ms, pass, settle, spend, start, words,
};
use outcome::books::BooksError;
use outcome::deadline::Deadline;
use outcome::message::{Answer, Command, Key, Refusal};
use outcome::wallet::Wallet;
use std::sync::Arc;
use testbed::{note, scene, soon, story};

/// Asks and waits.
async fn ask(wallet: &Wallet<TestBooks>, key: Key, command: Command) -> Answer {
    note(format!(
        "a request with key {} arrives: {}",
        key.0,
        words(command)
    ));
    let answer = wallet.answer(key, command, in_time());
    let answer = soon("the wallet's answer", answer).await;
    let answer = answer.expect("the books did not fail");
    note(format!("it is answered: {answer:?}"));
    answer
}

/// **O1** A command has one effect, however often its key comes, and each time it is answered the same.
#[test]
fn a_key_has_one_effect_and_one_answer() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Wallet::open(books.clone());
        assert_eq!(ask(&wallet, KEY, spend(30)).await, done(70));
        assert_eq!(ask(&wallet, Key(8), spend(1)).await, done(69));
        let again = ask(&wallet, KEY, spend(30)).await;
        assert_eq!(
            books.times(-30),
            1,
            "The key came twice, and so did its effect. A retry looks like any other request; only the key \
             tells."
        );
        assert_eq!(
            again,
            done(70),
            "The second answer has to be the first one again: it says what became of the command, and not \
             how things are now."
        );
        assert_eq!(ask(&wallet, Key(9), spend(30)).await, done(39));
        assert_eq!(
            books.times(-30),
            2,
            "Another key is another wish, also when it wants the same."
        );
    });
}

/// **O1** The effect and the memory of it are one commit.
#[test]
fn the_effect_and_its_memory_are_one_commit() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Wallet::open(books.clone());
        ask(&wallet, KEY, spend(30)).await;
        assert_eq!(books.times(-30), 1);
        assert!(
            books.memory_of(KEY).is_some(),
            "Nothing in the books says that the key was carried out."
        );
        assert_eq!(
            books.commits(),
            1,
            "There were two commits, so there is a moment between them. A crash at that moment either \
             forgets an effect, which is then repeated, or remembers one that never was."
        );
    });
}

/// **O1** A refusal is remembered as well: a try that arrives later finds it, also if things have changed.
#[test]
fn a_refusal_is_remembered_too() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 10)]);
        let wallet = Wallet::open(books.clone());
        let refused = Answer::Refused(Refusal::NotEnough);
        assert_eq!(ask(&wallet, KEY, spend(30)).await, refused);
        note("so its caller is told that it failed");
        assert_eq!(ask(&wallet, Key(8), grant(100)).await, done(110));
        note("a copy of the first request, which was held up on its way, arrives now");
        let late = ask(&wallet, KEY, spend(30)).await;
        assert_eq!(
            books.times(-30),
            0,
            "The caller was told that it failed, and now it has happened. To refuse is to promise that it \
             never will, so that a refusal has to be as durable as an effect."
        );
        assert_eq!(
            late, refused,
            "The same key, the same answer: also when it was no."
        );

        scene("a wallet that is full, and has room later");
        let books = TestBooks::with(&[(ADA, u64::MAX - 5)]);
        let wallet = Wallet::open(books.clone());
        let full = Answer::Refused(Refusal::Invalid);
        assert_eq!(ask(&wallet, KEY, grant(10)).await, full);
        ask(&wallet, Key(8), spend(100)).await;
        assert_eq!(
            (ask(&wallet, KEY, grant(10)).await, books.times(10)),
            (full, 0),
            "There was no room for 10 credits, and its caller was told that it failed. Now there is room: this \
             refusal could come out differently later as well."
        );
    });
}

/// **O1** What cannot be carried out is refused, and changes nothing; a key stands for one command.
#[test]
fn what_makes_no_sense_is_refused() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Wallet::open(books.clone());
        for (key, command) in [(Key(1), spend(0)), (Key(2), grant(0))] {
            assert_eq!(
                ask(&wallet, key, command).await,
                Answer::Refused(Refusal::Invalid),
                "{command:?} wants nothing. To say that it is done hides a mistake of the caller's."
            );
        }
        assert_eq!(ask(&wallet, KEY, spend(100)).await, done(0));
        assert_eq!(
            ask(&wallet, KEY, spend(10)).await,
            Answer::Refused(Refusal::KeyReused),
            "The key was used for another command. To answer with that one's receipt tells the caller that \
             10 credits were spent; to carry it out gives one key two effects."
        );
        let bobs = Command::Spend {
            learner: BOB,
            credits: 100,
        };
        assert_eq!(
            ask(&wallet, KEY, bobs).await,
            Answer::Refused(Refusal::KeyReused),
            "As much, from somebody else, is another command: Bob's caller would get Ada's receipt."
        );
        assert_eq!(books.effects(), [-100]);
    });
}

/// **O1** Two requests with one key that overlap have one effect.
#[test]
fn two_tries_at_once_have_one_effect() {
    story(|| async {
        for together in [false, true] {
            scene("the wallet's commits are slow");
            let books = TestBooks::with(&[(ADA, 100)]);
            let wallet = Arc::new(Wallet::open(books.clone()));
            books.hold();
            let first = start(&wallet, KEY, spend(30), in_time());
            if !together {
                settle().await;
            }
            let second = start(&wallet, KEY, spend(30), in_time());
            settle().await;
            assert!(
                !second.is_finished(),
                "The second try was answered with {:?} while the first was not yet durable. Nobody could \
                 know then.",
                second.await
            );
            books.release();
            let first = soon("the first answer", first).await.expect("no panic");
            let second = soon("the second answer", second).await.expect("no panic");
            assert_eq!(
                books.times(-30),
                1,
                "Both looked into the books before either had written. A caller that times out and tries \
                 again makes exactly that."
            );
            assert_eq!((first, second), (Ok(done(70)), Ok(done(70))));
        }
    });
}

/// **O5** **O3** A request whose time is over before its commit is not carried out, and says so; once the commit has
/// begun it is waited for.
#[test]
fn a_request_expires_before_its_commit_or_not_at_all() {
    story(|| async {
        scene("the request has expired when it arrives");
        let books = TestBooks::with(&[(ADA, 100)]);
        let wallet = Arc::new(Wallet::open(books.clone()));
        let expired = Deadline::within(ms(5));
        pass(ms(5)).await;
        let answer = start(&wallet, KEY, spend(30), expired);
        let answer = soon("the answer", answer).await.expect("no panic");
        assert_eq!(answer, Ok(Answer::Expired));
        assert_eq!(books.effects(), [], "It was carried out for nobody.");

        scene("the request expires behind a slow commit");
        books.hold();
        let slow = start(&wallet, Key(8), spend(1), in_time());
        settle().await;
        let queued = start(&wallet, KEY, spend(30), Deadline::within(ms(500)));
        pass(ms(1_000)).await;
        books.release();
        let slow = soon("the slow answer", slow).await.expect("no panic");
        assert_eq!(slow, Ok(done(99)));
        let answer = soon("the answer", queued).await.expect("no panic");
        assert_eq!(
            books.times(-30),
            0,
            "It waited behind another request until its own time was over, and was carried out then. Look \
             at the deadline after the wait as well: under load, most of a request's time passes in a queue."
        );
        assert_eq!(answer, Ok(Answer::Expired));

        scene("the request expires while the books are busy for a caller who has left");
        books.hold();
        let left = start(&wallet, Key(9), spend(1), in_time());
        settle().await;
        left.abort();
        let queued = start(&wallet, KEY, spend(30), Deadline::within(ms(500)));
        pass(ms(1_000)).await;
        books.release();
        let answer = soon("the answer", queued).await.expect("no panic");
        assert_eq!(
            (answer, books.times(-30)),
            (Ok(Answer::Expired), 0),
            "It had its turn in time, and looked into the books until its time was over. Look at the deadline \
             last, before the commit."
        );

        scene("the request's time ends during its own commit");
        books.hold();
        let late = start(&wallet, KEY, spend(30), Deadline::within(ms(100)));
        pass(ms(500)).await;
        note("half a second has passed, and the books go on");
        books.release();
        let answer = soon("the answer", late).await.expect("no panic");
        settle().await;
        assert_eq!(
            (answer, books.times(-30)),
            (Ok(done(68)), 1),
            "The books were given the commit, and they finish what they were given. To answer \"expired\" then \
             is to say that nothing was done, about something that is just being done."
        );
    });
}

/// **O3** When the books fail there is no answer, and the next try finds out what has happened.
#[test]
fn when_the_books_fail_there_is_no_answer() {
    story(|| async {
        for ending in [Ending::KeptAndFailed, Ending::LostAndFailed] {
            scene(format!("a commit will be {ending:?}"));
            let books = TestBooks::with(&[(ADA, 100)]);
            let wallet = Wallet::open(books.clone());
            books.next_commits_end(&[ending]);
            let answer = wallet.answer(KEY, spend(30), in_time()).await;
            assert_eq!(
                answer,
                Err(BooksError),
                "The commit ended with an error. It may be durable or not, so that each answer would be a \
                 guess."
            );
            assert_eq!(
                ask(&wallet, KEY, spend(30)).await,
                done(70),
                "The books know whether it has happened."
            );
            assert_eq!(books.times(-30), 1, "{ending:?}, and then tried again.");
        }
    });
}

/// **O2** A wallet that has restarted remembers what the one before it did.
#[test]
fn deduplication_survives_a_restart() {
    story(|| async {
        let books = TestBooks::with(&[(ADA, 40)]);
        let wallet = Wallet::open(books.clone());
        assert_eq!(ask(&wallet, KEY, spend(30)).await, done(10));
        let refused = Answer::Refused(Refusal::NotEnough);
        assert_eq!(ask(&wallet, Key(8), spend(30)).await, refused);
        drop(wallet);
        note("the wallet restarts on the same books");
        let wallet = Wallet::open(books.clone());
        assert_eq!(ask(&wallet, Key(9), grant(90)).await, done(100));
        assert_eq!(
            ask(&wallet, KEY, spend(30)).await,
            done(10),
            "The same key, the same answer: a restart is what makes callers ask again."
        );
        assert_eq!(
            ask(&wallet, Key(8), spend(30)).await,
            refused,
            "Its caller was told that it failed. A refusal that does not survive a restart is carried out \
             when it is asked again."
        );
        assert_eq!(
            books.effects(),
            [-30, 90],
            "What was remembered in memory only went with the process."
        );
    });
}
