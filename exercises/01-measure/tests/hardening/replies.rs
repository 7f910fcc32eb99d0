//! Whose reply a reply is, over a long life.

use crate::world::client::{answer, connected, fill, ok, start};
use bytes::Bytes;
use measure::client::MAX_IN_FLIGHT;
use std::collections::HashSet;
use testbed::{idle, note, story};

/// **M3** An id is never used twice on a connection: a reply may be very late.
#[test]
fn an_id_is_never_used_twice() {
    story(|| async {
        let (client, mut server, _) = connected();
        let given_up = start(&client, "first?").await;
        let mut seen = HashSet::from([server.recv().await.id]);
        given_up.abort();
        // More than any table of calls in flight has places.
        for call in 1..=5000 {
            let answer = async {
                let id = server.recv().await.id;
                assert!(
                    seen.insert(id),
                    "Call {call} has id {id}, which an earlier one had. If that one's reply is \
                     still on its way, it will answer this call."
                );
                server.reply(id, "!").await;
            };
            let (answer, ()) = tokio::join!(client.call(Bytes::from_static(b"?")), answer);
            assert!(answer.is_ok());
        }
    });
}

/// **M3** A reply to a call that is still to come answers none: not that one either, when it comes.
#[test]
fn a_reply_in_advance_answers_no_call() {
    story(|| async {
        let (client, mut server, _) = connected();
        let first = start(&client, "first?").await;
        let first_id = server.recv().await.id;
        server.reply(first_id, "first!").await;
        assert_eq!(answer(first).await, ok("first!"));
        note("nobody waits, and replies to the ids around the first one arrive");
        for step in 1..=3 {
            for id in [first_id.wrapping_add(step), first_id.wrapping_sub(step)] {
                server.reply(id, "made up").await;
            }
        }
        idle().await;
        let second = start(&client, "second?").await;
        let request = server.recv().await;
        server.reply(request.id, "second!").await;
        assert_eq!(
            answer(second).await,
            ok("second!"),
            "A reply that came before its call was asked can't be an answer to it. If nobody reads while \
             nobody waits, it lies in the stream until somebody does."
        );
    });
}

/// **M3** An id is not used again after as many calls as sixteen bits count, either.
#[test]
fn an_id_is_not_used_again_after_many_calls() {
    story(|| async {
        let (client, mut server, _) = connected();
        let given_up = start(&client, "first?").await;
        let first = server.recv().await.id;
        given_up.abort();
        idle().await;
        note("the first caller gave up; more calls follow than sixteen bits count");
        for _ in 0..65 {
            let mut calls = fill(&client);
            for _ in 0..MAX_IN_FLIGHT {
                let id = server.recv().await.id;
                assert_ne!(
                    id, first,
                    "A call has the id of the first one, which was given up. If that one's reply is still on \
                     its way, it will answer this call."
                );
                server.reply(id, "!").await;
            }
            while let Some(answer) = calls.join_next().await {
                assert_eq!(answer.expect("no panic"), ok("!"));
            }
        }
    });
}
