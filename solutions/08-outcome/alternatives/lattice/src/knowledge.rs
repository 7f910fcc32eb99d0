//! What a caller knows, as something that only grows.

use bytes::Bytes;
use measure::client::CallError;
use ours::message::{self, Answer, Key, Reply};

pub use ours::knowledge::{Ended, Outcome, Reason, Told};

/// What a call knows so far: nothing, less than unknown, less than settled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known(Option<Told>);

impl Known {
    /// Adds what one more try tells, and keeps whichever of the two is more.
    #[must_use]
    pub fn and(self, told: Told) -> Self {
        let kept = self.0.filter(|known| rank(*known) >= rank(told));
        Self(Some(kept.unwrap_or(told)))
    }

    /// Whether another try could add anything.
    #[must_use]
    pub fn is_settled(self) -> bool {
        self.0.is_some_and(|told| rank(told) == 2)
    }

    /// What to report.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self.0 {
            None | Some(Told::Nothing) => Outcome::Failed(Reason::NotCarriedOut),
            Some(Told::Unknown) => Outcome::Unknown,
            Some(Told::Refused(refusal)) => Outcome::Failed(Reason::Refused(refusal)),
            Some(Told::Done(receipt)) => Outcome::Done(receipt),
        }
    }
}

const fn rank(told: Told) -> u8 {
    match told {
        Told::Nothing => 0,
        Told::Unknown => 1,
        Told::Refused(_) | Told::Done(_) => 2,
    }
}

/// What a try of the call `key` tells by the way it ended.
#[must_use]
pub fn told(key: Key, ended: &Ended) -> Told {
    let replied = match ended {
        Ended::Replied(bytes) => answer_to(key, bytes),
        Ended::Broke(CallError::NotSent | CallError::TooLarge { .. }) => return Told::Nothing,
        Ended::Broke(_) | Ended::TimedOut => None,
    };
    match replied {
        Some(Answer::Done(receipt)) => Told::Done(receipt),
        Some(Answer::Refused(refusal)) => Told::Refused(refusal),
        Some(Answer::Expired) => Told::Nothing,
        None => Told::Unknown,
    }
}

fn answer_to(key: Key, bytes: &Bytes) -> Option<Answer> {
    let reply: Reply = message::from_bytes(bytes)?;
    (reply.key == key).then_some(reply.answer)
}

/// What all tries of one call tell together.
#[must_use]
pub fn known(tries: &[Told]) -> Outcome {
    let known = tries.iter().copied().fold(Known::default(), Known::and);
    known.outcome()
}
