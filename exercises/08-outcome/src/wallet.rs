//! One effect for one key.
//!
//! A caller that may ask again needs somebody on the other side who knows that it did. Seen from here a
//! retry, a duplicate and a request that was under way for a minute look the same: a key that came
//! before.
//!
//! Memory that goes with the process would forget at the worst moment, since a restart is what makes
//! callers ask again. So what became of a key is written in the same commit as the effect. In two
//! commits, whichever is first, there is a crash between them.

use crate::books::{Books, BooksError, Entry};
use crate::deadline::Deadline;
use crate::message::{self, Answer, Command, Key, Receipt, Refusal, Reply, Request};
use bytes::Bytes;
use measure::server::{Handler, HandlerError};
use tokio::sync::Mutex;

/// The authority for credits. Once it is dropped it begins nothing more, as if its process had ended: the
/// tests restart it so.
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

    /// Answers one request: carries its command out, or says what became of it before.
    ///
    /// - A key's command has one effect, also if its requests overlap. The same key with the same command is
    ///   answered the same again, by any wallet on these books; with another command it is
    ///   [`Refusal::KeyReused`].
    /// - A refusal that could come out differently later is as durable as an effect; a full wallet's too.
    /// - An effect and the memory of its key are one commit.
    /// - Once the deadline has passed, nothing is begun, no commit either: [`Answer::Expired`]. A commit
    ///   that has begun is waited for.
    ///
    /// # Errors
    /// When the books fail: there is no answer then.
    ///
    /// Judged by the tests in `effects`, first by `effects::a_key_has_one_effect_and_one_answer`.
    pub async fn answer(
        &self,
        key: Key,
        command: Command,
        deadline: Deadline,
    ) -> Result<Answer, BooksError> {
        let _ = (key, deadline, &self.books, &self.turn);
        let _ = (command, Self::decide, answer_of);
        todo!(
            "Answer from memory, or decide, and commit the effect together with the memory of it."
        )
    }

    /// What the command comes to, and what it would change.
    ///
    /// - No credits, or a balance that no `u64` can hold, are [`Refusal::Invalid`].
    /// - To spend more than there is, is [`Refusal::NotEnough`].
    ///
    /// Judged by `effects::what_makes_no_sense_is_refused`.
    async fn decide(
        &self,
        command: Command,
    ) -> Result<(Result<Receipt, Refusal>, Option<Entry>), BooksError> {
        let _ = (command.change(), &self.books);
        todo!(
            "Decide: is the command valid, are there enough credits, and what is left afterwards?"
        )
    }
}

fn answer_of(verdict: Result<Receipt, Refusal>) -> Answer {
    match verdict {
        Ok(receipt) => Answer::Done(receipt),
        Err(refusal) => Answer::Refused(refusal),
    }
}

impl<B: Books> Handler for Wallet<B> {
    /// Answers a request that has just arrived: its time is counted from here. The reply has its key.
    ///
    /// # Errors
    /// When these bytes are no [`Request`], and when the wallet has no answer: a [`HandlerError`] takes a text
    /// for this side's log.
    ///
    /// Judged by `connection::a_requests_time_is_counted_from_its_arrival`.
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        let _ = (
            request,
            message::from_bytes::<Request>,
            message::to_bytes::<Reply>,
        );
        let _ = (Self::answer, Deadline::within);
        todo!("Read the request, answer it within its time, and reply with its key.")
    }
}
