//! What travels between the API and the wallet.
//!
//! A request says two things besides what is wanted: which wish it belongs to (the key), and how much
//! time is left. A reply names the key again, so that it cannot be taken for the answer to another wish.
//!
//! The answers are of three kinds, and the difference between the last two is the subject of this lab:
//! it has happened; it has not and never will; *this request* did nothing.

use bytes::Bytes;
use domain::LearnerId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Which wish a request belongs to. Whoever wants the effect makes it once, at random, stores it before
/// the first try, and uses it again for every further one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Key(pub u128);

/// What is wanted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Command {
    /// Give a learner credits.
    Grant {
        /// Whose wallet.
        learner: LearnerId,
        /// How many; at least 1.
        credits: u32,
    },
    /// Take credits from a learner who has that many.
    Spend {
        /// Whose wallet.
        learner: LearnerId,
        /// How many; at least 1.
        credits: u32,
    },
}

/// What the caller sends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Request {
    /// Which wish this is a try of.
    pub key: Key,
    /// How much of the caller's time was left when it was sent, in milliseconds.
    pub left_ms: u64,
    /// What is wanted.
    pub command: Command,
}

/// What the wallet sends back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reply {
    /// The key of the request.
    pub key: Key,
    /// The answer to it.
    pub answer: Answer,
}

/// The wallet's answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Answer {
    /// The command of this key has taken effect, once: for this request, or for an earlier one.
    Done(Receipt),
    /// The command of this key has had no effect, and never will have one.
    Refused(Refusal),
    /// This request came too late: it had no effect, and never will have one. That says nothing about
    /// other requests with the same key.
    Expired,
}

/// What is left after the command took effect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Receipt {
    /// The learner's credits at that moment.
    pub balance: u64,
}

/// Why a command will never take effect under this key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Refusal {
    /// It makes no sense: no credits, or more than a wallet can hold.
    Invalid,
    /// The learner did not have that many credits when the wallet decided.
    NotEnough,
    /// The key belongs to another command.
    KeyReused,
}

impl Command {
    /// Whose wallet it is about, and what becomes of it.
    pub fn change(self) -> (LearnerId, i64) {
        match self {
            Self::Grant { learner, credits } => (learner, i64::from(credits)),
            Self::Spend { learner, credits } => (learner, -i64::from(credits)),
        }
    }
}

/// A message of this module as bytes.
///
/// # Panics
/// Never for these messages, which have nothing that cannot be written.
pub fn to_bytes<T: Serialize>(message: &T) -> Bytes {
    let bytes = postcard::to_stdvec(message);
    bytes.expect("a message that can be written").into()
}

/// The message that these bytes are, all of them; `None` if they are not one.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Some(message),
        _ => None,
    }
}
