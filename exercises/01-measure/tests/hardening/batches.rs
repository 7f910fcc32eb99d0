//! Batches in parts: in any order, with parts that fail, and with answers about something else.

use crate::world::handlers::EvenLessons;
use crate::world::lessons::answer_to;
use bytes::Bytes;
use domain::LessonKey;
use measure::client::{CallError, Client};
use measure::progress::{Answer, MAX_BATCH_KEYS, ProgressClient, Question};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;
use testbed::{Link, Peer, RawFrame, idle, note, soon, stories};

/// What the server makes of a part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Answered,
    Fails,
    /// Answered about other learners.
    OtherLearners,
    OneTooFew,
    OneTooMany,
    /// The server has it, and vanishes.
    Vanishes,
}

impl Fate {
    fn error(self) -> Option<CallError> {
        match self {
            Self::Answered => None,
            Self::Fails => Some(CallError::Failed),
            Self::Vanishes => Some(CallError::Unknown),
            _ => Some(CallError::Malformed),
        }
    }

    fn answer(self, asked: &Question) -> Option<Bytes> {
        let mut about = asked.clone();
        match self {
            Self::OtherLearners => {
                let last = about.last_mut().expect("a part has keys");
                // One whose answer is not `None`.
                *last = LessonKey::new(last.learner.0 + 1, last.lesson.0 & !1);
            }
            Self::OneTooFew => drop(about.pop()),
            Self::OneTooMany => about.push(LessonKey::new(0, 1)),
            Self::Answered => {}
            Self::Fails | Self::Vanishes => return None,
        }
        let question = postcard::to_stdvec(&about).expect("encodes");
        Some(answer_to(&question).into())
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Answered),
        1 => Just(Fate::Fails),
        1 => Just(Fate::OtherLearners),
        1 => Just(Fate::OneTooFew),
        1 => Just(Fate::OneTooMany),
        1 => Just(Fate::Vanishes),
    ]
}

/// **M5** A batch of any size has an answer for each key in the keys' order, whichever part is answered first; and
/// one of which a part has no proper answer has that part's error, and no other: a hole is not the same as
/// nothing begun.
#[test]
fn a_batch_is_answered_whole_or_not_at_all() {
    let cases = (
        vec(fate(), 1..5),
        prop_oneof![Just(1), 1..=MAX_BATCH_KEYS],
        any::<bool>(),
        0_u64..5,
    );
    stories(
        cases,
        |(fates, in_the_last, newest_first, repeats)| async move {
            let count = ((fates.len() - 1) * MAX_BATCH_KEYS + in_the_last) as u64;
            // In no order, and some of them twice.
            let key = |number: u64| LessonKey::new(number % 3, number.wrapping_mul(577) % 4001);
            let mut keys: Vec<_> = (0..count).map(key).collect();
            for number in 0..repeats.min(count) {
                keys.push(key(number));
                keys.remove(0);
            }
            let parts: Vec<Question> = keys.chunks(MAX_BATCH_KEYS).map(<[_]>::to_vec).collect();
            note(format!(
                "{count} keys are asked for; their parts come to this: {fates:?}"
            ));
            let expected: Answer = keys.iter().copied().map(EvenLessons::answer).collect();

            let (near, far, _) = Link::new().split();
            let client = ProgressClient::new(Client::new(near));
            let mut server = Some(Peer::server(far));
            let call = tokio::spawn(async move {
                match keys[..] {
                    [key] => client.progress(key).await.map(|answer| vec![answer]),
                    _ => client.progress_many(&keys).await,
                }
            });
            let mut asked: VecDeque<RawFrame> = VecDeque::new();
            let mut errors = Vec::new();
            // Some clients ask for all parts at once, some for one after the other: either is fine.
            while !call.is_finished() {
                idle().await;
                while let Some(peer) = &mut server
                    && let Ok(Some(request)) =
                        tokio::time::timeout(Duration::ZERO, peer.try_recv()).await
                {
                    asked.push_back(request);
                }
                let next = if newest_first {
                    asked.pop_back()
                } else {
                    asked.pop_front()
                };
                let (Some(request), Some(peer)) = (next, &mut server) else {
                    break;
                };
                let question: Question =
                    postcard::from_bytes(&request.payload).expect("a list of keys");
                let part = parts.iter().position(|part| *part == question);
                let part = part.expect("each part is as many keys as may be, in their order");
                errors.extend(fates[part].error());
                match fates[part] {
                    Fate::Vanishes => server = None,
                    fate => match fate.answer(&question) {
                        Some(answer) => peer.reply(request.id, answer).await,
                        None => peer.failure(request.id).await,
                    },
                }
            }
            let answers = soon("the batch to end", call).await.expect("no panic");
            match answers {
                Ok(answers) => {
                    assert!(
                        errors.is_empty() && server.is_some(),
                        "A part of the batch has no proper answer ({errors:?}), and the caller was told nothing of it. \
                     `None` in its place would say that its lessons are not begun."
                    );
                    assert!(
                        answers == expected,
                        "The answers are not those to the keys, in the keys' order: a caller matches them by their places."
                    );
                }
                Err(error) => assert!(
                    errors.contains(&error),
                    "What went wrong with the parts was {errors:?}, and the caller was told {error:?}. What an error \
                 says is passed on as it is: to make `Unknown` something else, or to ask again, is not this \
                 layer's to decide."
                ),
            }
        },
    );
}
