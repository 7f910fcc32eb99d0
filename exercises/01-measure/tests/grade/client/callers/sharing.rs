//! Many share one connection, and none waits for another.

use crate::client::{answer, connected, connected_over, fill, ok, start, start_bytes};
use bytes::Bytes;
use measure::client::{CallError, MAX_IN_FLIGHT};
use std::time::Duration;
use testbed::link::Carriage;
use testbed::memory::Watch;
use testbed::{idle, note, poll_once, scene, soon, story};

/// What a thousand callers wait for, and what it usually means if they do so in vain.
const DEADLOCK: &str = "one of a thousand calls to be answered (if both sides write, and neither \
                        reads before it is done, both wait for ever)";

/// **M4** A caller does not wait until another one has its reply.
#[test]
fn a_slow_call_holds_up_no_other() {
    story(|| async {
        let (client, mut server, meters) = connected();
        let slow = start(&client, "slow?").await;
        let quick = start(&client, "quick?").await;
        assert_eq!(
            meters.requests().frames,
            2,
            "The first call has no reply yet, and the second has not been sent because of it: the \
             connection is shared in turns, and every caller pays for the slowest."
        );
        let (a, b) = (server.recv().await, server.recv().await);
        server.reply(b.id, "quick!").await;
        assert_eq!(answer(quick).await, ok("quick!"));
        server.reply(a.id, "slow!").await;
        assert_eq!(answer(slow).await, ok("slow!"));
    });
}

/// **M4** A caller that is not polled for a while holds up no other.
#[test]
fn a_caller_that_is_not_polled_holds_up_no_other() {
    story(|| async {
        let (client, mut server, _) = connected();
        let held = client.call(Bytes::from_static(b"held?"));
        tokio::pin!(held);
        assert!(poll_once(held.as_mut()).is_pending(), "Nobody has replied.");
        note("the first caller was polled once, and does something else now");
        let second = start(&client, "second?").await;
        let first = server.recv().await;
        let request = server.expect("the second caller's request").await;
        server.reply(request.id, "second!").await;
        assert_eq!(answer(second).await, ok("second!"));
        server.reply(first.id, "held!").await;
        assert_eq!(soon("the first caller's reply", held).await, ok("held!"));
    });
}

/// **M4** A caller that is not polled keeps its place in no line that others wait in.
#[test]
fn a_caller_that_is_not_polled_blocks_no_line() {
    story(|| async {
        // The pipe holds 16 bytes, so that a request of 600 stays under way until the server reads.
        let (client, mut server, _) = connected_over(Carriage {
            buffer_bytes: 16,
            ..Carriage::default()
        });
        let first = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
        let held = client.call(Bytes::from_static(b"held?"));
        tokio::pin!(held);
        assert!(poll_once(held.as_mut()).is_pending(), "Nobody has replied.");
        note(
            "the second caller was polled once, behind a request under way, and does something else now",
        );
        let third = start(&client, "third?").await;
        let mut under_way = None;
        loop {
            let request = server
                .expect(
                    "the third caller's request (does the second one, which nobody polls, hold a lock, or the \
                     turn to take it?)",
                )
                .await;
            if request.payload == "third?" {
                server.reply(request.id, "third!").await;
                break;
            }
            if request.payload.len() == 600 {
                under_way = Some(request.id);
            }
        }
        assert_eq!(answer(third).await, ok("third!"));
        server
            .reply(
                under_way.expect("what was begun is finished first"),
                "first!",
            )
            .await;
        assert_eq!(answer(first).await, ok("first!"));
    });
}

/// **M4** A caller that sleeps through thousands of others' replies finds its own.
#[test]
fn a_reply_keeps_for_a_caller_that_sleeps() {
    story(|| async {
        let (client, mut server, _) = connected();
        let held = client.call(Bytes::from_static(b"held?"));
        tokio::pin!(held);
        assert!(poll_once(held.as_mut()).is_pending(), "Nobody has replied.");
        let first = server.recv().await;
        server.reply(first.id, "held!").await;
        note("a caller was polled once, and has its reply; 3,000 others call before it looks");
        for _ in 0..3_000 {
            let serve = async {
                let request = server.recv().await;
                server.reply(request.id, "!").await;
            };
            let (answer, ()) = tokio::join!(client.call(Bytes::from_static(b"?")), serve);
            assert_eq!(answer, ok("!"));
        }
        assert_eq!(
            soon("the reply that came long ago", held).await,
            ok("held!")
        );
    });
}

/// **M4** There is no time limit in a call: its caller has one, or has none.
#[test]
fn a_call_waits_for_as_long_as_its_caller() {
    story(|| async {
        let (client, mut server, _) = connected();
        let slow = start(&client, "slow?").await;
        let request = server.recv().await;
        tokio::time::sleep(Duration::from_secs(12 * 60 * 60)).await;
        note("twelve hours later the server replies");
        server.reply(request.id, "slow!").await;
        assert_eq!(
            answer(slow).await,
            ok("slow!"),
            "Who decides how long is too long is the caller, by dropping the call."
        );
        tokio::time::sleep(Duration::from_secs(6 * 60 * 60)).await;
        note("six hours later the connection is used again");
        let call = start(&client, "still there?").await;
        let request = server
            .expect("a request over a connection that was quiet for six hours")
            .await;
        server.reply(request.id, "").await;
        assert_eq!(
            answer(call).await,
            ok(""),
            "A reply may carry nothing, and is one."
        );
    });
}

/// **M4** A thousand callers share one connection through a narrow pipe, and all are answered.
#[test]
fn a_thousand_callers_share_a_narrow_connection() {
    story(|| async {
        // The server reads one request, writes its reply, and only then reads on: so a client that
        // does not read while it writes stops both.
        let (client, mut server, meters) = connected_over(Carriage {
            buffer_bytes: 64,
            read_bytes: 7,
            ..Carriage::default()
        });
        tokio::spawn(async move {
            while let Some(request) = server.try_recv().await {
                server.reply(request.id, request.payload).await;
            }
        });
        let calls: Vec<_> = (0..1000)
            .map(|number| {
                let client = client.clone();
                tokio::spawn(async move {
                    let request = Bytes::from(format!("caller {number}"));
                    (client.call(request.clone()).await, request)
                })
            })
            .collect();
        for call in calls {
            let (reply, request) = soon(DEADLOCK, call).await.expect("no caller panics");
            assert_eq!(reply, Ok(request), "A caller got another caller's reply.");
        }
        assert_eq!(meters.requests().frames, 1000);
    });
}

/// **M4** At most `MAX_IN_FLIGHT` calls are on the wire; the next one goes out once a place is free.
#[test]
fn calls_beyond_the_bound_wait_for_a_place() {
    story(|| async {
        let (client, mut server, meters) = connected();
        let mut calls = Vec::new();
        for _ in 0..=MAX_IN_FLIGHT {
            let client = client.clone();
            calls.push(tokio::spawn(async move {
                client.call(Bytes::from_static(b"?")).await
            }));
        }
        idle().await;
        assert_eq!(
            meters.requests().frames,
            MAX_IN_FLIGHT,
            "{} calls were made and none answered: {MAX_IN_FLIGHT} may be on the wire.",
            MAX_IN_FLIGHT + 1
        );
        assert_eq!(
            client.in_flight(),
            MAX_IN_FLIGHT,
            "Who waits for a place has none yet."
        );
        let request = server.recv().await;
        server.reply(request.id, "!").await;
        idle().await;
        assert_eq!(
            meters.requests().frames,
            MAX_IN_FLIGHT + 1,
            "One call was answered: its place is free for the one that waits."
        );
    });
}

/// **M4** Failures, late replies and made-up ones neither cost a place nor make one.
#[test]
fn no_reply_changes_the_number_of_places() {
    story(|| async {
        let (client, mut server, meters) = connected();
        let failed = start(&client, "failed?").await;
        let request = server.recv().await;
        server.failure(request.id).await;
        assert_eq!(answer(failed).await, Err(CallError::Failed));
        let given_up = start(&client, "given up?").await;
        let request = server.recv().await;
        given_up.abort();
        idle().await;
        server.reply(request.id, "late").await;
        server.reply(request.id, "again").await;
        server.failure(request.id ^ (1 << 40)).await;
        idle().await;
        assert_eq!(client.in_flight(), 0);
        let before = meters.requests().frames;
        let _calls = fill(&client);
        let _more = fill(&client);
        idle().await;
        assert_eq!(
            meters.requests().frames - before,
            MAX_IN_FLIGHT,
            "A failure, a late reply, a repeated one and a made-up one later, there are as many \
             places as before."
        );
    });
}

/// **M4** Calls that were answered leave no memory behind either.
#[test]
fn calls_that_were_answered_leave_nothing_behind() {
    story(|| async {
        let (client, mut server, _) = connected();
        let mut watch = Watch::start();
        for call in 0..10_000 {
            scene(format!("call {call}"));
            let serve = async {
                let request = server.recv().await;
                server.reply(request.id, "!").await;
            };
            let (answer, ()) = tokio::join!(client.call(Bytes::from_static(b"?")), serve);
            assert_eq!(answer, ok("!"));
            if call == 100 {
                watch = Watch::start();
            }
        }
        assert!(
            watch.grown_bytes() <= 64 * 1024,
            "10,000 calls were answered one after the other, and {} bytes are still held for them. A connection \
             lives for months.",
            watch.grown_bytes()
        );
    });
}
