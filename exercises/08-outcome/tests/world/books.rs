//! Books in memory, which a test can hold, break and look into.

use domain::LearnerId;
use outcome::books::{Books, BooksError, Entry, Remembered};
use outcome::message::Key;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use testbed::{Gate, note};
use tokio::sync::{mpsc, oneshot};

/// How a commit ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Durable, and reported.
    Kept,
    /// Durable, and reported as an error.
    KeptAndFailed,
    /// Not durable, and reported as an error.
    LostAndFailed,
}

/// The books. Clones are the same ones, and they outlive every wallet.
#[derive(Clone)]
pub struct TestBooks {
    state: Arc<Mutex<State>>,
    jobs: mpsc::UnboundedSender<Job>,
}

#[derive(Default)]
struct State {
    balances: HashMap<LearnerId, u64>,
    remembered: HashMap<Key, Remembered>,
    /// Each change that has become durable, in order.
    effects: Vec<(LearnerId, i64)>,
    commits: usize,
    asked: usize,
    /// How the next commits end; `Kept` when there is none.
    endings: VecDeque<Ending>,
    /// Where commits wait, if they are held.
    gate: Option<Gate>,
    /// How many commits are waiting there.
    held: usize,
}

enum Job {
    Remembered(Key, oneshot::Sender<Option<Remembered>>),
    Balance(LearnerId, oneshot::Sender<u64>),
    Commit(Vec<Entry>, oneshot::Sender<Result<(), BooksError>>),
}

impl TestBooks {
    /// Empty books.
    pub fn new() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let (jobs, mut queue) = mpsc::unbounded_channel();
        let desk = Arc::clone(&state);
        // One thing at a time, in the order in which it was asked.
        tokio::spawn(async move {
            while let Some(job) = queue.recv().await {
                match job {
                    Job::Remembered(key, answer) => {
                        let remembered = lock(&desk).remembered.get(&key).copied();
                        let _ = answer.send(remembered);
                    }
                    Job::Balance(learner, answer) => {
                        let balance = lock(&desk).balance(learner);
                        let _ = answer.send(balance);
                    }
                    Job::Commit(entries, answer) => {
                        let gate = {
                            let mut state = lock(&desk);
                            state.held += usize::from(state.gate.is_some());
                            state.gate.clone()
                        };
                        if let Some(gate) = gate {
                            note("a commit is held in the books");
                            gate.pass().await;
                            lock(&desk).held -= 1;
                        }
                        let ended = lock(&desk).commit(&entries);
                        let _ = answer.send(ended);
                    }
                }
            }
        });
        Self { state, jobs }
    }

    /// Books in which learners have credits already.
    pub fn with(balances: &[(LearnerId, u64)]) -> Self {
        let books = Self::new();
        books.state().balances.extend(balances.iter().copied());
        books
    }

    /// Each change that has become durable, in order.
    pub fn effects(&self) -> Vec<i64> {
        let state = self.state();
        state.effects.iter().map(|(_, credits)| *credits).collect()
    }

    /// How many durable changes there are of this many credits.
    pub fn times(&self, credits: i64) -> usize {
        let state = self.state();
        state
            .effects
            .iter()
            .filter(|(_, change)| *change == credits)
            .count()
    }

    /// How many credits a learner has.
    pub fn credits(&self, learner: LearnerId) -> u64 {
        self.state().balance(learner)
    }

    /// What is remembered under a key.
    pub fn memory_of(&self, key: Key) -> Option<Remembered> {
        self.state().remembered.get(&key).copied()
    }

    /// How many commits have become durable.
    pub fn commits(&self) -> usize {
        self.state().commits
    }

    /// How often the books have been asked for anything.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// How many commits are waiting at the gate.
    pub fn held(&self) -> usize {
        self.state().held
    }

    /// The next commits end like this.
    pub fn next_commits_end(&self, endings: &[Ending]) {
        self.state().endings.extend(endings);
    }

    /// From now on commits wait.
    pub fn hold(&self) {
        self.state().gate.get_or_insert_with(Gate::closed);
    }

    /// Commits wait no more, and those that did go on.
    pub fn release(&self) {
        if let Some(gate) = self.state().gate.take() {
            gate.open();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, BooksError> {
        self.state().asked += 1;
        let (answer, answered) = oneshot::channel();
        self.jobs.send(job(answer)).map_err(|_| BooksError)?;
        answered.await.map_err(|_| BooksError)
    }
}

impl State {
    fn balance(&self, learner: LearnerId) -> u64 {
        self.balances.get(&learner).copied().unwrap_or_default()
    }

    fn commit(&mut self, entries: &[Entry]) -> Result<(), BooksError> {
        let ending = self.endings.pop_front().unwrap_or(Ending::Kept);
        if ending == Ending::LostAndFailed {
            note("a commit fails, and nothing of it is kept");
            return Err(BooksError);
        }
        self.commits += 1;
        for entry in entries {
            match *entry {
                Entry::Change { learner, credits } => {
                    note(format!(
                        "durable: {credits:+} credits for learner {}",
                        learner.0
                    ));
                    self.effects.push((learner, credits));
                    let balance = self.balance(learner).checked_add_signed(credits);
                    assert!(
                        balance.is_some(),
                        "A change of {credits:+} was committed for a learner with {} credits. What was \
                         looked at when it was decided was no longer true when it was written.",
                        self.balance(learner)
                    );
                    self.balances.insert(learner, balance.unwrap_or_default());
                }
                Entry::Remember { key, remembered } => {
                    let verdict = match remembered.verdict {
                        Ok(receipt) => format!("done, {} left", receipt.balance),
                        Err(refusal) => format!("refused, {refusal:?}"),
                    };
                    note(format!("durable: key {} is {verdict}", key.0));
                    self.remembered.insert(key, remembered);
                }
            }
        }
        if ending == Ending::KeptAndFailed {
            note("the commit is kept, but reported as an error");
            return Err(BooksError);
        }
        Ok(())
    }
}

impl Books for TestBooks {
    async fn remembered(&self, key: Key) -> Result<Option<Remembered>, BooksError> {
        self.ask(|answer| Job::Remembered(key, answer)).await
    }

    async fn balance(&self, learner: LearnerId) -> Result<u64, BooksError> {
        self.ask(|answer| Job::Balance(learner, answer)).await
    }

    async fn commit(&self, entries: Vec<Entry>) -> Result<(), BooksError> {
        self.ask(|answer| Job::Commit(entries, answer)).await?
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
