//! The worker, and the view that it derives from events, later.
//!
//! For each lesson, the view holds how many learners have completed it, and how often it was worked on.
//! Nothing is decided from it, so it can be deleted and rebuilt.

use domain::{Event, LessonId, LessonKey, Offset};
use evening::{Feed, NoAnswer};
use std::collections::{HashMap, HashSet};

/// What the view holds for one lesson.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// How many learners have completed the lesson, as far as the view has come.
    pub completed: usize,
    /// How often anybody's progress in the lesson has changed: the number of its events.
    pub changes: usize,
}

/// The derived view. Apart from its place in the log, what it holds is a choice of design.
#[derive(Clone, Debug)]
pub struct View {
    rows: HashMap<LessonId, Row>,
    /// Who has completed what.
    completed: HashSet<LessonKey>,
    /// The first event that is not in it yet.
    next: Offset,
}

impl Default for View {
    /// An empty view: the first event is still to come.
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
    /// Applies the event at `at` to the view, if it is the next one.
    ///
    /// An event before the next one has been delivered again: it is in the view already, and changes
    /// nothing, however much has happened since. Each event counts once among a lesson's `changes`. Its
    /// `completed` is the number of learners whose latest event there says that it is completed: a
    /// learner who completes it again is not counted again, and one who begins it again is no longer
    /// counted.
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

    /// What the view holds for a lesson.
    pub fn row(&self, lesson: LessonId) -> Row {
        self.rows.get(&lesson).copied().unwrap_or_default()
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

    // ANCHOR: worker
    /// Applies the feed's events until there is nothing more.
    ///
    /// # Errors
    /// [`NoAnswer`] when the feed breaks or is stopped. What was applied until then stays, and the next
    /// run continues from there.
    pub fn run(&mut self) -> Result<(), NoAnswer> {
        while let Some((at, event)) = self.feed.pull(self.view.next())? {
            self.view.apply(at, &event);
        }
        Ok(())
    }

    /// Rebuilds the view, from nothing and from the first event, whatever the old one held. If the feed
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
