//! A counter, and a teller behind it.

use bytes::Bytes;
use measure::server::{Handler, HandlerError};
use ours::books::{Books, BooksError, Entry, Remembered};
use ours::deadline::Deadline;
use ours::message::{self, Answer, Command, Key, Receipt, Refusal, Reply, Request};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// How many requests may queue; more of them wait where they came from.
const QUEUE: usize = 64;

/// How many verdicts the teller keeps at hand. The books have all of them.
const AT_HAND: usize = 1024;

/// The authority for credits: the counter at which requests queue.
#[derive(Debug)]
pub struct Wallet<B> {
    queue: mpsc::Sender<Job>,
    teller: AbortHandle,
    books: PhantomData<fn() -> B>,
}

/// One request in the queue.
#[derive(Debug)]
struct Job {
    key: Key,
    command: Command,
    deadline: Deadline,
    answer: oneshot::Sender<Result<Answer, BooksError>>,
}

impl<B> Drop for Wallet<B> {
    fn drop(&mut self) {
        self.teller.abort();
    }
}

impl<B: Books> Wallet<B> {
    /// Opens the wallet on its books.
    ///
    /// # Panics
    /// When called outside a Tokio runtime.
    pub fn open(books: B) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let teller = Teller {
            books,
            at_hand: HashMap::new(),
        };
        Self {
            queue,
            teller: tokio::spawn(teller.serve(jobs)).abort_handle(),
            books: PhantomData,
        }
    }

    /// Queues a request, and waits for the teller's answer.
    ///
    /// # Errors
    /// When the books fail.
    pub async fn answer(
        &self,
        key: Key,
        command: Command,
        deadline: Deadline,
    ) -> Result<Answer, BooksError> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            key,
            command,
            deadline,
            answer,
        };
        match deadline.run(self.queue.send(job)).await {
            None => Ok(Answer::Expired),
            Some(Err(_)) => Err(BooksError),
            Some(Ok(())) => answered.await.unwrap_or(Err(BooksError)),
        }
    }
}

/// Owns the books.
struct Teller<B> {
    books: B,
    at_hand: HashMap<Key, Remembered>,
}

impl<B: Books> Teller<B> {
    async fn serve(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            // Who has left gets nothing begun.
            if job.answer.is_closed() {
                continue;
            }
            let answer = self.carry_out(job.key, job.command, job.deadline).await;
            let _ = job.answer.send(answer);
        }
    }

    async fn carry_out(
        &mut self,
        key: Key,
        command: Command,
        deadline: Deadline,
    ) -> Result<Answer, BooksError> {
        if let Some(earlier) = self.earlier(key).await? {
            return Ok(match earlier.verdict {
                _ if earlier.command != command => Answer::Refused(Refusal::KeyReused),
                Ok(receipt) => Answer::Done(receipt),
                Err(refusal) => Answer::Refused(refusal),
            });
        }
        let (learner, credits) = command.change();
        // What makes no sense never will, so nobody has to remember it.
        if credits == 0 {
            return Ok(Answer::Refused(Refusal::Invalid));
        }
        let before = self.books.balance(learner).await?;
        if deadline.left().is_none() {
            return Ok(Answer::Expired);
        }
        let after = i128::from(before) + i128::from(credits);
        let verdict = match u64::try_from(after) {
            Ok(balance) => Ok(Receipt { balance }),
            Err(_) if after < 0 => Err(Refusal::NotEnough),
            Err(_) => Err(Refusal::Invalid),
        };
        let remembered = Remembered { command, verdict };
        let memory = Entry::Remember { key, remembered };
        let entries = match verdict {
            Ok(_) => vec![Entry::Change { learner, credits }, memory],
            Err(_) => vec![memory],
        };
        self.books.commit(entries).await?;
        self.keep_at_hand(key, remembered);
        Ok(match verdict {
            Ok(receipt) => Answer::Done(receipt),
            Err(refusal) => Answer::Refused(refusal),
        })
    }

    async fn earlier(&mut self, key: Key) -> Result<Option<Remembered>, BooksError> {
        if let Some(remembered) = self.at_hand.get(&key) {
            return Ok(Some(*remembered));
        }
        let found = self.books.remembered(key).await?;
        if let Some(remembered) = found {
            self.keep_at_hand(key, remembered);
        }
        Ok(found)
    }

    fn keep_at_hand(&mut self, key: Key, remembered: Remembered) {
        if self.at_hand.len() == AT_HAND {
            self.at_hand.clear();
        }
        self.at_hand.insert(key, remembered);
    }
}

impl<B: Books> Handler for Wallet<B> {
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        let request: Request = message::from_bytes(&request)
            .ok_or_else(|| HandlerError("these bytes are no request".to_owned()))?;
        let deadline = Deadline::within(Duration::from_millis(request.left_ms));
        let answered = self.answer(request.key, request.command, deadline).await;
        answered
            .map(|answer| {
                message::to_bytes(&Reply {
                    key: request.key,
                    answer,
                })
            })
            .map_err(|error| HandlerError(error.to_string()))
    }
}
