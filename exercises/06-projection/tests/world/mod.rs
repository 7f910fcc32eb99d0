//! Shared by both parts of the grader: a log and a store that count and can fail, and what a view has to
//! hold, added up in the simplest way.

#![allow(dead_code)] // Each part uses what it needs.

pub mod held;
pub mod log;
pub mod office;
pub mod post;
pub mod store;

use domain::{Event, EventId, LearnerId, LessonId, LessonKey, Offset, Progress, Version};
use log::TestLog;
use projection::log::{Body, Recorded};
use projection::plan::{Counting, Plan, PlanVersion, Row, Subject};
use projection::projector::Settings;
use projection::view::{Applied, View};
use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use testbed::note;

/// The first plan of most tests, and the one that replaces it.
pub const PLAN: Plan = Plan {
    version: PlanVersion(1),
    counting: Counting::Completed,
};
pub const NEXT_PLAN: Plan = Plan {
    version: PlanVersion(2),
    counting: Counting::FromSteps(5),
};

/// Learner `learner` is in lesson `lesson`, and it is the `version`th change of that.
pub fn event(learner: u64, lesson: u64, version: u64, steps_done: u32, completed: bool) -> Body {
    Body::Event(Event {
        progress: Progress {
            key: LessonKey::new(learner, lesson),
            version: Version(version),
            steps_done,
            completed,
        },
        // Clocks step back: nothing may be ordered by this time.
        committed_at_ms: 1_000_000 - version,
    })
}

/// The learner completes the lesson, in its first version.
pub fn completes(learner: u64, lesson: u64) -> Body {
    event(learner, lesson, 1, 10, true)
}

pub fn at(offset: u64, body: Body) -> Recorded {
    Recorded {
        offset: Offset(offset),
        body,
    }
}

pub const fn lesson(lesson: u64) -> Subject {
    Subject::Lesson(LessonId(lesson))
}

pub const fn learner(learner: u64) -> Subject {
    Subject::Learner(LearnerId(learner))
}

pub fn settings(batch: usize, checkpoint_every: u64) -> Settings {
    Settings {
        batch: NonZeroUsize::new(batch).expect("a batch"),
        checkpoint_every: NonZeroU64::new(checkpoint_every).expect("a distance"),
    }
}

/// Some two dozen events of four learners in three lessons: some continue, some undo a completion, some
/// are recorded twice, and an old one comes late.
pub fn history() -> Vec<Body> {
    let mut history = Vec::new();
    for version in 1..=3_u64 {
        for learner in 1..=4 {
            let lesson = 1 + (learner + version) % 2;
            let nth = version.div_ceil(2);
            let steps = u32::try_from(3 * nth + learner).expect("a few steps");
            history.push(event(learner, lesson, nth, steps, nth + learner > 3));
        }
    }
    history.push(event(4, 2, 3, 2, false));
    history.push(history[1]);
    history.extend((1..=6).map(|learner| completes(learner, 3)));
    history.push(event(5, 3, 3, 8, false));
    history.push(event(5, 3, 2, 9, true));
    history.push(event(1, 3, 2, 12, true));
    history.push(completes(2, 3));
    history
}

/// A log with `bodies` in it.
pub fn log_of(bodies: &[Body]) -> TestLog {
    let log = TestLog::default();
    for body in bodies {
        log.record(*body);
    }
    log
}

/// A view into which `bodies` were applied, one by one.
pub fn view_of(plan: Plan, bodies: &[Body]) -> View {
    let mut view = View::empty(plan);
    for (offset, body) in (0..).zip(bodies) {
        let applied = view.apply(&at(offset, *body));
        assert_eq!(
            applied,
            Ok(Applied::Moved),
            "The record at {offset} was the next one, and readable."
        );
    }
    view
}

/// The rows that `bodies` have to make: the highest version of each key, added up.
pub fn replayed(plan: Plan, bodies: &[Body]) -> Vec<(Subject, Row)> {
    let mut newest = BTreeMap::<LessonKey, Progress>::new();
    for body in bodies {
        if let Body::Event(Event { progress, .. }) = *body {
            let known = newest.entry(progress.key).or_insert(progress);
            if progress.version > known.version {
                *known = progress;
            }
        }
    }
    let mut rows = BTreeMap::<Subject, Row>::new();
    for progress in newest.values() {
        let counts = match plan.counting {
            Counting::Completed => progress.completed,
            Counting::FromSteps(steps) => progress.steps_done >= steps,
        };
        for subject in [
            Subject::Lesson(progress.key.lesson),
            Subject::Learner(progress.key.learner),
        ] {
            let row = rows.entry(subject).or_default();
            row.completed += u64::from(counts);
            row.steps += u64::from(progress.steps_done);
        }
    }
    rows.into_iter().collect()
}

/// **D1** in one line: the view equals a replay of the log up to its watermark.
#[track_caller]
pub fn holds_d1(view: &View, log: &TestLog) {
    says(view, &log.bodies());
}

/// The same, against the given history.
#[track_caller]
pub fn says(view: &View, history: &[Body]) {
    let Offset(watermark) = view.watermark();
    let upto = usize::try_from(watermark).expect("a small number");
    assert!(
        upto <= history.len(),
        "The view reports that {upto} records are in it, and the log has {}.",
        history.len()
    );
    assert_eq!(
        view.rows(),
        replayed(view.plan(), &history[..upto]),
        "D1: a view at watermark {watermark} equals a replay of the first {watermark} records, under \
         its plan. If it does not, either the rows or the watermark are wrong, and it is unknown \
         which."
    );
}

/// The ids of the events in `bodies`.
pub fn ids(bodies: &[Body]) -> Vec<EventId> {
    let ids = bodies.iter().filter_map(|body| match body {
        Body::Event(event) => Some(event.id()),
        Body::Unreadable { .. } => None,
    });
    ids.collect()
}

/// A record in few words, for the story.
pub fn told(body: &Body) -> String {
    match body {
        Body::Event(Event { progress, .. }) => format!(
            "learner {}, lesson {}, version {}: {} steps{}",
            progress.key.learner.0,
            progress.key.lesson.0,
            progress.version.0,
            progress.steps_done,
            if progress.completed {
                ", completed"
            } else {
                ""
            }
        ),
        Body::Unreadable { schema } => format!("something of schema {schema}"),
    }
}

/// Applies a record, and adds it to the story.
pub fn apply(
    view: &mut View,
    offset: u64,
    body: Body,
) -> Result<Applied, projection::view::ApplyError> {
    note(format!(
        "the record at {offset} is applied: {}",
        told(&body)
    ));
    view.apply(&at(offset, body))
}
