//! Stage 2: what readers see.

use crate::world::{NEXT_PLAN, PLAN, completes, history, lesson, log_of, view_of};
use domain::Offset;
use projection::dashboard::{Dashboard, Lag, ReadError, TooOld};
use projection::plan::{Plan, Row};
use projection::shelf::{Older, Shelf};
use projection::view::View;
use std::sync::Arc;
use testbed::{note, story};

fn view_at(plan: Plan, watermark: usize) -> Arc<View> {
    Arc::new(view_of(plan, &history()[..watermark]))
}

/// Publishes, and adds it to the story.
fn publish(shelf: &Shelf, view: &Arc<View>) -> Result<(), Older> {
    let published = shelf.publish(Arc::clone(view));
    note(format!(
        "a view by plan {} at {} is published: {published:?}",
        view.plan().version.0,
        view.watermark().0
    ));
    published
}

fn served(shelf: &Shelf) -> Option<(u32, u64)> {
    let current = shelf.current();
    current.map(|view| (view.plan().version.0, view.watermark().0))
}

/// **D4** The watermark that readers see never falls, however late a view is published.
#[test]
fn a_view_that_was_held_up_does_not_take_readers_back() {
    story(|| async {
        let shelf = Shelf::new();
        let (early, late) = (view_at(PLAN, 4), view_at(PLAN, 9));
        note("a projector makes a view at 4, and is held up before it publishes");
        assert_eq!(publish(&shelf, &late), Ok(()));
        assert_eq!(
            publish(&shelf, &early),
            Err(Older::Watermark { served: Offset(9) }),
            "Readers have seen 9 records. The view at 4 was made before that, and is published after it."
        );
        assert_eq!(served(&shelf), Some((1, 9)));
        assert_eq!(
            publish(&shelf, &late),
            Ok(()),
            "The same view again takes no reader back."
        );
        assert_eq!(publish(&shelf, &view_at(PLAN, 10)), Ok(()));
        assert_eq!(served(&shelf), Some((1, 10)));
    });
}

/// **D3** An older plan never replaces a newer one, however far its view has come.
#[test]
fn an_older_plan_never_replaces_a_newer_one() {
    story(|| async {
        let shelf = Shelf::new();
        assert_eq!(publish(&shelf, &view_at(PLAN, 4)), Ok(()));
        assert_eq!(
            publish(&shelf, &view_at(NEXT_PLAN, 3)),
            Err(Older::Watermark { served: Offset(4) }),
            "A new plan does not take readers back either: its view catches up first."
        );
        assert_eq!(
            publish(&shelf, &view_at(PLAN, 5)),
            Ok(()),
            "Plan 2 was refused, so it was never published. Until it is, plan 1 continues."
        );
        assert_eq!(publish(&shelf, &view_at(NEXT_PLAN, 6)), Ok(()));
        for watermark in [5, 6, 12] {
            assert_eq!(
                publish(&shelf, &view_at(PLAN, watermark)),
                Err(Older::Plan {
                    newest: NEXT_PLAN.version
                }),
                "Plan 2 is served, and the projector of plan 1 does not know it. It may have read \
                 further, but its plan was replaced."
            );
        }
        assert_eq!(served(&shelf), Some((2, 6)));
    });
}

/// **D3** The newest plan is remembered when its view is deleted, and an older plan is still refused.
#[test]
fn a_deleted_view_does_not_let_an_older_plan_in() {
    story(|| async {
        let shelf = Shelf::new();
        assert_eq!(publish(&shelf, &view_at(PLAN, 4)), Ok(()));
        assert_eq!(publish(&shelf, &view_at(NEXT_PLAN, 6)), Ok(()));
        shelf.delete();
        note("the view was deleted");
        assert_eq!(
            publish(&shelf, &view_at(PLAN, 12)),
            Err(Older::Plan {
                newest: NEXT_PLAN.version
            }),
            "The shelf is empty, but that does not make plan 1 newer. In October 2025 a clean-up \
             removed the newer plan, and the delayed one had replaced it."
        );
        assert_eq!(served(&shelf), None);
        assert_eq!(
            publish(&shelf, &view_at(NEXT_PLAN, 2)),
            Ok(()),
            "No reader sees a deleted view, so no reader is taken back: a view of the newest plan may \
             begin again."
        );
    });
}

/// **D4** A read returns how many events the view lacks, and a view beyond the reader's bound is
/// labelled or refused, as the reader chose.
#[test]
fn what_is_beyond_the_bound_is_labelled_or_refused() {
    story(|| async {
        let log = log_of(&history()[..10]);
        let shelf = Shelf::new();
        let dashboard = Dashboard::new(log.clone(), shelf.clone());
        assert_eq!(publish(&shelf, &view_at(PLAN, 7)), Ok(()));
        note("the log ends at 10");
        for (within, lag) in [
            (0, Lag::Beyond(3)),
            (2, Lag::Beyond(3)),
            (3, Lag::Within(3)),
            (4, Lag::Within(3)),
            (u64::MAX, Lag::Within(3)),
        ] {
            let asked = format!("The view lacks 3 of 10 events, and {within} are allowed.");
            let answer = dashboard.read(within, TooOld::Label).await;
            let answer = answer.unwrap_or_else(|error| panic!("{asked} No answer: {error}."));
            assert_eq!(answer.lag, lag, "{asked}");
            assert_eq!(answer.view.watermark(), Offset(7));
            let refusing = dashboard.read(within, TooOld::Refuse).await;
            match lag {
                Lag::Within(_) => assert_eq!(refusing.expect(&asked).lag, lag),
                _ => assert_eq!(
                    refusing.err(),
                    Some(ReadError::TooOld { lag: 3 }),
                    "{asked}"
                ),
            }
        }
    });
}

/// **D4** The lag grows while no projector advances the view: each read asks the log for its end, once,
/// and for nothing else.
#[test]
fn the_lag_grows_when_the_projector_has_stopped() {
    story(|| async {
        let log = log_of(&history()[..5]);
        let shelf = Shelf::new();
        let dashboard = Dashboard::new(log.clone(), shelf.clone());
        assert_eq!(publish(&shelf, &view_at(PLAN, 5)), Ok(()));
        note("from here on no projector runs");
        for lag in 0..6 {
            let answer = dashboard.read(2, TooOld::Label).await.expect("an answer");
            let expected = if lag <= 2 {
                Lag::Within(lag)
            } else {
                Lag::Beyond(lag)
            };
            assert_eq!(
                answer.lag, expected,
                "{lag} events were recorded since. A view whose projector is dead does not know of \
                 them: only the log does. A dashboard that asks the view for its lag looks best on its \
                 worst day."
            );
            assert_eq!(
                (log.ends(), log.reads().len()),
                (usize::try_from(lag).expect("few") + 1, 0),
                "A read of the dashboard asks the log for its end, once, and reads no event. (The \
                 first number counts questions for the end, the second reads.)"
            );
            log.record(completes(20 + lag, 1));
        }
    });
}

/// **D4** An unknown lag is not zero, and a missing view is not an empty one.
#[test]
fn what_is_not_known_is_not_zero() {
    story(|| async {
        let log = log_of(&history()[..5]);
        let shelf = Shelf::new();
        let dashboard = Dashboard::new(log.clone(), shelf.clone());
        let none = dashboard.read(u64::MAX, TooOld::Label).await;
        assert_eq!(
            none.err(),
            Some(ReadError::NoView),
            "No view is served: it was deleted, or none was made yet. Zeros would be a wrong answer."
        );
        assert_eq!(publish(&shelf, &view_at(PLAN, 5)), Ok(()));
        log.set_down(true);
        let labelled = dashboard.read(u64::MAX, TooOld::Label).await;
        let labelled = labelled.expect("a reader that accepts a label gets the view");
        assert_eq!(
            labelled.lag,
            Lag::Unknown,
            "The log gave no answer, so what the view lacks is unknown."
        );
        assert_eq!(labelled.view.watermark(), Offset(5));
        let refusing = dashboard.read(u64::MAX, TooOld::Refuse).await;
        assert_eq!(refusing.err(), Some(ReadError::LagUnknown));
        log.set_down(false);
        let answer = dashboard.read(0, TooOld::Refuse).await.expect("an answer");
        assert_eq!(answer.lag, Lag::Within(0));
        let row = answer.view.row(lesson(3));
        assert_eq!(row.unwrap_or_default(), Row::default());
    });
}
