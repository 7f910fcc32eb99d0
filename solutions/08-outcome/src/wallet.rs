//! One effect for one key.
//!
//! A caller that may ask again needs somebody on the other side who knows that it did. Seen from here a
//! retry, a duplicate and a request that was under way for a minute look the same: a key that came
//! before.
//!
//! Memory that goes with the process would forget at the worst moment, since a restart is what makes
//! callers ask again. So what became of a key is written in the same commit as the effect. In two
//! commits, whichever is first, there is a crash between them.

use crate::books::{Books, BooksError, Entry, Remembered};
use crate::deadline::Deadline;
use crate::message::{self, Answer, Command, Key, Receipt, Refusal, Reply, Request};
use bytes::Bytes;
use measure::server::{Handler, HandlerError};
use std::time::Duration;
use tokio::sync::Mutex;

/// The authority for credits. Once it is dropped it begins nothing more, as if its process had ended.
#[derive(Debug)]
pub struct Wallet<B> {
    books: B,
    /// Held from the look at the books until the commit: between the two, another request with the same
    /// key would find nothing as well. A lock for each learner would let more of them decide at once, and
    /// would need one for each key besides.
    turn: Mutex<()>,
}

impl<B: Books> Wallet<B> {
    /// Opens the wallet on its books, which may have been written by an earlier one.
    pub fn open(books: B) -> Self {
        Self {
            books,
            turn: Mutex::new(()),
        }
    }

    // ANCHOR: answer
    /// Answers one request: carries its command out, or says what became of it before.
    ///
    /// A commit that has begun is waited for, also beyond the deadline: nobody here could say what
    /// became of it otherwise.
    ///
    /// # Errors
    /// When the books fail. Then nobody knows what became of the command, until it is asked for again.
    pub async fn answer(
        &self,
        key: Key,
        command: Command,
        deadline: Deadline,
    ) -> Result<Answer, BooksError> {
        let Some(_turn) = deadline.run(self.turn.lock()).await else {
            return Ok(Answer::Expired);
        };
        if let Some(earlier) = self.books.remembered(key).await? {
            return Ok(if earlier.command == command {
                answer_of(earlier.verdict)
            } else {
                Answer::Refused(Refusal::KeyReused)
            });
        }
        let (verdict, change) = self.decide(command).await?;
        if deadline.left().is_none() {
            return Ok(Answer::Expired);
        }
        let remembered = Remembered { command, verdict };
        let mut entries = vec![Entry::Remember { key, remembered }];
        entries.extend(change);
        self.books.commit(entries).await?;
        Ok(answer_of(verdict))
    }
    // ANCHOR_END: answer

    // ANCHOR: decide
    /// What the command comes to, and what it would change.
    async fn decide(
        &self,
        command: Command,
    ) -> Result<(Result<Receipt, Refusal>, Option<Entry>), BooksError> {
        let (learner, credits) = command.change();
        if credits == 0 {
            return Ok((Err(Refusal::Invalid), None));
        }
        let balance = self.books.balance(learner).await?;
        Ok(match balance.checked_add_signed(credits) {
            Some(balance) => (
                Ok(Receipt { balance }),
                Some(Entry::Change { learner, credits }),
            ),
            None if credits < 0 => (Err(Refusal::NotEnough), None),
            None => (Err(Refusal::Invalid), None),
        })
    }
    // ANCHOR_END: decide
}

fn answer_of(verdict: Result<Receipt, Refusal>) -> Answer {
    match verdict {
        Ok(receipt) => Answer::Done(receipt),
        Err(refusal) => Answer::Refused(refusal),
    }
}

impl<B: Books> Handler for Wallet<B> {
    // ANCHOR: handle
    /// Answers a request that has just arrived: its time is counted from here.
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        let Some(request) = message::from_bytes::<Request>(&request) else {
            return Err(HandlerError("not a request".to_owned()));
        };
        let Request {
            key,
            left_ms,
            command,
        } = request;
        let deadline = Deadline::within(Duration::from_millis(left_ms));
        let answer = self.answer(key, command, deadline).await;
        let answer = answer.map_err(|error| HandlerError(error.to_string()))?;
        Ok(message::to_bytes(&Reply { key, answer }))
    }
    // ANCHOR_END: handle
}
