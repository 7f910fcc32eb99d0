//! What both targets stand on: a transport whose fates are scripted, books that can be held and can fail, and
//! a post office between lab 1's client and lab 1's server.
#![allow(
    dead_code,
    unused_imports,
    reason = "each target uses its own part of this"
)]

mod books;
mod post;
mod transport;

pub use books::{Ending, TestBooks};
pub use post::{Post, Trip};
pub use transport::{Fate, TestTransport};

use bytes::Bytes;
use domain::LearnerId;
use outcome::backoff::Backoff;
use outcome::books::BooksError;
use outcome::caller::Settings;
use outcome::deadline::Deadline;
use outcome::message::{Answer, Command, Key, Receipt, Reply, to_bytes};
use outcome::wallet::Wallet;
use std::sync::Arc;
use std::time::Duration;
use testbed::note;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The learner of most tests.
pub const ADA: LearnerId = LearnerId(1);

/// Another one.
pub const BOB: LearnerId = LearnerId(2);

/// The key of most tests.
pub const KEY: Key = Key(7);

/// Gives Ada credits.
pub const fn grant(credits: u32) -> Command {
    Command::Grant {
        learner: ADA,
        credits,
    }
}

/// Takes credits from Ada.
pub const fn spend(credits: u32) -> Command {
    Command::Spend {
        learner: ADA,
        credits,
    }
}

/// A command, for a story.
pub fn words(command: Command) -> String {
    match command {
        Command::Grant { credits, .. } => format!("give {credits} credits"),
        Command::Spend { credits, .. } => format!("spend {credits} credits"),
    }
}

/// The answer that it is done.
pub const fn done(balance: u64) -> Answer {
    Answer::Done(Receipt { balance })
}

/// A reply's bytes.
pub fn reply(key: Key, answer: Answer) -> Bytes {
    to_bytes(&Reply { key, answer })
}

/// Milliseconds.
pub const fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// Lets virtual time pass.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets everything run that can run without time passing.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Tries with short waits, so that a test knows nearly when they are sent.
pub const fn settings(tries: u32, try_timeout: Duration) -> Settings {
    Settings {
        tries,
        try_timeout,
        backoff: Backoff {
            base: ms(10),
            cap: ms(40),
        },
    }
}

/// How long something took in virtual time.
pub async fn timed<T>(happens: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let value = happens.await;
    (value, start.elapsed())
}

/// A deadline that no test reaches by accident.
pub fn in_time() -> Deadline {
    Deadline::within(ms(60_000))
}

/// Asks the wallet, beside the test.
pub fn start(
    wallet: &Arc<Wallet<TestBooks>>,
    key: Key,
    command: Command,
    deadline: Deadline,
) -> JoinHandle<Result<Answer, BooksError>> {
    note(format!(
        "a request with key {} arrives: {}",
        key.0,
        words(command)
    ));
    let wallet = Arc::clone(wallet);
    tokio::spawn(async move { wallet.answer(key, command, deadline).await })
}
