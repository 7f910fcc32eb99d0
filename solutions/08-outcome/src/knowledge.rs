//! What a caller knows.
//!
//! Local calls have two ends: they return, or they fail. A call over a boundary has a third, and code
//! that has no word for it uses one of the other two. Both are lies: "done" when nothing happened loses
//! an order, "failed" when it did happen makes somebody order again.
//!
//! There are two questions, and they must not be mixed. What does *one try* tell? And what do all tries
//! of a call tell *together*? A try that surely did nothing says nothing about the try before it.

use crate::message::{self, Answer, Key, Receipt, Refusal, Reply};
use bytes::Bytes;
use measure::client::CallError;

// ANCHOR: types
/// What a caller knows at the end of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It has taken effect, once.
    Done(Receipt),
    /// It has not taken effect, and no try of this call ever will.
    Failed(Reason),
    /// It may have taken effect, or may yet. Asking again with the same key tells.
    Unknown,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The wallet decided against it.
    Refused(Refusal),
    /// No try was carried out.
    NotCarriedOut,
}

/// How one try ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ended {
    /// These bytes came back.
    Replied(Bytes),
    /// Lab 1's connection had no answer.
    Broke(CallError),
    /// The caller stopped waiting.
    TimedOut,
}

/// What one try tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Told {
    /// The command has taken effect. Whatever the other tries did, that is the end.
    Done(Receipt),
    /// The command will not take effect under its key. Whatever the other tries did, that is the end.
    Refused(Refusal),
    /// This try did nothing, and never will.
    Nothing,
    /// This try may have had its effect, or may yet.
    Unknown,
}
// ANCHOR_END: types

// ANCHOR: told
/// What a try of the call `key` tells by the way it ended.
///
/// The errors are named one by one. With `_ => Told::Nothing` the next error that lab 1 gets would be
/// called harmless by nobody's decision.
pub fn told(key: Key, ended: &Ended) -> Told {
    match ended {
        Ended::Replied(bytes) => match message::from_bytes::<Reply>(bytes) {
            Some(reply) if reply.key == key => match reply.answer {
                Answer::Done(receipt) => Told::Done(receipt),
                Answer::Refused(refusal) => Told::Refused(refusal),
                Answer::Expired => Told::Nothing,
            },
            // Somebody else's answer, or none. What became of ours is not in it.
            Some(_) | None => Told::Unknown,
        },
        Ended::Broke(CallError::TooLarge { .. } | CallError::NotSent) => Told::Nothing,
        // A server fails after the effect as easily as before it.
        Ended::Broke(CallError::Failed | CallError::Unknown | CallError::Malformed)
        | Ended::TimedOut => Told::Unknown,
    }
}
// ANCHOR_END: told

// ANCHOR: known
/// What all tries of one call tell together.
///
/// Knowing is not a matter of the last try. One that settled the call settles it, wherever it is in the
/// list; and as long as none has, a single unknown one keeps all of it unknown.
pub fn known(tries: &[Told]) -> Outcome {
    let settled = tries.iter().find_map(|told| match told {
        Told::Done(receipt) => Some(Outcome::Done(*receipt)),
        Told::Refused(refusal) => Some(Outcome::Failed(Reason::Refused(*refusal))),
        Told::Nothing | Told::Unknown => None,
    });
    settled.unwrap_or_else(|| {
        if tries.contains(&Told::Unknown) {
            Outcome::Unknown
        } else {
            Outcome::Failed(Reason::NotCarriedOut)
        }
    })
}
// ANCHOR_END: known
