//! The worker, and the view that it derives from events, later.
//!
//! For each lesson, the view holds how many learners have completed it, and how often it was worked on.
//! Nothing is decided from it, so it can be deleted and rebuilt.

use domain::{Event, LessonId, Offset};
use evening::{Feed, NoAnswer};
use std::collections::HashMap;

/// What the view holds for one lesson.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// How many learners have completed the lesson, as far as the view has come.
    pub completed: usize,
    /// How often anybody's progress in the lesson has changed: the number of its events.
    pub changes: usize,
}

/// The derived view. What else it has to hold is for you to find out.
#[derive(Clone, Debug)]
pub struct View {
    rows: HashMap<LessonId, Row>,
    /// The first event that is not in it yet.
    next: Offset,
}

impl Default for View {
    /// An empty view: the first event is still to come.
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            next: Offset(0),
        }
    }
}

impl View {
    // ANCHOR: stubs
    /// Applies the event at `at` to the view, if it is the next one.
    ///
    /// An event before the next one has been delivered again: it is in the view already, and changes
    /// nothing, however much has happened since. Each event counts once among a lesson's `changes`. Its
    /// `completed` is the number of learners whose latest event there says that it is completed: a
    /// learner who completes it again is not counted again, and one who begins it again is no longer
    /// counted.
    ///
    /// Judged by `worker::an_event_that_comes_again_changes_nothing` and
    /// `worker::learners_are_counted_and_not_completions`.
    pub fn apply(&mut self, at: Offset, event: &Event) {
        let _ = (at, event);
        todo!(
            "Apply the event if it is the next one: advance `next`, and bring the lesson's row up to date."
        )
    }
    // ANCHOR_END: stubs

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

    // ANCHOR: worker-stubs
    /// Applies the feed's events until there is nothing more.
    ///
    /// # Errors
    /// [`NoAnswer`] when the feed breaks or is stopped. What was applied until then stays, and the next
    /// run continues from there.
    ///
    /// Judged by `worker::a_worker_that_was_stopped_misses_nothing` and
    /// `worker::a_feed_that_repeats_itself_counts_once`.
    pub fn run(&mut self) -> Result<(), NoAnswer> {
        let _ = &self.feed;
        todo!("Pull from where the view stands and apply, until there is nothing more.")
    }

    /// Rebuilds the view, from nothing and from the first event, whatever the old one held. If the feed
    /// breaks meanwhile, later runs complete the new view.
    ///
    /// # Errors
    /// As in [`run`](Self::run).
    ///
    /// Judged by `worker::the_view_is_made_again_from_nothing` and
    /// `worker::a_view_that_is_half_made_is_completed_later`.
    pub fn rebuild(&mut self) -> Result<(), NoAnswer> {
        todo!("Begin with an empty view, and run.")
    }
    // ANCHOR_END: worker-stubs

    /// The view, as far as it has come.
    pub fn view(&self) -> &View {
        &self.view
    }
}
