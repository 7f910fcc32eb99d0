//! Letters, with a crash at every point, and with two workers by mistake.

use crate::world::held::{Held, Slow};
use crate::world::post::Post;
use crate::world::store::TestStore;
use crate::world::{PLAN, completes, event, view_of};
use domain::LearnerId;
use projection::letters::{LetterId, Letters};
use projection::store::StoreError;
use std::sync::Arc;
use testbed::{note, story};

const MILESTONE: u64 = 2;

fn view() -> Arc<projection::view::View> {
    let history: Vec<_> = (1..=3)
        .flat_map(|learner| (1..=learner).map(move |lesson| completes(learner, lesson)))
        .collect();
    Arc::new(view_of(PLAN, &history))
}

/// Letters to learners 2 and 3, who have two lessons or more.
fn expected() -> Vec<LetterId> {
    let letter = |learner| LetterId {
        learner: LearnerId(learner),
        milestone: MILESTONE,
    };
    vec![letter(2), letter(3)]
}

fn worker(record: &TestStore, post: &Post) -> impl Future<Output = bool> + 'static {
    let (record, post, view) = (record.clone(), post.clone(), view());
    async move {
        Letters::new(record, post, MILESTONE)
            .send_due(&view)
            .await
            .is_ok()
    }
}

/// **D8** A worker dies at any of its questions, and another replaces it: no letter is lost, and none is
/// delivered twice within the provider's day. When all are recorded, none is ever delivered twice.
#[test]
fn a_worker_that_dies_anywhere_loses_and_doubles_nothing() {
    let mut died = 0;
    for (record_slow, post_slow) in [
        (Slow::Question, Slow::Answer),
        (Slow::Answer, Slow::Question),
        (Slow::Answer, Slow::Answer),
        (Slow::Question, Slow::Question),
    ] {
        for polls in 0..12 {
            died += 1;
            story(move || async move {
                let (record, post) = (TestStore::default(), Post::default());
                record.set_slow(record_slow);
                post.set_slow(post_slow);
                let mut dying = Held::begin("a worker", worker(&record, &post));
                for _ in 0..polls {
                    dying.go_on();
                }
                dying.give_up();
                assert!(
                    Held::begin("the next worker", worker(&record, &post))
                        .finish()
                        .await
                );
                let mut delivered = post.delivered();
                delivered.sort_unstable();
                assert_eq!(
                    delivered,
                    expected(),
                    "A worker died at its question {polls}, and another replaced it at once. Learners \
                     2 and 3 have reached the milestone."
                );
                post.forget();
                assert!(
                    Held::begin("a worker next week", worker(&record, &post))
                        .finish()
                        .await
                );
                assert_eq!(post.delivered().len(), 2, "All of them are recorded.");
            });
        }
    }
    assert!(died > 40, "Workers have died at every question.");
}

/// **D8** Two workers at once, by mistake, deliver each letter once, within the provider's day.
#[test]
fn two_workers_are_one_letter() {
    for first in 0..8 {
        story(move || async move {
            let (record, post) = (TestStore::default(), Post::default());
            record.set_slow(Slow::Answer);
            post.set_slow(Slow::Answer);
            let mut one = Held::begin("one worker", worker(&record, &post));
            for _ in 0..first {
                one.go_on();
            }
            let mut other = Held::begin("the other", worker(&record, &post));
            while !(one.is_done() && other.is_done()) {
                one.go_on();
                other.go_on();
            }
            let mut delivered = post.delivered();
            delivered.sort_unstable();
            assert_eq!(
                delivered,
                expected(),
                "Each letter has one id, whichever worker sends it."
            );
        });
    }
}

/// **D8** After a failure, what was due is still due, whichever letter failed.
#[test]
fn what_failed_is_due_still() {
    for (error, happens) in [
        (StoreError::Full, false),
        (StoreError::Unavailable, false),
        (StoreError::Unavailable, true),
    ] {
        story(move || async move {
            let (record, post) = (TestStore::default(), Post::default());
            record.fail_puts(error, happens);
            assert!(!worker(&record, &post).await, "The record has failed.");
            record.repair();
            post.set_down(true);
            assert!(!worker(&record, &post).await, "The provider is down.");
            note("everything works again");
            post.set_down(false);
            assert!(worker(&record, &post).await);
            let mut delivered = post.delivered();
            delivered.sort_unstable();
            assert_eq!(delivered, expected());
        });
    }
}

/// **D8** Each milestone is a letter of its own, and so is each learner, with one record for all.
#[test]
fn milestones_and_learners_are_told_apart() {
    story(|| async {
        let (record, post) = (TestStore::default(), Post::default());
        let mut history = Vec::new();
        for learner in [1, 11, 111] {
            history.extend((1..=12).map(|lesson| completes(learner, lesson)));
        }
        history.push(event(2, 1, 1, 3, false));
        let view = view_of(PLAN, &history);
        for milestone in [1, 11, 12] {
            let letters = Letters::new(record.clone(), post.clone(), milestone);
            assert_eq!(letters.send_due(&view).await, Ok(()));
        }
        let delivered = post.delivered();
        assert_eq!(
            delivered.len(),
            9,
            "Three learners, three milestones: {delivered:?}."
        );
    });
}
