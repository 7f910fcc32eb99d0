//! Stage 3: a view that is derived later, and can be rebuilt.

use crate::world::{BEGIN, COMPLETE, LESSON, OTHER, happens, story};
use domain::{Event, LessonId, LessonKey, Offset};
use evening::{Feed, NoAnswer, Store};
use split::worker::{Row, View, Worker};
use story::note;

/// The same lesson, of another learner.
const THEIRS: LessonKey = LessonKey::new(2, 1);

/// The lesson whose row is checked.
const FIRST: LessonId = LessonKey::new(1, 1).lesson;

fn row(completed: usize, changes: usize) -> Row {
    Row { completed, changes }
}

/// A store, its feed, and a worker that has seen nothing.
fn world() -> (Store, Feed, Worker) {
    let store = Store::default();
    let feed = Feed::of(&store);
    let worker = Worker::new(feed.clone(), View::default());
    (store, feed, worker)
}

/// An event that never happened.
fn invented(key: LessonKey) -> Event {
    Event {
        progress: crate::world::fact(key, 1, COMPLETE),
        committed_at_ms: 0,
    }
}

/// **S6** `completed` counts learners, as of their latest event: not how often they completed.
#[test]
fn learners_are_counted_and_not_completions() {
    story(|| {
        let store = Store::default();
        let mut view = View::default();
        let mut expect = |key, change, lesson: LessonId, expected| {
            happens(&store, key, change);
            let at = view.next();
            view.apply(at, &store.event(at).expect("an event at the view's place"));
            assert_eq!(
                view.row(lesson),
                expected,
                "After event {}. A learner who completes a lesson again still counts as one, and for \
                 one who begins it again it is open.",
                at.0
            );
        };
        expect(LESSON, BEGIN, FIRST, row(0, 1));
        expect(LESSON, COMPLETE, FIRST, row(1, 2));
        expect(LESSON, COMPLETE, FIRST, row(1, 3));
        expect(THEIRS, COMPLETE, FIRST, row(2, 4));
        expect(LESSON, BEGIN, FIRST, row(1, 5));
        expect(LESSON, BEGIN, FIRST, row(1, 6));
        expect(LESSON, COMPLETE, FIRST, row(2, 7));
        // A row for each lesson.
        expect(OTHER, COMPLETE, OTHER.lesson, row(1, 1));
        expect(OTHER, BEGIN, FIRST, row(2, 7));
        expect(OTHER, BEGIN, LessonId(9), row(0, 0));
    });
}

/// **S5** Each event counts once, and is in the view as soon as it is applied.
#[test]
fn an_event_that_comes_again_changes_nothing() {
    story(|| {
        let mut view = View::default();
        let store = Store::default();
        for (key, change) in [(LESSON, COMPLETE), (THEIRS, COMPLETE), (LESSON, BEGIN)] {
            happens(&store, key, change);
        }
        let events = store.events();
        for (at, event) in (0..).zip(&events) {
            note(format!("event {at} is applied"));
            view.apply(Offset(at), event);
            assert_eq!(
                view.next(),
                Offset(at + 1),
                "The view's next event, after event {at} was applied."
            );
        }
        assert_eq!(
            view.row(FIRST),
            row(1, 3),
            "Two learners completed the lesson, and one of them has begun it again."
        );
        for (at, event) in (0..).zip(&events) {
            note(format!("event {at} comes again"));
            view.apply(Offset(at), event);
        }
        assert_eq!(
            (view.row(FIRST), view.next()),
            (row(1, 3), Offset(3)),
            "Events that had been applied came again, as they do from every feed that loses none. To \
             count them again is to count what did not happen."
        );
        // A single old event, without the later ones: the learner has begun again since.
        view.apply(Offset(0), &events[0]);
        assert_eq!(
            view.row(FIRST),
            row(1, 3),
            "The first event came again, alone. What it says was true before event 2."
        );
    });
}

/// **S5** A worker that was stopped, or whose feed broke in the middle, misses nothing and counts nothing
/// twice.
#[test]
fn a_worker_that_was_stopped_misses_nothing() {
    story(|| {
        let (store, feed, mut worker) = world();
        happens(&store, LESSON, COMPLETE);
        assert_eq!(worker.run(), Ok(()));
        feed.stop();
        for _ in 0..4 {
            happens(&store, THEIRS, COMPLETE);
        }
        assert_eq!(
            worker.run(),
            Err(NoAnswer),
            "The feed is stopped. \"There is nothing more\" is a different answer."
        );
        assert_eq!(
            worker.view().row(FIRST),
            row(1, 1),
            "A view that cannot continue stays where it was."
        );
        feed.start();
        feed.break_after(2);
        assert_eq!(
            worker.run(),
            Err(NoAnswer),
            "The feed breaks after two events, and there are more."
        );
        assert_eq!(
            (worker.view().row(FIRST), worker.view().next()),
            (row(2, 3), Offset(3)),
            "What was applied before the feed broke stays."
        );
        assert_eq!(worker.run(), Ok(()), "The feed delivers again.");
        assert_eq!(
            (worker.view().row(FIRST), worker.view().next()),
            (row(2, 5), Offset(5)),
            "Five events, two learners. More: some were counted twice after the break. Fewer: some \
             were skipped."
        );
        let pulls = feed.pulls();
        assert_eq!(worker.run(), Ok(()), "There is nothing more.");
        assert_eq!(
            feed.pulls() - pulls,
            1,
            "One pull is enough to find that out."
        );
    });
}

/// **S5** A feed delivers at least once; each event has exactly one effect.
#[test]
fn a_feed_that_repeats_itself_counts_once() {
    story(|| {
        let (store, feed, mut worker) = world();
        for change in [COMPLETE, BEGIN, COMPLETE] {
            happens(&store, LESSON, change);
        }
        worker.run().expect("a feed that delivers");
        happens(&store, THEIRS, BEGIN);
        feed.deliver_again([Offset(1), Offset(0), Offset(2), Offset(2)]);
        worker.run().expect("a feed that delivers");
        assert!(!feed.again_is_pending(), "Nothing came twice in this test.");
        assert_eq!(
            (worker.view().row(FIRST), worker.view().next()),
            (row(1, 4), Offset(4)),
            "Four events, three of which came again before the fourth was delivered. A worker whose place \
             in the log goes back with them would count them once more; one that takes a repeated event \
             for the end would miss the fourth."
        );
    });
}

/// **S6** The view can be deleted and rebuilt from the events, whatever the old one held.
#[test]
fn the_view_is_made_again_from_nothing() {
    story(|| {
        let (store, feed, mut worker) = world();
        let changes = [(LESSON, COMPLETE), (THEIRS, COMPLETE), (LESSON, BEGIN)];
        for (key, change) in changes {
            happens(&store, key, change);
        }
        worker.run().expect("a feed that delivers");
        for time in 1..=2 {
            note(format!("the view is rebuilt, time {time}"));
            assert_eq!(worker.rebuild(), Ok(()));
            assert_eq!(
                (worker.view().row(FIRST), worker.view().next()),
                (row(1, 3), Offset(3)),
                "Rebuilt from the same three events. Twice as much means that the old view was added \
                 to; nothing at all, that the rows were emptied but the place in the log stayed; too \
                 few completed, that something else of the old view stayed."
            );
        }
        note("a view that somebody corrected by hand");
        let mut damaged = View::default();
        for at in 0..5 {
            damaged.apply(Offset(at), &invented(LessonKey::new(7 + at, 1)));
        }
        let mut worker = Worker::new(feed.clone(), damaged);
        assert_eq!(worker.rebuild(), Ok(()));
        assert_eq!(
            (worker.view().row(FIRST), worker.view().next()),
            (row(1, 3), Offset(3)),
            "Rebuilt after somebody had changed the view by hand and counted five learners who are not \
             in the log. Something of the old view stayed: a row, or what a row is counted from."
        );
        note("the view is gone");
        let mut worker = Worker::new(feed, View::default());
        worker.run().expect("a feed that delivers");
        assert_eq!(
            worker.view().row(FIRST),
            row(1, 3),
            "Running the worker brings the view back."
        );
    });
}

/// **S6** A rebuild that breaks in the middle is completed later.
#[test]
fn a_view_that_is_half_made_is_completed_later() {
    story(|| {
        let (store, feed, mut worker) = world();
        for _ in 0..3 {
            happens(&store, LESSON, COMPLETE);
        }
        worker.run().expect("a feed that delivers");
        feed.break_after(1);
        assert_eq!(
            worker.rebuild(),
            Err(NoAnswer),
            "The feed breaks after one event, and there are more."
        );
        assert_eq!(worker.run(), Ok(()), "The feed delivers again.");
        assert_eq!(
            (worker.view().row(FIRST), worker.view().next()),
            (row(1, 3), Offset(3)),
            "Three events in all, one of them applied before the feed broke."
        );
    });
}
