//! Stage 5: what a view must not do.

use crate::world::office::Authority;
use crate::world::post::Post;
use crate::world::store::TestStore;
use crate::world::{NEXT_PLAN, PLAN, completes, event, log_of, settings, view_of};
use domain::{LearnerId, LessonId};
use ledger::{FILE_NAME, Role, lab};
use projection::certificates::{Certificate, Certificates, FactsError};
use projection::dashboard::{Dashboard, TooOld};
use projection::letters::{LetterId, Letters, LettersError};
use projection::projector::Projector;
use projection::rebuild::rebuild;
use projection::shelf::Shelf;
use projection::store::StoreError;
use std::path::Path;
use std::sync::Arc;
use testbed::{live, note, story};

const MILESTONE: u64 = 3;

fn letter(learner: u64) -> LetterId {
    LetterId {
        learner: LearnerId(learner),
        milestone: MILESTONE,
    }
}

/// **D6** A certificate is decided by the authority alone, whatever the view says, and even if there is
/// none. The authority is asked once, however many lessons a course has, and the view is not asked.
#[test]
fn a_certificate_is_decided_by_the_authority() {
    story(|| async {
        let authority = Authority::default();
        let course: Vec<LessonId> = (1..=40).map(LessonId).collect();
        for lesson in 1..=40 {
            authority.decide(1, lesson, 10, true);
        }
        for lesson in 1..=38 {
            authority.decide(2, lesson, 10, true);
        }
        authority.decide(2, 39, 9, false);
        let shelf = Shelf::new();
        let dashboard = Dashboard::new(authority.log.clone(), shelf.clone());
        let office = Certificates::new(authority.clone(), dashboard);
        let says_no = view_of(PLAN, &[]);
        let everything: Vec<_> = (1..=40)
            .flat_map(|l| [completes(1, l), completes(2, l)])
            .collect();
        let says_yes = view_of(PLAN, &everything);
        for (nth, (what, view)) in [
            ("there is no view", None),
            ("the view is empty", Some(says_no)),
            ("the view says that both have completed all", Some(says_yes)),
        ]
        .into_iter()
        .enumerate()
        {
            note(what);
            if let Some(view) = view {
                assert_eq!(shelf.publish(Arc::new(view)), Ok(()));
            }
            let first = office.certify(LearnerId(1), &course).await;
            assert_eq!(
                first,
                Ok(Certificate::Granted),
                "According to the authority all 40 lessons are completed, and {what}."
            );
            let second = office.certify(LearnerId(2), &course).await;
            assert_eq!(
                second,
                Ok(Certificate::Missing(2)),
                "According to the authority 38 of 40 are completed, and {what}. A certificate that \
                 follows a view can be wrong by everything that the view lacks."
            );
            assert_eq!(
                authority.asked(),
                vec![40; 2 * (nth + 1)],
                "A course of 40 lessons is one request to the authority."
            );
        }
        assert_eq!(
            (authority.log.ends(), authority.log.reads().len()),
            (0, 0),
            "A command asked the dashboard. A command waits for what it asks, and in the end relies on it."
        );
    });
}

/// **D6** The view does not stand in for an authority that gives no answer.
#[test]
fn nothing_is_granted_without_the_authority() {
    story(|| async {
        let authority = Authority::default();
        authority.decide(1, 1, 10, true);
        let shelf = Shelf::new();
        let view = view_of(PLAN, &authority.log.bodies());
        assert_eq!(shelf.publish(Arc::new(view)), Ok(()));
        let dashboard = Dashboard::new(authority.log.clone(), shelf);
        let office = Certificates::new(authority.clone(), dashboard);
        authority.set_down(true);
        let asked = office.certify(LearnerId(1), &[LessonId(1)]).await;
        assert_eq!(
            asked,
            Err(FactsError),
            "The view would have had an answer. It would have had one yesterday as well, before the \
             completion was undone."
        );
        let shown = office.dashboard().read(0, TooOld::Refuse).await;
        assert!(shown.is_ok(), "The page may still show the count.");
    });
}

/// **D8** A learner gets one letter for a milestone: not with each look at the view, and not again when
/// a completion is undone and comes back.
#[test]
fn a_milestone_is_one_letter() {
    story(|| async {
        let (post, record) = (Post::default(), TestStore::default());
        let letters = Letters::new(record.clone(), post.clone(), MILESTONE);
        let mut history = Vec::new();
        let mut expected = Vec::new();
        for (what, body, due) in [
            ("learner 1 has two", completes(1, 1), None),
            ("learner 1 has two", completes(1, 2), None),
            ("learner 2 has one", completes(2, 2), None),
            ("learner 1 has three", completes(1, 3), Some(1)),
            ("learner 1 has four", completes(1, 4), None),
            (
                "learner 1 goes back to three",
                event(1, 1, 2, 4, false),
                None,
            ),
            ("learner 1 goes back to two", event(1, 2, 2, 4, false), None),
            ("learner 1 has three again", event(1, 1, 3, 10, true), None),
            ("learner 2 has two", completes(2, 1), None),
            ("learner 2 has three", completes(2, 5), Some(2)),
        ] {
            history.push(body);
            expected.extend(due.map(letter));
            for _ in 0..2 {
                note(what);
                let sent = letters.send_due(&view_of(PLAN, &history)).await;
                assert_eq!(sent, Ok(()));
                assert_eq!(
                    post.delivered(),
                    expected,
                    "A letter is due at {MILESTONE}: {what}."
                );
            }
            post.forget();
        }
        assert_eq!(
            post.asked(),
            2,
            "A letter that is known to be sent is not left to the provider to drop."
        );
    });
}

/// **D8** A rebuild sends nothing again: whether a letter was sent is not in the log, and no replay can
/// find it out. The record of letters is an authority of its own.
#[test]
fn a_rebuild_sends_no_letter_again() {
    story(|| async {
        let log = log_of(&(1..=5).map(|n| completes(1, n)).collect::<Vec<_>>());
        let (store, shelf, post) = (TestStore::default(), Shelf::new(), Post::default());
        let record = TestStore::default();
        let started = Projector::start(
            PLAN,
            log.clone(),
            store.clone(),
            shelf.clone(),
            settings(1, 2),
        );
        let mut projector = started.await.expect("a projector");
        let letters = Letters::new(record.clone(), post.clone(), MILESTONE);
        for _ in 0..5 {
            projector.step().await.expect("the log answers");
            let view = shelf.current().expect("a view");
            assert_eq!(letters.send_due(&view).await, Ok(()));
        }
        assert_eq!(post.delivered(), [letter(1)]);
        for plan in [PLAN, NEXT_PLAN] {
            shelf.delete();
            store.wipe();
            post.forget();
            note("the view and its checkpoints are deleted, and the worker starts again");
            let letters = Letters::new(record.clone(), post.clone(), MILESTONE);
            let built = rebuild(
                plan,
                log.clone(),
                store.clone(),
                shelf.clone(),
                settings(1, 2),
            );
            drop(built.await.expect("the log answers"));
            let view = shelf.current().expect("a view");
            assert_eq!(letters.send_due(&view).await, Ok(()));
            assert_eq!(
                post.delivered(),
                [letter(1)],
                "The view was rebuilt, and the learner was congratulated again. Who gets a letter \
                 follows from the log; that it was sent does not."
            );
        }
        assert_eq!(
            record.contents().len(),
            1,
            "What was sent is in the worker's own record, which outlives every view."
        );
    });
}

/// **D8** A letter whose record fails is neither lost nor delivered twice: it is sent again at once,
/// with the same id, and the provider drops it.
#[test]
fn a_letter_between_sending_and_recording_is_neither_lost_nor_doubled() {
    story(|| async {
        let (post, record) = (Post::default(), TestStore::default());
        let view = view_of(PLAN, &[completes(1, 1), completes(1, 2), completes(1, 3)]);
        let letters = Letters::new(record.clone(), post.clone(), MILESTONE);
        post.set_down(true);
        let failed = letters.send_due(&view).await;
        assert!(
            matches!(failed, Err(LettersError::Mail(_))),
            "The provider is away: {failed:?}."
        );
        assert!(
            record.contents().is_empty(),
            "Nothing was sent, but the record says that it was: this learner will wait for ever."
        );
        post.set_down(false);
        record.fail_puts(StoreError::Unavailable, false);
        let failed = letters.send_due(&view).await;
        assert!(
            matches!(failed, Err(LettersError::Record(_))),
            "The record is away: {failed:?}."
        );
        record.repair();
        let letters = Letters::new(record.clone(), post.clone(), MILESTONE);
        note("the worker dies, and starts again");
        assert_eq!(letters.send_due(&view).await, Ok(()));
        assert_eq!(
            post.delivered(),
            [letter(1)],
            "The learner was to get one letter, whatever failed in between."
        );
        record.set_unreadable(true);
        post.forget();
        let failed = letters.send_due(&view).await;
        assert_eq!(failed, Err(LettersError::Record(StoreError::Unavailable)));
        assert_eq!(
            post.delivered(),
            [letter(1)],
            "A worker that cannot read the record does not know whether a letter was sent, and sends none."
        );
    });
}

/// **L1** The ledger has the boundary from the stream to the view, with four answers that could be wrong, and
/// calls the view derived.
#[test]
fn the_boundary_to_the_view_is_answered_for() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        let view = lab::answered(lab, "stream", "view");
        assert_eq!(
            view.role,
            Role::Derived,
            "{FILE_NAME} must give the component `view` its role for the facts that it holds. A replay \
             of the log rebuilds it."
        );
    });
}
