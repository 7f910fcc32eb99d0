//! The authority, with the decision as a function of its own.

use domain::{LessonKey, Progress, Version};
use evening::{Change, NoAnswer, Refused, Serves, Store};

/// Makes every version, and nothing else does.
#[derive(Debug)]
pub struct Authority {
    store: Store,
}

impl Authority {
    /// An authority over what is in `store`.
    pub fn over(store: Store) -> Self {
        Self { store }
    }

    /// These facts.
    ///
    /// # Errors
    /// [`NoAnswer`] when the store gives none.
    pub fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        let mut facts = Vec::with_capacity(keys.len());
        for key in keys {
            facts.push(self.store.get(*key)?);
        }
        Ok(facts)
    }

    /// Makes the next version, if the fact is at the expected one.
    ///
    /// # Errors
    /// [`Refused`] when it is not.
    pub fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        let mut decision = Err(Refused::NoAnswer);
        self.store.transaction(|rows| {
            decision = decide(rows.get(key), key, expected, change);
            if let Ok(next) = decision {
                rows.put(next);
            }
        })?;
        decision
    }
}

/// Decides what a fact becomes when a caller wants to change it.
fn decide(
    current: Option<Progress>,
    key: LessonKey,
    expected: Option<Version>,
    change: Change,
) -> Result<Progress, Refused> {
    let next = match (current, expected) {
        (None, None) => 1,
        (Some(fact), Some(expected)) if fact.version == expected => expected.0 + 1,
        _ => return Err(Refused::Stale { current }),
    };
    Ok(Progress {
        key,
        version: Version(next),
        steps_done: change.steps_done,
        completed: change.completed,
    })
}

impl Serves for Authority {
    fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        Authority::read(self, keys)
    }

    fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        Authority::compare_and_set(self, key, expected, change)
    }
}
