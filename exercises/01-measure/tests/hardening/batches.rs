//! Batches in parts, with holes, and with answers about something else.

use crate::world::handlers::EvenLessons;
use crate::world::lessons::{answer_to, connected, keys};
use domain::LessonKey;
use measure::client::{CallError, Client};
use measure::progress::{Answer, MAX_BATCH_KEYS, ProgressClient, Question};
use std::time::Duration;
use testbed::{Link, Peer, idle, scene, soon, story};

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
