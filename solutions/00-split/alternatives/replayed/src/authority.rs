//! The authority, which reads in transactions.

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

    /// These facts, all of them at one moment.
    ///
    /// # Errors
    /// [`NoAnswer`] when the store gives none.
    pub fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        self.store
            .transaction(|rows| keys.iter().map(|key| rows.get(*key)).collect())
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
        let Change {
            steps_done,
            completed,
        } = change;
        let number = |version: Option<Version>| version.map_or(0, |version| version.0);
        let decided = self.store.transaction(|rows| {
            let current = rows.get(key);
            let stands = current.map(|fact| fact.version);
            (stands == expected)
                .then(|| {
                    let version = Version(number(stands) + 1);
                    let next = Progress {
                        key,
                        version,
                        steps_done,
                        completed,
                    };
                    rows.put(next);
                    next
                })
                .ok_or(Refused::Stale { current })
        });
        decided.unwrap_or(Err(Refused::NoAnswer))
    }
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
