//! What the platform says over the connection, and how often it crosses to say it.

use crate::handlers::EvenLessons;
use bytes::Bytes;
use domain::LessonKey;
use measure::client::{CallError, Client};
use measure::progress::{Answer, MAX_BATCH_KEYS, ProgressClient, ProgressService, Question};
use measure::server::serve;
use std::sync::Arc;
use std::time::Duration;
use testbed::link::Meters;
use testbed::peer::FAILURE;
use testbed::{Link, Peer, idle, scene, soon, story};

fn keys(count: usize) -> Vec<LessonKey> {
    (0..count as u64)
        .map(|number| LessonKey::new(number % 10, number))
        .collect()
}

/// A platform's client and server, with a meter between them.
fn connected() -> (ProgressClient, EvenLessons, Meters) {
    let (near, far, meters) = Link::new().split();
    let lessons = EvenLessons::default();
    let service = Arc::new(ProgressService::new(lessons.clone()));
    tokio::spawn(async move { serve(far, service).await });
    (ProgressClient::new(Client::new(near)), lessons, meters)
}

/// **M5** One key is one crossing, and its answer is what the source says.
#[test]
fn one_key_is_one_crossing() {
    story(|| async {
        let (client, lessons, meters) = connected();
        for (calls, key) in (1..).zip(keys(10)) {
            let answer = soon("the answer for one key", client.progress(key)).await;
            assert_eq!(answer, Ok(EvenLessons::answer(key)));
            assert_eq!(
                (meters.requests().frames, meters.replies().frames),
                (calls, calls)
            );
            assert_eq!(
                lessons.reads(),
                calls,
                "The source is asked once for each key."
            );
        }
    });
}

// ANCHOR: a_hundred_keys
/// **M5** A hundred keys are one crossing too: one frame and one write each way.
#[test]
fn a_hundred_keys_are_one_crossing() {
    story(|| async {
        let (client, lessons, meters) = connected();
        let keys = keys(100);
        let answers = soon(
            "the answers for a batch of keys",
            client.progress_many(&keys),
        )
        .await;
        let expected: Vec<_> = keys.iter().copied().map(EvenLessons::answer).collect();
        assert_eq!(
            answers,
            Ok(expected),
            "One answer for each key, in the keys' order."
        );
        let (there, back) = (meters.requests(), meters.replies());
        assert_eq!(
            (there.frames, back.frames),
            (1, 1),
            "The answers are right, and they crossed {} times for a hundred keys. The boundary is \
             paid for by the crossing.",
            there.frames
        );
        assert!(there.writes <= 1 && back.writes <= 1);
        assert_eq!(
            lessons.reads(),
            100,
            "The source is asked once for each key."
        );
    });
}
// ANCHOR_END: a_hundred_keys

/// **M5** A batch at its bound is one crossing, and beyond it as few as hold the keys.
#[test]
fn a_batch_crosses_no_more_often_than_its_bound_demands() {
    story(|| async {
        for (count, crossings) in [
            (0, 0),
            (1, 1),
            (MAX_BATCH_KEYS, 1),
            (MAX_BATCH_KEYS + 1, 2),
            (3 * MAX_BATCH_KEYS, 3),
        ] {
            let (client, _, meters) = connected();
            let keys = keys(count);
            let answers = soon(
                "the answers for a batch of keys",
                client.progress_many(&keys),
            )
            .await;
            let expected: Vec<_> = keys.iter().copied().map(EvenLessons::answer).collect();
            assert!(
                answers == Ok(expected),
                "The answers to {count} keys are not the source's."
            );
            assert_eq!(
                meters.requests().frames,
                crossings,
                "{count} keys, at most {MAX_BATCH_KEYS} a crossing."
            );
        }
    });
}

/// **M5** Answers stand in the order of the keys, and a key that is there twice is answered twice.
#[test]
fn answers_stand_in_the_order_of_the_keys() {
    story(|| async {
        let (client, _, _) = connected();
        let keys = [8, 3, 8, 1, 0, 3, 8].map(|lesson| LessonKey::new(1, lesson));
        let answers = soon(
            "the answers for a batch of keys",
            client.progress_many(&keys),
        )
        .await;
        let answers = answers.expect("an answer");
        let lessons: Vec<_> = answers
            .iter()
            .map(|answer| answer.map(|progress| progress.key.lesson.0))
            .collect();
        assert_eq!(
            lessons,
            [Some(8), None, Some(8), None, Some(0), None, Some(8)],
            "Asked for lessons 8, 3, 8, 1, 0, 3, 8, of which the odd ones are not begun. A caller \
             matches answers with its keys by their places."
        );
        assert_eq!(answers, keys.map(EvenLessons::answer));
    });
}

/// **M3** An answer that does not fit its question is an error, and never taken for an answer.
#[test]
fn an_answer_that_does_not_fit_its_question_is_malformed() {
    story(|| async {
        let asked = [LessonKey::new(1, 2), LessonKey::new(1, 4)];
        let encode = |answer: &Answer| Bytes::from(postcard::to_stdvec(answer).expect("encodes"));
        let [first, second] = asked.map(EvenLessons::answer);
        let misfits: [(&str, Bytes); 5] = [
            ("one answer too few", encode(&vec![first])),
            ("one answer too many", encode(&vec![first, second, None])),
            ("answers in another order", encode(&vec![second, first])),
            ("nothing at all", Bytes::new()),
            ("bytes that are no answers", Bytes::from_static(&[0xff; 24])),
        ];
        for (what, reply) in misfits {
            scene(format!(
                "asked for two keys, the server replies with {what}"
            ));
            let (near, far, _) = Link::new().split();
            let client = ProgressClient::new(Client::new(near));
            let mut server = Peer::server(far);
            let call = tokio::spawn(async move { client.progress_many(&asked).await });
            let request = server.recv().await;
            server.reply(request.id, reply).await;
            let answer = soon("the call to end", call)
                .await
                .expect("the caller does not panic");
            assert_eq!(
                answer,
                Err(CallError::Malformed),
                "The reply was {what}. Handing it on would show one learner another's progress."
            );
        }
    });
}

/// **M3** Neither is one key's answer believed unseen, nor the last one's of many.
#[test]
fn every_answer_is_held_against_its_key() {
    story(|| async {
        let asked = [LessonKey::new(1, 2), LessonKey::new(1, 4)];
        let [first, second] = asked.map(EvenLessons::answer);
        let strangers = EvenLessons::answer(LessonKey::new(9, 4));
        let misfits: [(&[LessonKey], Answer); 5] = [
            (&asked[..1], vec![]),
            (&asked[..1], vec![second]),
            (&asked[..1], vec![first, second]),
            (&asked[..1], vec![None, None]),
            (&asked, vec![first, strangers]),
        ];
        for (keys, misfit) in misfits {
            let lessons = |answer: &Answer| -> Vec<Option<u64>> {
                let lesson = |progress: domain::Progress| progress.key.lesson.0;
                answer.iter().map(|progress| progress.map(lesson)).collect()
            };
            scene(format!(
                "asked for {} keys: {:?}",
                keys.len(),
                lessons(&misfit)
            ));
            let (near, far, _) = Link::new().split();
            let client = ProgressClient::new(Client::new(near));
            let mut server = Peer::server(far);
            let (ask, single) = (keys.to_vec(), keys.len() == 1);
            let call = tokio::spawn(async move {
                if single {
                    client.progress(ask[0]).await.map(|answer| vec![answer])
                } else {
                    client.progress_many(&ask).await
                }
            });
            let request = server.recv().await;
            let reply = postcard::to_stdvec(&misfit).expect("encodes");
            server.reply(request.id, reply).await;
            let answer = soon("the call to end", call)
                .await
                .expect("the caller does not panic");
            assert_eq!(
                answer,
                Err(CallError::Malformed),
                "What came back does not answer the question: too few, too many, or about another \
                 learner or lesson."
            );
        }
    });
}

/// What a proper server replies to a question.
fn answer_to(question: &[u8]) -> Vec<u8> {
    let keys: Question = postcard::from_bytes(question).expect("a list of keys");
    let answer: Answer = keys.into_iter().map(EvenLessons::answer).collect();
    postcard::to_stdvec(&answer).expect("encodes")
}

/// **M5** Answers stand in the keys' order, whichever part of a large batch is answered first.
#[test]
fn parts_of_a_batch_keep_their_order() {
    story(|| async {
        let keys = keys(2 * MAX_BATCH_KEYS);
        let expected: Answer = keys.iter().copied().map(EvenLessons::answer).collect();
        let (near, far, _) = Link::new().split();
        let client = ProgressClient::new(Client::new(near));
        let mut server = Peer::server(far);
        let call = tokio::spawn(async move { client.progress_many(&keys).await });
        idle().await;
        // Some clients ask for both parts at once, some one after the other: either is well.
        let first = server.recv().await;
        let second = tokio::time::timeout(Duration::from_secs(1), server.try_recv()).await;
        if let Ok(Some(second)) = second {
            server.reply(second.id, answer_to(&second.payload)).await;
            idle().await;
            server.reply(first.id, answer_to(&first.payload)).await;
        } else {
            server.reply(first.id, answer_to(&first.payload)).await;
            let second = server.recv().await;
            server.reply(second.id, answer_to(&second.payload)).await;
        }
        let answers = soon("the batch to be answered", call)
            .await
            .expect("no panic");
        assert!(
            answers == Ok(expected),
            "The answers are not in the keys' order."
        );
    });
}

/// **M6** A batch of which a part has no answer has none: a hole is not the same as not begun.
#[test]
fn a_batch_that_fails_in_part_fails() {
    story(|| async {
        let keys = keys(2 * MAX_BATCH_KEYS);
        let (near, far, _) = Link::new().split();
        let client = ProgressClient::new(Client::new(near));
        let mut server = Peer::server(far);
        let call = tokio::spawn(async move { client.progress_many(&keys).await });
        let first = server.recv().await;
        server.reply(first.id, answer_to(&first.payload)).await;
        let second = server.recv().await;
        server.failure(second.id).await;
        let answers = soon("the batch to end", call).await.expect("no panic");
        assert!(
            answers == Err(CallError::Failed),
            "The second part failed. `None` in its place would say that its lessons are not begun."
        );
    });
}

/// **M6** An error below is passed on as it is: unknown stays unknown.
#[test]
fn errors_keep_their_meaning() {
    story(|| async {
        let (near, far, _) = Link::new().split();
        let client = ProgressClient::new(Client::new(near));
        let mut server = Peer::server(far);
        let asking = client.clone();
        let call = tokio::spawn(async move { asking.progress(LessonKey::new(1, 2)).await });
        let request = server.recv().await;
        server.failure(request.id).await;
        assert_eq!(call.await.expect("no panic"), Err(CallError::Failed));
        let both = client.clone();
        let one = tokio::spawn(async move { client.progress(LessonKey::new(1, 2)).await });
        let many = tokio::spawn(async move { both.progress_many(&keys(5)).await });
        server.recv().await;
        server.recv().await;
        server.vanish();
        let one = soon("the call to end", one).await.expect("no panic");
        assert_eq!(
            one,
            Err(CallError::Unknown),
            "Asking again is not this layer's to decide."
        );
        let many = soon("the call to end", many).await.expect("no panic");
        assert_eq!(many, Err(CallError::Unknown));
    });
}

/// **M7** A request that is no list of keys, or too long a one, is refused before the source is asked.
#[test]
fn a_request_that_is_no_question_is_refused_unread() {
    story(|| async {
        let (near, far, _) = Link::new().split();
        let lessons = EvenLessons::default();
        let service = Arc::new(ProgressService::new(lessons.clone()));
        tokio::spawn(async move { serve(far, service).await });
        let mut client = Peer::client(near);
        let too_many: Question = keys(MAX_BATCH_KEYS + 1);
        let refused = [
            ("no bytes", Vec::new()),
            ("bytes that are no keys", vec![0xff; 50]),
            ("a list that ends within a key", vec![5, 1, 2, 3]),
            (
                "one key too many",
                postcard::to_stdvec(&too_many).expect("encodes"),
            ),
        ];
        for (id, (what, request)) in (0..).zip(refused) {
            scene(format!("the client asks with {what}"));
            client.request(id, request).await;
            let answer = client.recv().await;
            assert_eq!(
                (answer.id, answer.kind),
                (id, FAILURE),
                "The request was {what}."
            );
            assert_eq!(
                lessons.reads(),
                0,
                "The source was asked because of {what}."
            );
        }
        let largest: Question = keys(MAX_BATCH_KEYS);
        client
            .request(9, postcard::to_stdvec(&largest).expect("encodes"))
            .await;
        let answer: Answer =
            postcard::from_bytes(&client.recv().await.payload).expect("a list of answers");
        assert_eq!(
            answer.len(),
            MAX_BATCH_KEYS,
            "A batch at its bound is answered."
        );
    });
}

/// **M3** Each part of a large batch is held against its own keys.
#[test]
fn every_part_is_held_against_its_keys() {
    story(|| async {
        for wrong in [0, 1] {
            scene(format!(
                "part {wrong} of a batch is answered about other lessons"
            ));
            let keys = keys(2 * MAX_BATCH_KEYS);
            let (near, far, _) = Link::new().split();
            let client = ProgressClient::new(Client::new(near));
            let mut server = Peer::server(far);
            let call = tokio::spawn(async move { client.progress_many(&keys).await });
            let serving = tokio::spawn(async move {
                for _ in 0..2 {
                    let Some(request) = server.try_recv().await else {
                        return;
                    };
                    let asked: Question =
                        postcard::from_bytes(&request.payload).expect("a list of keys");
                    let part = usize::from(asked[0] != LessonKey::new(0, 0));
                    let others = asked
                        .iter()
                        .map(|key| LessonKey::new(key.learner.0 + 1, key.lesson.0));
                    let about: Question = if part == wrong {
                        others.collect()
                    } else {
                        asked
                    };
                    let question = postcard::to_stdvec(&about).expect("encodes");
                    server.reply(request.id, answer_to(&question)).await;
                }
                std::future::pending::<()>().await;
            });
            let answers = soon("the batch to end", call).await.expect("no panic");
            assert!(
                answers == Err(CallError::Malformed),
                "Part {wrong} was answered about other learners, and that was handed on."
            );
            serving.abort();
        }
    });
}
