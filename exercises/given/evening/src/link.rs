//! The link: the way from an API process to the authority.
//!
//! Here it is a function call. It counts as if it were a network: each request and its reply are one
//! crossing, however much they carry, and either of the two can get lost.

use crate::{Change, NoAnswer, Refused, name, told};
use domain::{LessonKey, Progress, Version};
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use story::note;

// ANCHOR: serves
/// The part that answers at the other end.
pub trait Serves {
    /// The facts, in the order of the keys.
    ///
    /// # Errors
    /// [`NoAnswer`] when there is no answer.
    fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer>;

    /// Changes a fact, if it is at the version that the caller expects.
    ///
    /// # Errors
    /// [`Refused`] when the change is not acknowledged.
    fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused>;
}
// ANCHOR_END: serves

/// What gets lost on the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lost {
    /// The request: it never reaches the authority.
    Request,
    /// The reply: the authority has done what it was asked to do.
    Reply,
}

/// The way to the authority. Clones are the same link.
#[derive(Clone)]
pub struct Link {
    shared: Rc<Shared>,
}

struct Shared {
    far: Box<dyn Serves>,
    crossings: Cell<usize>,
    asked: Cell<usize>,
    lost: Cell<Option<Lost>>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// A link to `far`.
    pub fn to(far: impl Serves + 'static) -> Self {
        Self {
            shared: Rc::new(Shared {
                far: Box::new(far),
                crossings: Cell::new(0),
                asked: Cell::new(0),
                lost: Cell::new(None),
            }),
        }
    }

    // ANCHOR: link
    /// Asks the authority for all of these facts, in one crossing. The answers are in the order of the
    /// keys; `None` means that a lesson was not begun.
    ///
    /// # Errors
    /// [`NoAnswer`] when there is no answer.
    pub fn load(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        // ANCHOR_END: link
        let what = match keys {
            [key] => name(*key),
            keys => format!("{} lessons", keys.len()),
        };
        self.shared.asked.set(self.shared.asked.get() + keys.len());
        let answer = self.cross(|far| far.read(keys), || NoAnswer);
        let came = match &answer {
            Ok(facts) => match facts[..] {
                [fact] => told(fact),
                _ => "answered".to_owned(),
            },
            Err(NoAnswer) => "no answer".to_owned(),
        };
        note(format!("one crossing asks for {what}: {came}"));
        answer
    }

    /// Asks the authority to change a fact, in one crossing, if it is at the version `expected`; `None`
    /// expects that the lesson was not begun.
    ///
    /// # Errors
    /// [`Refused`] when the change is not acknowledged.
    pub fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        let answer = self.cross(
            |far| far.compare_and_set(key, expected, change),
            || Refused::NoAnswer,
        );
        let came = match &answer {
            Ok(fact) => format!("acknowledged {}", told(Some(*fact))),
            Err(Refused::Stale { current }) => format!("refused, it is {}", told(*current)),
            Err(Refused::NoAnswer) => "no answer".to_owned(),
        };
        let expected = expected.map_or_else(
            || "not begun".to_owned(),
            |version| format!("version {}", version.0),
        );
        note(format!(
            "one crossing changes {}, expecting {expected}: {came}",
            name(key)
        ));
        answer
    }

    /// How many times the link was crossed. A request and its reply are one crossing.
    pub fn crossings(&self) -> usize {
        self.shared.crossings.get()
    }

    /// How many facts were asked for, in all crossings together.
    pub fn asked(&self) -> usize {
        self.shared.asked.get()
    }

    /// Lets the next request, or its reply, get lost.
    pub fn lose_next(&self, lost: Lost) {
        self.shared.lost.set(Some(lost));
    }

    /// Whether a loss that was ordered is still to happen.
    pub fn loss_is_pending(&self) -> bool {
        self.shared.lost.get().is_some()
    }

    /// Cancels an ordered loss.
    pub fn lose_nothing(&self) {
        self.shared.lost.set(None);
    }

    fn cross<T, E>(
        &self,
        ask: impl FnOnce(&dyn Serves) -> Result<T, E>,
        lost: impl FnOnce() -> E,
    ) -> Result<T, E> {
        self.shared.crossings.set(self.shared.crossings.get() + 1);
        match self.shared.lost.take() {
            None => ask(&*self.shared.far),
            Some(Lost::Request) => Err(lost()),
            Some(Lost::Reply) => {
                let _ = ask(&*self.shared.far);
                Err(lost())
            }
        }
    }
}
