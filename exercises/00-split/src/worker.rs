//! The worker, and the view that it makes from events, later.
//!
//! The view says of each lesson how many learners have completed it, and how often it was worked on.
//! Nobody decides anything by it: it can be deleted, and made again.

use domain::{Event, LessonId, Offset};
use evening::{Feed, NoAnswer};
use std::collections::HashMap;

/// What the view says of one lesson.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// How many learners have the lesson completed, as far as the view has come.
    pub completed: usize,
    /// How often anybody's progress in the lesson has changed: the number of its events.
    pub changes: usize,
}

/// The derived view. What else it has to hold is yours to find out.
#[derive(Clone, Debug)]
pub struct View {
    rows: HashMap<LessonId, Row>,
    /// The first event that is not in it yet.
    next: Offset,
}

impl Default for View {
    /// A view of nothing: the first event is still to come.
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            next: Offset(0),
        }
    }
}

impl View {
    // ANCHOR: stubs
    /// Takes the event at `at` into the view, if it is the next one.
    ///
    /// An event before that comes once more: it is in the view already, and changes nothing, however
    /// much has happened since. Each event counts once among a lesson's `changes`. Its `completed` is the
    /// number of learners whose latest event there says that it is completed: who completes it again is
    /// not counted again, and who begins it again is counted no more.
    ///
    /// Judged by `worker::an_event_that_comes_again_changes_nothing` and
    /// `worker::learners_are_counted_and_not_completions`.
    pub fn apply(&mut self, at: Offset, event: &Event) {
        let _ = (at, event);
        todo!(
            "Take the event in if it is the next one: move `next` on, and bring the lesson's row up to date."
        )
    }
    // ANCHOR_END: stubs

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

    // ANCHOR: worker-stubs
    /// Takes in whatever the feed has, until there is nothing more.
    ///
    /// # Errors
    /// [`NoAnswer`] when the feed breaks or is stopped. What was taken in until then stays, and the next
    /// run goes on from there.
    ///
    /// Judged by `worker::a_worker_that_was_stopped_misses_nothing` and
    /// `worker::a_feed_that_repeats_itself_counts_once`.
    pub fn run(&mut self) -> Result<(), NoAnswer> {
        let _ = &self.feed;
        todo!("Pull from where the view stands and apply, until there is nothing more.")
    }

    /// Makes the view again, from nothing and from the first event, whatever the old one said. If the feed
    /// breaks meanwhile, later runs complete the new view.
    ///
    /// # Errors
    /// As in [`run`](Self::run).
    ///
    /// Judged by `worker::the_view_is_made_again_from_nothing` and
    /// `worker::a_view_that_is_half_made_is_completed_later`.
    pub fn rebuild(&mut self) -> Result<(), NoAnswer> {
        todo!("Begin with a view of nothing, and run.")
    }
    // ANCHOR_END: worker-stubs

    /// The view, as far as it has come.
    pub fn view(&self) -> &View {
        &self.view
    }
}
