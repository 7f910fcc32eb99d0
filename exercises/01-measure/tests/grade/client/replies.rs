//! Whose reply a reply is.

use super::{answer, connected, connected_over, fill, ok, start, start_bytes};
use bytes::Bytes;
use measure::client::{CallError, MAX_IN_FLIGHT};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashSet;
use testbed::link::Carriage;
use testbed::peer::{REPLY, REQUEST};
use testbed::{RawFrame, idle, note, stories, story};

/// **M3** Each call gets the reply that carries its id, whatever order replies come in.
#[test]
fn replies_find_their_calls_in_any_order() {
    story(|| async {
        let (client, mut server, _) = connected();
        let first = start(&client, "first?").await;
        let second = start(&client, "second?").await;
        let (a, b) = (server.recv().await, server.recv().await);
        assert_eq!(
            (a.payload.as_ref(), b.payload.as_ref()),
            (&b"first?"[..], &b"second?"[..])
        );
        assert_ne!(a.id, b.id, "Two calls that are open at once need two ids.");
        assert_eq!(
            (a.kind, b.kind),
            (REQUEST, REQUEST),
            "A client sends requests."
        );
        server.reply(b.id, "second!").await;
        server.reply(a.id, "first!").await;
        assert_eq!(
            answer(first).await,
            ok("first!"),
            "The first call got another call's reply."
        );
        assert_eq!(
            answer(second).await,
            ok("second!"),
            "The second call got another call's reply."
        );
    });
}

/// **M3** A reply that comes a second time answers nobody.
#[test]
fn a_repeated_reply_answers_no_other_call() {
    story(|| async {
        let (client, mut server, _) = connected();
        let first = start(&client, "first?").await;
        let a = server.recv().await;
        server.reply(a.id, "first!").await;
        assert_eq!(answer(first).await, ok("first!"));
        let second = start(&client, "second?").await;
        let b = server.recv().await;
        server.reply(a.id, "first!").await;
        idle().await;
        server.reply(b.id, "second!").await;
        assert_eq!(
            answer(second).await,
            ok("second!"),
            "The reply to the first call came twice, and the second call must not take it for its own."
        );
    });
}

/// **M3** A reply to a call that nobody made is dropped, and the connection goes on.
#[test]
fn a_reply_to_no_call_is_dropped() {
    story(|| async {
        let (client, mut server, _) = connected();
        let call = start(&client, "first?").await;
        let request = server.recv().await;
        let [far, near] = [request.id ^ (1 << 63), request.id.wrapping_add(1)];
        for stranger in [far, near, near.wrapping_add(999)] {
            server.reply(stranger, "not yours").await;
            server.failure(stranger).await;
        }
        idle().await;
        server.reply(request.id, "first!").await;
        assert_eq!(
            answer(call).await,
            ok("first!"),
            "Replies to unknown ids arrived first; they answer nobody, and end nothing."
        );
    });
}

/// **M3** The reply to a call that was given up answers no other call, and the connection goes on.
#[test]
fn a_reply_after_the_caller_gave_up_answers_no_other_call() {
    story(|| async {
        let (client, mut server, _) = connected();
        let given_up = start(&client, "first?").await;
        let a = server.recv().await;
        given_up.abort();
        note("the first caller gave up");
        let second = start(&client, "second?").await;
        let b = server.recv().await;
        server.reply(a.id, "first!").await;
        idle().await;
        server.reply(b.id, "second!").await;
        assert_eq!(
            answer(second).await,
            ok("second!"),
            "The late reply was for the call that was given up, and belongs to nobody now."
        );
    });
}

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

/// **M3** In every order, with repeats and strangers between, over every chunking, each call that is
/// still waited for gets its own reply.
#[test]
fn no_noise_misleads_a_reply() {
    let script = (1_usize..12, vec((any::<u8>(), 0_u8..4), 0..40), 1_usize..30);
    stories(script, |(calls, noise, read_bytes)| {
        noisy_replies(calls, noise, read_bytes)
    });
}

async fn noisy_replies(calls: usize, noise: Vec<(u8, u8)>, read_bytes: usize) {
    let (client, mut server, _) = connected_over(Carriage {
        read_bytes,
        ..Carriage::default()
    });
    let mut open = Vec::new();
    for number in 0..calls {
        let request = Bytes::from(format!("call {number}"));
        let call = start_bytes(&client, request.clone()).await;
        let frame = server.recv().await;
        assert_eq!(frame.payload, request);
        open.push(Some((frame.id, request, call)));
    }
    let stranger = open.iter().flatten().fold(0, |all, (id, ..)| all ^ id) ^ (1 << 62);
    let mut answered = Vec::new();
    let mut given_up = Vec::new();
    for (which, what) in noise {
        let slot = &mut open[usize::from(which) % calls];
        match (what, slot.take()) {
            (0, Some((id, request, call))) => {
                server.reply(id, request.clone()).await;
                assert_eq!(
                    answer(call).await,
                    Ok(request),
                    "A call got another call's reply."
                );
                answered.push(id);
            }
            (1, Some((id, _, call))) => {
                call.abort();
                given_up.push(id);
            }
            (2, taken) => {
                *slot = taken;
                for id in answered.iter().chain(&given_up) {
                    server.reply(*id, "again").await;
                }
            }
            (_, taken) => {
                *slot = taken;
                server.reply(stranger, "to nobody").await;
            }
        }
    }
    for (id, request, call) in open.into_iter().flatten() {
        server.reply(id, request.clone()).await;
        assert_eq!(
            answer(call).await,
            Ok(request),
            "A call got another call's reply."
        );
    }
}

/// **M3** A failure is told to the caller whose call failed, and to no other.
#[test]
fn a_failure_reaches_its_own_caller() {
    story(|| async {
        let (client, mut server, _) = connected();
        let first = start(&client, "first?").await;
        let second = start(&client, "second?").await;
        let (a, b) = (server.recv().await, server.recv().await);
        server.failure(a.id).await;
        assert_eq!(
            answer(first).await,
            Err(CallError::Failed),
            "The server said that it failed."
        );
        server.reply(b.id, "second!").await;
        assert_eq!(answer(second).await, ok("second!"));
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

/// **M3** Of two replies to one call the first is its answer, also if the caller has not taken it yet.
#[test]
fn the_first_reply_is_the_answer() {
    story(|| async {
        let (client, mut server, _) = connected();
        let call = start(&client, "hello?").await;
        let id = server.recv().await.id;
        let both = ["hello!", "again!"].map(|payload| RawFrame {
            id,
            kind: REPLY,
            payload: Bytes::from_static(payload.as_bytes()),
        });
        note("two replies to the same call arrive in one piece");
        server
            .send_bytes(&both.map(|frame| frame.bytes()).concat())
            .await;
        assert_eq!(
            answer(call).await,
            ok("hello!"),
            "The call was answered by the first. The second is one that nobody waits for."
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
