//! What the three workers do.
//!
//! Each effect is rows in the transaction that it is given, and nothing else. None of them is idempotent
//! by itself: they add. The [inbox](crate::inbox) makes sure that each adds once.
//!
//! A letter cannot be taken back by rolling a transaction back, so the e-mail worker doesn't send. It
//! records that a letter is due. The sender has a boundary of its own, with an idempotency key that the
//! other side knows. And that record is not a view: nothing else knows whether somebody has had a
//! letter, so replaying events cannot rebuild it. It is an authority, for one small fact.

use domain::{Event, LessonKey};
use redb::{
    ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction,
};

/// Why an effect did not happen.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

// ANCHOR: effect
/// What a worker does about an event.
pub trait Effect: Send {
    /// Has the effect, in `transaction` and nowhere else.
    ///
    /// # Errors
    /// Why it cannot be done now. Everything that it has written is then rolled back.
    fn apply(&mut self, transaction: &WriteTransaction, event: &Event) -> Result<(), Failure>;
}
// ANCHOR_END: effect

/// Lesson to how many changes there were, and how many learners have completed it.
const LESSONS: TableDefinition<u64, (u64, u64)> = TableDefinition::new("analytics.lessons");
/// Lesson and learner, of each completion that was counted.
const COMPLETED: TableDefinition<(u64, u64), ()> = TableDefinition::new("analytics.completed");

/// Counts what is done in each lesson.
#[derive(Debug, Default)]
pub struct Analytics;

impl Effect for Analytics {
    fn apply(&mut self, transaction: &WriteTransaction, event: &Event) -> Result<(), Failure> {
        let LessonKey { learner, lesson } = event.progress.key;
        let mut lessons = transaction.open_table(LESSONS)?;
        let mut completed = transaction.open_table(COMPLETED)?;
        let (mut changes, mut completions) =
            lessons.get(lesson.0)?.map_or((0, 0), |row| row.value());
        changes += 1;
        if event.progress.completed && completed.insert((lesson.0, learner.0), ())?.is_none() {
            completions += 1;
        }
        lessons.insert(lesson.0, (changes, completions))?;
        Ok(())
    }
}

impl Analytics {
    /// How many changes of `lesson` were counted, and how many learners have completed it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(database: &impl ReadableDatabase, lesson: u64) -> Result<(u64, u64), redb::Error> {
        match database.begin_read()?.open_table(LESSONS) {
            Err(redb::TableError::TableDoesNotExist(_)) => Ok((0, 0)),
            lessons => Ok(lessons?.get(lesson)?.map_or((0, 0), |row| row.value())),
        }
    }
}

/// Learner and lesson to the version that completed it: a letter is due, or was sent.
const LETTERS: TableDefinition<(u64, u64), u64> = TableDefinition::new("email.letters");

/// Records that a learner who completed a lesson is due a letter, once.
#[derive(Debug, Default)]
pub struct Email;

impl Effect for Email {
    fn apply(&mut self, transaction: &WriteTransaction, event: &Event) -> Result<(), Failure> {
        let LessonKey { learner, lesson } = event.progress.key;
        let mut letters = transaction.open_table(LETTERS)?;
        let place = (learner.0, lesson.0);
        if event.progress.completed && letters.get(place)?.is_none() {
            letters.insert(place, event.progress.version.0)?;
        }
        Ok(())
    }
}

impl Email {
    /// How many letters are due or were sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn letters(database: &impl ReadableDatabase) -> Result<u64, redb::Error> {
        match database.begin_read()?.open_table(LETTERS) {
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
            letters => Ok(letters?.len()?),
        }
    }
}

/// Learner and lesson of each completion, so that the next one can be paired with those before it.
const DONE: TableDefinition<(u64, u64), ()> = TableDefinition::new("recommendations.done");
/// Two lessons, the lower first, to how many learners have completed both.
const PAIRS: TableDefinition<(u64, u64), u64> = TableDefinition::new("recommendations.pairs");

/// Counts which lessons are completed by the same learners.
#[derive(Debug, Default)]
pub struct Recommendations;

impl Effect for Recommendations {
    fn apply(&mut self, transaction: &WriteTransaction, event: &Event) -> Result<(), Failure> {
        let LessonKey { learner, lesson } = event.progress.key;
        let mut done = transaction.open_table(DONE)?;
        if !event.progress.completed || done.insert((learner.0, lesson.0), ())?.is_some() {
            return Ok(());
        }
        let mut pairs = transaction.open_table(PAIRS)?;
        for row in done.range((learner.0, 0)..=(learner.0, u64::MAX))? {
            let (_, other) = row?.0.value();
            if other != lesson.0 {
                let pair = (other.min(lesson.0), other.max(lesson.0));
                let both = pairs.get(pair)?.map_or(0, |row| row.value());
                pairs.insert(pair, both + 1)?;
            }
        }
        Ok(())
    }
}

impl Recommendations {
    /// How many learners have completed both lessons.
    ///
    /// # Errors
    /// When the database fails.
    pub fn both(database: &impl ReadableDatabase, a: u64, b: u64) -> Result<u64, redb::Error> {
        match database.begin_read()?.open_table(PAIRS) {
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
            pairs => {
                let both = pairs?.get((a.min(b), a.max(b)))?;
                Ok(both.map_or(0, |row| row.value()))
            }
        }
    }
}
