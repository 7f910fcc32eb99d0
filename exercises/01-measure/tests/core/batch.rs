//! Stage 4. What the platform says over the connection, and how often it crosses to say it.

use crate::world::handlers::EvenLessons;
use crate::world::lessons::{connected, keys};
use bytes::Bytes;
use domain::LessonKey;
use measure::client::{CallError, Client};
use measure::progress::{Answer, MAX_BATCH_KEYS, ProgressClient, ProgressService, Question};
use measure::server::serve;
use std::sync::Arc;
use testbed::peer::FAILURE;
use testbed::{Link, Peer, scene, soon, story};

/// What came back, without its hundred entries.
fn in_short(answers: &Result<Answer, CallError>) -> String {
    match answers {
        Ok(answers) => format!(
            "{} entries, the first {:?}",
            answers.len(),
            answers.first().copied().flatten()
        ),
        Err(error) => format!("{error:?}"),
    }
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
        assert!(
            answers.as_ref() == Ok(&expected),
            "One answer for each key, in the keys' order, and `None` where nothing was begun: got {}.",
            in_short(&answers)
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
                answers.as_ref() == Ok(&expected),
                "The answers to {count} keys are not the source's: got {}.",
                in_short(&answers)
            );
            assert_eq!(
                meters.requests().frames,
                crossings,
                "{count} keys, at most {MAX_BATCH_KEYS} a crossing, and no keys are none."
            );
        }
    });
}

/// **M3** An answer that does not fit its question is an error, and never taken for an answer.
#[test]
fn an_answer_that_does_not_fit_its_question_is_malformed() {
    story(|| async {
        let asked = [LessonKey::new(1, 2), LessonKey::new(1, 4)];
        let encode = |answer: &Answer| Bytes::from(postcard::to_stdvec(answer).expect("encodes"));
        let [first, second] = asked.map(EvenLessons::answer);
        let stranger = EvenLessons::answer(LessonKey::new(9, 4));
        let misfits: [(&str, Bytes); 8] = [
            ("one answer too few", encode(&vec![first])),
            ("no answers", encode(&vec![])),
            (
                "another learner's progress in the second lesson",
                encode(&vec![first, stranger]),
            ),
            ("one answer too many", encode(&vec![first, second, None])),
            ("answers in another order", encode(&vec![second, first])),
            (
                "the answers, and something behind them",
                [encode(&vec![first, second]), Bytes::from_static(b"!")]
                    .concat()
                    .into(),
            ),
            ("no bytes", Bytes::new()),
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
                "The reply was {what}, and each entry must stand where its key stood, and be about it. To hand it \
                 on, or to repair it, would be to guess which learner it is about."
            );
        }
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
                "a list of one key, and something behind it",
                vec![1, 1, 2, 3],
            ),
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
                "(id, kind): the request was {what}, which a failure answers."
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
