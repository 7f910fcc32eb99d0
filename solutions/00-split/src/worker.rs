//! The worker, and the view that it makes from events, later.
//!
//! The view says of each lesson how many learners have completed it, and how often it was worked on.
//! Nobody decides anything by it: it can be deleted, and made again.

use domain::{Event, LessonId, LessonKey, Offset};
use evening::{Feed, NoAnswer};
use std::collections::{HashMap, HashSet};

/// What the view says of one lesson.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// How many learners have the lesson completed, as far as the view has come.
    pub completed: usize,
    /// How often anybody's progress in the lesson has changed: the number of its events.
    pub changes: usize,
}

/// The derived view. What it holds is yours to design, but for where it stands.
#[derive(Clone, Debug)]
pub struct View {
    rows: HashMap<LessonId, Row>,
    /// Who has completed what.
    completed: HashSet<LessonKey>,
    /// The first event that is not in it yet.
    next: Offset,
}

impl Default for View {
    /// A view of nothing: the first event is still to come.
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            completed: HashSet::new(),
            next: Offset(0),
        }
    }
}

impl View {
    // ANCHOR: apply
    /// Takes the event at `at` into the view, if it is the next one.
    ///
    /// An event before that comes once more: it is in the view already, and changes nothing, however
    /// much has happened since. Each event counts once among a lesson's `changes`. Its `completed` is the
    /// number of learners whose latest event there says that it is completed: who completes it again is
    /// not counted again, and who begins it again is counted no more.
    pub fn apply(&mut self, at: Offset, event: &Event) {
        if at < self.next {
            return;
        }
        self.next = Offset(at.0 + 1);
        let fact = event.progress;
        let row = self.rows.entry(fact.key.lesson).or_default();
        row.changes += 1;
        if fact.completed && self.completed.insert(fact.key) {
            row.completed += 1;
        } else if !fact.completed && self.completed.remove(&fact.key) {
            row.completed -= 1;
        }
    }
    // ANCHOR_END: apply

    /// The first event that is not in the view yet.
    pub fn next(&self) -> Offset {
        self.next
    }

    /// What the view says of a lesson.
    pub fn row(&self, lesson: LessonId) -> Row {
        self.rows.get(&lesson).copied().unwrap_or_default()
    }
}

/// Takes events from the feed into the view.
#[derive(Debug)]
pub struct Worker {
    feed: Feed,
    view: View,
}

impl Worker {
    /// A worker that goes on where `view` stands.
    pub fn new(feed: Feed, view: View) -> Self {
        Self { feed, view }
    }

    // ANCHOR: worker
    /// Takes in whatever the feed has, until there is nothing more.
    ///
    /// # Errors
    /// [`NoAnswer`] when the feed breaks or is stopped. What was taken in until then stays, and the next
    /// run goes on from there.
    pub fn run(&mut self) -> Result<(), NoAnswer> {
        while let Some((at, event)) = self.feed.pull(self.view.next())? {
            self.view.apply(at, &event);
        }
        Ok(())
    }

    /// Makes the view again, from nothing and from the first event, whatever the old one said. If the feed
    /// breaks meanwhile, later runs complete the new view.
    ///
    /// # Errors
    /// As in [`run`](Self::run).
    pub fn rebuild(&mut self) -> Result<(), NoAnswer> {
        self.view = View::default();
        self.run()
    }
    // ANCHOR_END: worker

    /// The view, as far as it has come.
    pub fn view(&self) -> &View {
        &self.view
    }
}
