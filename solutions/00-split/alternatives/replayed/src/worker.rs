//! A view that is its events.

use domain::{Event, LessonId, Offset};
use evening::{Feed, NoAnswer};
use std::collections::BTreeSet;

pub use crate::worker::row::Row;

mod row {
    /// What the view holds for one lesson.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub struct Row {
        /// How many learners have completed it.
        pub completed: usize,
        /// How many events the lesson has had.
        pub changes: usize,
    }
}

/// The derived view.
#[derive(Clone, Debug, Default)]
pub struct View {
    events: Vec<Event>,
}

impl View {
    /// Applies an event, if it is the next one.
    pub fn apply(&mut self, at: Offset, event: &Event) {
        if at == self.next() {
            self.events.push(*event);
        }
    }

    /// The first event that is not in the view yet.
    pub fn next(&self) -> Offset {
        Offset(self.events.len() as u64)
    }

    /// What the view holds for a lesson.
    pub fn row(&self, lesson: LessonId) -> Row {
        let mut row = Row::default();
        let mut completed = BTreeSet::new();
        for fact in self.events.iter().map(|event| event.progress) {
            if fact.key.lesson != lesson {
                continue;
            }
            row.changes += 1;
            if fact.completed {
                completed.insert(fact.key);
            } else {
                completed.remove(&fact.key);
            }
        }
        row.completed = completed.len();
        row
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
        while self.step()? {}
        Ok(())
    }

    /// Rebuilds the view.
    ///
    /// # Errors
    /// As in [`run`](Self::run).
    pub fn rebuild(&mut self) -> Result<(), NoAnswer> {
        self.view.events.clear();
        self.run()
    }

    /// The view.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Applies one event. Returns whether there was one.
    fn step(&mut self) -> Result<bool, NoAnswer> {
        let pulled = self.feed.pull(self.view.next())?;
        if let Some((at, event)) = &pulled {
            self.view.apply(*at, event);
        }
        Ok(pulled.is_some())
    }
}
