//! Random orders of events, against a small model.
//!
//! A few wishes are asked for again and again, each under its own key, while messages are lost, late and
//! repeated, connections and wallets end, commits fail or are held, and callers leave. The model knows
//! nothing of tries. It compares what callers were told with what became durable.

use crate::world::{ADA, BOB, Ending, Post, TestBooks, Trip, ms, pass, settings, settle};
use outcome::caller::Caller;
use outcome::deadline::Deadline;
use outcome::knowledge::{Outcome, Reason};
use outcome::line::Line;
use outcome::message::{Command, Key, Receipt, Refusal};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use testbed::{note, soon, stories};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The wishes. Each changes the credits by another amount, so that the books show which one it was.
const WISHES: [Command; 5] = [
    Command::Spend {
        learner: ADA,
        credits: 30,
    },
    Command::Spend {
        learner: ADA,
        credits: 25,
    },
    Command::Grant {
        learner: ADA,
        credits: 40,
    },
    Command::Spend {
        learner: BOB,
        credits: 7,
    },
    Command::Grant {
        learner: BOB,
        credits: 3,
    },
];

/// What they have at first: not enough for all that is wished.
const AT_FIRST: [(domain::LearnerId, u64); 2] = [(ADA, 50), (BOB, 5)];

#[derive(Clone, Debug)]
enum Event {
    /// Somebody asks for a wish, and this happens on the way.
    Ask {
        wish: usize,
        within_ms: u64,
        trips: Vec<Trip>,
    },
    /// The caller that has waited longest leaves.
    Leave,
    /// The wallet restarts, and its connections end.
    Restart,
    /// The connections end.
    Cut,
    /// The next commit ends like this.
    Fail(Ending),
    /// Commits wait, or go on.
    Hold(bool),
    /// No connection can be opened, or it can again.
    Down(bool),
    /// Time passes.
    Pass(u64),
}

fn trip() -> impl Strategy<Value = Trip> {
    prop_oneof![
        3 => Just(Trip::Fine),
        2 => Just(Trip::RequestLost),
        3 => Just(Trip::ReplyLost),
        2 => (0_u64..3_000).prop_map(|after| Trip::Twice(ms(after))),
        2 => (0_u64..3_000).prop_map(|after| Trip::Late(ms(after))),
        2 => (0_u64..400).prop_map(|after| Trip::ReplyLate(ms(after))),
        1 => Just(Trip::ConnectionLost),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let ask =
        (0..WISHES.len(), 0_u64..1_500, vec(trip(), 0..4)).prop_map(|(wish, within_ms, trips)| {
            Event::Ask {
                wish,
                within_ms,
                trips,
            }
        });
    let event = prop_oneof![
        8 => ask,
        1 => Just(Event::Leave),
        1 => Just(Event::Restart),
        1 => Just(Event::Cut),
        1 => prop_oneof![Just(Ending::KeptAndFailed), Just(Ending::LostAndFailed)].prop_map(Event::Fail),
        2 => (0..2).prop_map(|dice| Event::Hold(dice == 0)),
        1 => (0..3).prop_map(|dice| Event::Down(dice == 0)),
        6 => (0_u64..600).prop_map(Event::Pass),
    ];
    vec(event, 1..30)
}

/// What happened in all schedules, so that the test notices if nothing did.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    refused: usize,
    not_carried_out: usize,
    unknown: usize,
    left: usize,
    retries: usize,
    strays: usize,
    restarts: usize,
}

/// What the callers of one wish were told.
#[derive(Default)]
struct Heard {
    receipts: Vec<Receipt>,
    refusals: Vec<Refusal>,
    /// Some caller does not know, or has left without an answer.
    open: bool,
    asked: bool,
}

struct Run {
    books: TestBooks,
    post: Post,
    caller: Arc<Caller<Line<Post>>>,
    waiting: Vec<(usize, JoinHandle<Outcome>)>,
    heard: Arc<Mutex<[Heard; WISHES.len()]>>,
    asked: usize,
    tally: Arc<Mutex<Tally>>,
}

/// Locks, also after a schedule that failed.
fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The key of a wish.
fn key_of(wish: usize) -> Key {
    Key(u128::try_from(wish).expect("a small number") + 1)
}

impl Run {
    fn new(tally: &Arc<Mutex<Tally>>) -> Self {
        let books = TestBooks::with(&AT_FIRST);
        let post = Post::new(&books);
        let caller = Caller::new(Line::new(post.clone()), settings(4, ms(100)), 1);
        Self {
            books,
            post,
            caller: Arc::new(caller),
            waiting: Vec::new(),
            heard: Arc::default(),
            asked: 0,
            tally: Arc::clone(tally),
        }
    }

    async fn take_place(&mut self, event: Event) {
        match event {
            Event::Ask {
                wish,
                within_ms,
                trips,
            } => {
                note(format!(
                    "a caller asks for wish {wish}, within {within_ms} ms"
                ));
                self.post.next(&trips);
                self.ask(wish, ms(within_ms));
            }
            Event::Leave => self.leave().await,
            Event::Restart => {
                self.post.restart().await;
                lock(&self.tally).restarts += 1;
            }
            Event::Cut => self.post.cut(),
            Event::Fail(ending) => self.books.next_commits_end(&[ending]),
            Event::Hold(true) => self.books.hold(),
            Event::Hold(false) => self.books.release(),
            Event::Down(down) => self.post.set_down(down),
            Event::Pass(time) => pass(ms(time)).await,
        }
        settle().await;
    }

    /// Asks for a wish beside the test; what comes of it is judged as soon as it comes.
    fn ask(&mut self, wish: usize, within: Duration) {
        self.asked += 1;
        let (caller, books) = (Arc::clone(&self.caller), self.books.clone());
        let (heard, tally) = (Arc::clone(&self.heard), Arc::clone(&self.tally));
        lock(&heard)[wish].asked = true;
        let (began, deadline) = (Instant::now(), Deadline::within(within));
        let call = tokio::spawn(async move {
            let outcome = caller.call(key_of(wish), WISHES[wish], deadline).await;
            let took = began.elapsed();
            note(format!("the caller of wish {wish} is told {outcome:?}"));
            assert!(
                took <= within + ms(1),
                "A call that had {within:?} took {took:?}."
            );
            let mut heard = lock(&heard);
            let mut tally = lock(&tally);
            let (_, change) = WISHES[wish].change();
            match outcome {
                Outcome::Done(receipt) => {
                    tally.done += 1;
                    assert_eq!(
                        books.times(change),
                        1,
                        "A caller of wish {wish} was told that it is done."
                    );
                    heard[wish].receipts.push(receipt);
                }
                Outcome::Failed(Reason::Refused(refusal)) => {
                    tally.refused += 1;
                    heard[wish].refusals.push(refusal);
                }
                Outcome::Failed(Reason::NotCarriedOut) => tally.not_carried_out += 1,
                Outcome::Unknown => {
                    tally.unknown += 1;
                    heard[wish].open = true;
                }
            }
            outcome
        });
        self.waiting.push((wish, call));
    }

    async fn leave(&mut self) {
        self.waiting.retain(|(_, call)| !call.is_finished());
        if self.waiting.is_empty() {
            return;
        }
        let (wish, call) = self.waiting.remove(0);
        note(format!("the caller of wish {wish} leaves"));
        call.abort();
        lock(&self.heard)[wish].open = true;
        lock(&self.tally).left += 1;
        settle().await;
    }

    /// The faults end, and what is under way arrives. Then each wish is asked for once more.
    async fn come_to_rest(&mut self) {
        self.books.release();
        self.post.set_down(false);
        self.post.nothing_more_happens();
        note("the faults end");
        for (_, call) in self.waiting.drain(..) {
            let _ = soon("a call to end", call).await;
        }
        pass(Duration::from_secs(60)).await;
        self.judge();
        self.count(self.post.requests());
        for (wish, command) in WISHES.into_iter().enumerate() {
            if !lock(&self.heard)[wish].asked {
                continue;
            }
            let within = Deadline::within(ms(60_000));
            let outcome = self.caller.call(key_of(wish), command, within).await;
            note(format!("asked once more, wish {wish} is {outcome:?}"));
            let mut heard = lock(&self.heard);
            match outcome {
                Outcome::Done(receipt) => heard[wish].receipts.push(receipt),
                Outcome::Failed(Reason::Refused(refusal)) => heard[wish].refusals.push(refusal),
                Outcome::Failed(Reason::NotCarriedOut) | Outcome::Unknown => panic!(
                    "Nothing is lost any more, there is a minute, and wish {wish} is still {outcome:?}. \
                     Asking again with the same key has to tell."
                ),
            }
        }
        pass(Duration::from_secs(60)).await;
        self.judge();
    }

    /// Adds what this schedule has met; `sent` are the requests that left.
    fn count(&self, sent: usize) {
        let mut tally = lock(&self.tally);
        tally.retries += sent.saturating_sub(self.asked);
        tally.strays += self.post.strays();
    }

    /// Compares what was told with what is durable.
    fn judge(&self) {
        let heard = lock(&self.heard);
        for (wish, heard) in heard.iter().enumerate() {
            let times = self.books.times(WISHES[wish].change().1);
            assert!(times <= 1, "Wish {wish} has had {times} effects.");
            assert!(
                times == 0 || heard.refusals.is_empty(),
                "A caller of wish {wish} was told that it had failed ({:?}), and it has happened.",
                heard.refusals
            );
            assert!(
                times == 0 || heard.open || !heard.receipts.is_empty(),
                "All callers of wish {wish} were told that it had failed, and it has happened."
            );
            assert!(
                heard.receipts.is_empty() || times == 1,
                "A caller of wish {wish} was told that it is done, and it has not happened."
            );
            assert!(
                heard.receipts.windows(2).all(|pair| pair[0] == pair[1]),
                "Callers of wish {wish} have different receipts: {:?}.",
                heard.receipts
            );
        }
    }
}

/// **O1** **O2** **O3** **O4** In every order of losses, delays, copies, restarts, failed commits and callers
/// that leave, each wish has at most one effect, and nobody is told what is not so.
#[test]
fn any_order_of_events_keeps_the_promises() {
    let tally: Arc<Mutex<Tally>> = Arc::default();
    let seen = Arc::clone(&tally);
    stories(events(), move |events| {
        let tally = Arc::clone(&tally);
        async move {
            let mut run = Run::new(&tally);
            for event in events {
                run.take_place(event).await;
            }
            run.come_to_rest().await;
        }
    });
    let seen = lock(&seen);
    let counts = [
        seen.done,
        seen.refused,
        seen.not_carried_out,
        seen.unknown,
        seen.left,
        seen.retries,
        seen.strays,
        seen.restarts,
    ];
    assert!(
        counts.iter().all(|count| *count >= 10),
        "The schedules hardly met what they are for: {seen:?}."
    );
}
