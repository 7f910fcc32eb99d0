//! Ten thousand callers, of three kinds.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ladder::child::{Probe, Seat};
use outcome::caller::{Caller, Settings};
use outcome::deadline::Deadline;
use outcome::knowledge::Outcome;
use outcome::message::{Command, Key};
use outcome::wallet::Wallet;
use tokio::runtime::Runtime;

use crate::lossy::{Lossy, PlainBooks, learner};

/// How many wishes there are.
const CALLS: u64 = 10_000;

/// How long a caller has: enough for all of its tries.
const TIME: Duration = Duration::from_secs(10);

/// Callers that try once, and are told what is known.
pub fn one_try(seat: &Seat) -> Result<Probe, String> {
    one_key(seat, 1)
}

/// Callers that try four times with one key.
pub fn four_tries(seat: &Seat) -> Result<Probe, String> {
    one_key(seat, 4)
}

fn one_key(seat: &Seat, tries: u32) -> Result<Probe, String> {
    counted(
        seat,
        |caller, wish| async move {
            caller
                .call(Key(wish), command(wish), Deadline::within(TIME))
                .await
        },
        tries,
    )
}

/// Callers that try four times, each time with a key of its own.
pub fn new_keys(seat: &Seat) -> Result<Probe, String> {
    counted(
        seat,
        |caller, wish| async move {
            let mut outcome = Outcome::Unknown;
            for number in 0..4 {
                let key = Key(wish * 10 + number);
                outcome = caller
                    .call(key, command(wish), Deadline::within(TIME))
                    .await;
                if outcome != Outcome::Unknown {
                    break;
                }
            }
            outcome
        },
        1,
    )
}

/// How many operations make one sample.
const RUN: u64 = 100;

/// A wallet answers new commands, and nobody calls.
pub fn wallet_alone(_: &Seat) -> Result<Probe, String> {
    let runtime = plain_runtime()?;
    let wallet = Wallet::open(PlainBooks::default());
    let mut wish = 0;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let start = std::time::Instant::now();
            for _ in 0..RUN {
                wish += 1;
                let deadline = Deadline::within(TIME);
                let answer = runtime.block_on(wallet.answer(Key(wish), command(1), deadline));
                answer.map_err(|error| error.to_string())?;
            }
            slice.keep(start.elapsed(), RUN);
        }
        Ok(slice)
    }))
}

/// A caller has new commands carried out, over a transport that loses nothing.
pub fn whole_call(_: &Seat) -> Result<Probe, String> {
    let runtime = plain_runtime()?;
    let transport = Lossy::new(Wallet::open(PlainBooks::default()), 0);
    let caller = Caller::new(transport, Settings::default(), 1);
    let mut wish = 0;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let start = std::time::Instant::now();
            for _ in 0..RUN {
                wish += 1;
                let call = caller.call(Key(wish), command(1), Deadline::within(TIME));
                if !matches!(runtime.block_on(call), Outcome::Done(_)) {
                    return Err(
                        "a call over a transport that loses nothing was not done".to_owned()
                    );
                }
            }
            slice.keep(start.elapsed(), RUN);
        }
        Ok(slice)
    }))
}

fn plain_runtime() -> Result<Runtime, String> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build();
    runtime.map_err(|error| error.to_string())
}

/// Each wish is a learner's of its own, so that the balance shows how often it happened.
fn command(wish: u128) -> Command {
    Command::Grant {
        learner: learner(wish),
        credits: 1,
    }
}

type Shared = Arc<Caller<Lossy>>;

fn counted<Running>(
    seat: &Seat,
    call: fn(Shared, u128) -> Running,
    tries: u32,
) -> Result<Probe, String>
where
    Running: Future<Output = Outcome> + 'static,
{
    let lost = seat.at;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    Ok(Box::new(move |mut slice| {
        let start = std::time::Instant::now();
        runtime.block_on(async {
            let books = PlainBooks::default();
            let transport = Lossy::new(Wallet::open(books.clone()), lost);
            let settings = Settings {
                tries,
                ..Settings::default()
            };
            let caller = Arc::new(Caller::new(transport, settings, 1));
            for wish in 1..=u128::from(CALLS) {
                let outcome = call(Arc::clone(&caller), wish).await;
                let times = books.credits(learner(wish));
                let unknown = outcome == Outcome::Unknown;
                let told_done = matches!(outcome, Outcome::Done(_));
                let told_failed = matches!(outcome, Outcome::Failed(_));
                let wrong = times > 1 || (told_done && times != 1) || (told_failed && times != 0);
                slice.count("unknown", u64::from(unknown));
                slice.count("unknown and happened", u64::from(unknown && times > 0));
                slice.count("twice", u64::from(times > 1));
                slice.count("wrong", u64::from(wrong));
            }
        });
        slice.count("calls", CALLS);
        slice.keep_now(start.elapsed(), CALLS);
        Ok(slice)
    }))
}
