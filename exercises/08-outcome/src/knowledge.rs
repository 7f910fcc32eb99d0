//! What a caller knows.
//!
//! Local calls have two ends: they return, or they fail. A call over a boundary has a third, and code
//! that has no word for it uses one of the other two. Both are lies: "done" when nothing happened loses
//! an order, "failed" when it did happen makes somebody order again.
//!
//! There are two questions, and they must not be mixed. What does *one try* tell? And what do all tries
//! of a call tell *together*? A try that surely did nothing says nothing about the try before it.

use crate::message::{self, Key, Receipt, Refusal, Reply};
use bytes::Bytes;
use measure::client::CallError;

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

/// What a try of the call `key` tells by the way it ended.
///
/// - A reply that has this key tells what the wallet says: done, refused, or (expired) that this try did
///   nothing.
/// - A reply with another key, or bytes that are no [`Reply`], tell nothing about this call.
/// - A try that was never sent did nothing.
/// - After every other end the command may have taken effect, or may yet.
///
/// [`message::from_bytes`] reads a reply.
///
/// Judged by the tests in `knowledge`, first by `knowledge::a_reply_says_what_became_of_the_command`.
pub fn told(key: Key, ended: &Ended) -> Told {
    let _ = (key, ended, message::from_bytes::<Reply>);
    todo!("Say what a try tells: read its reply, or judge the way in which it ended without one.")
}

/// What all tries of one call tell together.
///
/// - A try that told [`Told::Done`] or [`Told::Refused`] settles the call, whatever the others did.
/// - Otherwise a single [`Told::Unknown`] keeps the call unknown.
/// - Otherwise, and when there was no try at all, it was not carried out.
///
/// Judged by `knowledge::one_unknown_try_keeps_the_call_unknown` and
/// `knowledge::what_the_wallet_says_settles_the_call`.
pub fn known(tries: &[Told]) -> Outcome {
    let _ = tries;
    todo!("Say what all tries tell together: is it done, has it failed, or is it unknown?")
}
