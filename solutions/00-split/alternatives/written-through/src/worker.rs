//! A view of latest facts, which counts when it is asked.

use domain::{Event, LessonId, LessonKey, Offset, Progress};
use evening::{Feed, NoAnswer};
use std::collections::HashMap;

/// What the view holds for one lesson.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// How many learners have completed it.
    pub completed: usize,
    /// How many events the lesson has had.
    pub changes: usize,
}

/// The derived view.
#[derive(Clone, Debug, Default)]
pub struct View {
    latest: HashMap<LessonKey, (Progress, usize)>,
    applied: u64,
}

impl View {
    /// Applies an event, if it is the next one.
    pub fn apply(&mut self, at: Offset, event: &Event) {
        if at.0 >= self.applied {
            self.applied = at.0 + 1;
            let fact = event.progress;
            let (latest, changes) = self.latest.entry(fact.key).or_insert((fact, 0));
            *latest = fact;
            *changes += 1;
        }
    }

    /// The first event that is not in the view yet.
    pub fn next(&self) -> Offset {
        Offset(self.applied)
    }

    /// What the view holds for a lesson.
    pub fn row(&self, lesson: LessonId) -> Row {
        let of_it = self.latest.values();
        let of_it = of_it.filter(|(fact, _)| fact.key.lesson == lesson);
        of_it.fold(Row::default(), |row, (fact, changes)| Row {
            completed: row.completed + usize::from(fact.completed),
            changes: row.changes + changes,
        })
    }
}

/// Applies events from the feed to the view.
#[derive(Debug)]
pub struct Worker {
    feed: Feed,
    view: View,
}

impl Worker {
    /// A worker that continues where `view` stands.
    pub fn new(feed: Feed, view: View) -> Self {
        Self { feed, view }
    }

    /// Applies whatever the feed has.
    ///
    /// # Errors
    /// [`NoAnswer`] when the feed breaks.
    pub fn run(&mut self) -> Result<(), NoAnswer> {
        loop {
            match self.feed.pull(self.view.next()) {
                Ok(Some((at, event))) => self.view.apply(at, &event),
                Ok(None) => return Ok(()),
                Err(silence) => return Err(silence),
            }
        }
    }

    /// Rebuilds the view.
    ///
    /// # Errors
    /// As in [`run`](Self::run).
    pub fn rebuild(&mut self) -> Result<(), NoAnswer> {
        *self = Self::new(self.feed.clone(), View::default());
        self.run()
    }

    /// The view.
    pub fn view(&self) -> &View {
        &self.view
    }
}
