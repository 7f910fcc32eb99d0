//! Stage 1: a view is a fold.

use crate::world::{
    NEXT_PLAN, PLAN, apply, at, completes, event, history, ids, learner, lesson, replayed, says,
    view_of,
};
use domain::Offset;
use projection::log::Body;
use projection::plan::Row;
use projection::view::{Applied, ApplyError, View};
use proptest::prelude::*;
use proptest::sample::Index;
use std::fmt;
use testbed::{for_all, live, note};

/// **D1** Each event moves the watermark by one and is part of its lesson's row and its learner's.
#[test]
fn each_event_is_part_of_two_rows() {
    live(|| {
        let mut view = View::empty(PLAN);
        for (offset, learner) in [(0, 1), (1, 2), (2, 3)] {
            let applied = apply(&mut view, offset, completes(learner, 7));
            assert_eq!(applied, Ok(Applied::Moved));
            assert_eq!(
                view.watermark(),
                Offset(offset + 1),
                "The watermark is the number of records in the view."
            );
        }
        assert_eq!(
            apply(&mut view, 3, event(1, 8, 1, 4, false)),
            Ok(Applied::Moved)
        );
        let row = |completed, steps| Some(Row { completed, steps });
        assert_eq!(
            view.row(lesson(7)),
            row(3, 30),
            "Three have completed lesson 7."
        );
        assert_eq!(
            view.row(lesson(8)),
            row(0, 4),
            "Lesson 8 was begun, and not completed."
        );
        assert_eq!(
            view.row(learner(1)),
            row(1, 14),
            "Learner 1 is in both lessons."
        );
        assert_eq!(view.row(lesson(9)), None, "No event is about lesson 9.");
    });
}

/// **D1** A row says where everyone stands now: a completion that was undone is not counted, and a
/// further step in a lesson is not another completion.
#[test]
fn a_row_says_where_everyone_stands_now() {
    live(|| {
        let mut view = View::empty(PLAN);
        let steps = [
            (event(1, 7, 1, 3, false), 0, 3),
            (event(1, 7, 2, 10, true), 1, 10),
            (event(1, 7, 3, 12, true), 1, 12),
            (event(1, 7, 4, 2, false), 0, 2),
            (event(1, 7, 5, 10, true), 1, 10),
        ];
        for (offset, (body, completed, steps)) in (0..).zip(steps) {
            assert_eq!(apply(&mut view, offset, body), Ok(Applied::Moved));
            for subject in [lesson(7), learner(1)] {
                assert_eq!(
                    view.row(subject),
                    Some(Row { completed, steps }),
                    "One learner is in one lesson. An event says where they stand after it, and \
                     replaces what the view knew; a row is not a count of events."
                );
            }
        }
    });
}

/// **D1** The plan decides what counts as completed.
#[test]
fn a_plan_says_what_counts() {
    live(|| {
        for plan in [PLAN, NEXT_PLAN] {
            note(format!("a view by {plan:?}"));
            says(&view_of(plan, &history()), &history());
        }
    });
}

/// **D2** A record below the watermark changes nothing, whenever it comes again.
#[test]
fn what_is_below_the_watermark_changes_nothing() {
    live(|| {
        let history = history();
        let mut view = view_of(PLAN, &history);
        let before = view.rows();
        for (offset, body) in (0..).zip(&history) {
            let applied = apply(&mut view, offset, *body);
            assert_eq!(
                applied,
                Ok(Applied::Repeated),
                "The record at {offset} is in the view already, and was delivered again. Delivery at \
                 least once allows that."
            );
        }
        let unreadable = Body::Unreadable { schema: 9 };
        assert_eq!(
            apply(&mut view, 3, unreadable),
            Ok(Applied::Repeated),
            "A newer program has read it, and saved the view: its content is in there."
        );
        assert_eq!(view.rows(), before);
        assert_eq!(view.watermark(), Offset(history.len() as u64));
    });
}

/// **D3** An older version never replaces a newer one, even when it was recorded later.
#[test]
fn an_older_version_never_replaces_a_newer_one() {
    live(|| {
        let mut view = View::empty(PLAN);
        let old = event(1, 7, 1, 3, false);
        assert_eq!(apply(&mut view, 0, old), Ok(Applied::Moved));
        assert_eq!(
            apply(&mut view, 1, event(1, 7, 2, 10, true)),
            Ok(Applied::Moved)
        );
        for offset in 2..4 {
            note("a relay that was held up delivers version 1 again");
            assert_eq!(
                apply(&mut view, offset, old),
                Ok(Applied::Moved),
                "It is the next record of the log, so the watermark passes it."
            );
            assert_eq!(
                view.row(lesson(7)),
                Some(Row {
                    completed: 1,
                    steps: 10
                }),
                "Version 2 was known, and version 1 came after it. The last to arrive is not the \
                 newest: the authority numbered them, and that number decides."
            );
        }
        assert_eq!(view.watermark(), Offset(4));
    });
}

/// A record in few words: a failing case shows two dozen of them.
#[derive(Clone, Copy)]
struct Short(Body);

impl fmt::Debug for Short {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Body::Event(event) => {
                let (key, version) = (event.progress.key, event.progress.version);
                let (learner, lesson) = (key.learner.0, key.lesson.0);
                write!(formatter, "({learner}, {lesson}, {})", version.0)
            }
            Body::Unreadable { schema } => write!(formatter, "schema {schema}"),
        }
    }
}

/// Each of `bodies` at least once, in any order, some of them twice.
fn any_order(bodies: Vec<Body>) -> impl Strategy<Value = Vec<Short>> {
    let repeated = proptest::collection::vec(any::<Index>(), 0..6);
    repeated.prop_flat_map(move |repeated| {
        let mut all = bodies.clone();
        all.extend(repeated.iter().map(|index| *index.get(&bodies)));
        let all: Vec<Short> = all.into_iter().map(Short).collect();
        Just(all).prop_shuffle()
    })
}

/// **D3** Every interleaving makes the same view.
#[test]
fn every_interleaving_makes_the_same_view() {
    live(|| {
        let bodies = history();
        let expected = replayed(PLAN, &bodies);
        for_all(&any_order(bodies), |order| {
            let order: Vec<Body> = order.into_iter().map(|Short(body)| body).collect();
            assert_eq!(
                view_of(PLAN, &order).rows(),
                expected,
                "The same events in another order (the failing case lists them by learner, lesson and \
                 version) made a different view. Between keys there is no order, and within a key the \
                 version is the order."
            );
        });
    });
}

/// **D1** A record that comes too early is refused, and so is one that cannot be read. Neither changes
/// anything, and neither is skipped.
#[test]
fn nothing_is_stepped_over() {
    live(|| {
        let mut view = view_of(PLAN, &[completes(1, 7), completes(2, 7)]);
        let before = view.rows();
        let watermark = Offset(2);
        for offset in [3, 4, 90] {
            assert_eq!(
                apply(&mut view, offset, completes(3, 7)),
                Err(ApplyError::Gap {
                    watermark,
                    offset: Offset(offset)
                }),
                "The view has the first two records, and {offset} is not the next. If it is applied, \
                 no watermark says what is in the view."
            );
        }
        let unreadable = Body::Unreadable { schema: 9 };
        for _ in 0..2 {
            assert_eq!(
                apply(&mut view, 2, unreadable),
                Err(ApplyError::Unreadable {
                    offset: Offset(2),
                    schema: 9
                }),
                "A newer program wrote it, and this one cannot know what it changes. A watermark after \
                 it would say that it is in the view."
            );
        }
        assert_eq!((view.rows(), view.watermark()), (before, watermark));
        let applied = view.apply(&at(2, completes(3, 7)));
        assert_eq!(applied, Ok(Applied::Moved), "The next record is applied.");
    });
}

/// **D7** Every row traces to events of the log, and those events alone make the same row.
#[test]
fn every_row_traces_to_events_that_make_it() {
    live(|| {
        let history = history();
        for plan in [PLAN, NEXT_PLAN] {
            let view = view_of(plan, &history);
            for (subject, row) in view.rows() {
                let trace = view.trace(subject);
                note(format!("{subject:?} traces to {trace:?}"));
                let known = ids(&history);
                assert!(
                    trace.iter().all(|id| known.contains(id)),
                    "The trace of {subject:?} names events that are not in the log: {trace:?}."
                );
                let named: Vec<Body> = history
                    .iter()
                    .filter(|body| ids(&[**body]).iter().any(|id| trace.contains(id)))
                    .copied()
                    .collect();
                let made = replayed(plan, &named);
                let made = made.iter().find(|(made, _)| *made == subject);
                assert_eq!(
                    made.map(|(_, made)| *made),
                    Some(row),
                    "Why does the dashboard show this for {subject:?}? The events that it traces to \
                     have to be the answer: folded alone, they make the row."
                );
            }
            assert_eq!(view.trace(lesson(99)), [], "A missing row has no events.");
        }
    });
}
