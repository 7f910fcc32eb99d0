//! What callers cost each other, and the connection.

use super::{answer, connected, connected_over, fill, ok, start, start_bytes};
use bytes::Bytes;
use measure::client::{CallError, MAX_IN_FLIGHT};
use std::task::Poll;
use std::time::Duration;
use testbed::link::Carriage;
use testbed::memory::Watch;
use testbed::{idle, note, scene, soon, story};

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

/// **M4** A caller that is dropped while its request is being written leaves no half of it behind.
#[test]
fn a_caller_that_gives_up_never_tears_a_frame() {
    story(|| async {
        // The pipe holds 16 bytes, so that a request of 600 is always in the middle of something.
        for polls in 0..6 {
            scene(format!(
                "a call of 600 bytes is given up after {polls} polls"
            ));
            let (client, mut server, _) = connected_over(Carriage {
                buffer_bytes: 16,
                ..Carriage::default()
            });
            {
                let call = client.call(Bytes::from(vec![b'x'; 600]));
                tokio::pin!(call);
                for _ in 0..polls {
                    std::future::poll_fn(|context| {
                        assert!(
                            call.as_mut().poll(context).is_pending(),
                            "Nobody has replied."
                        );
                        Poll::Ready(())
                    })
                    .await;
                    tokio::task::yield_now().await;
                }
            }
            idle().await;
            let second = start(&client, "second?").await;
            let whole = "the second caller's frame, whole (if the one before was left half \
                         written, this one is taken for its rest)";
            let mut request = server.expect(whole).await;
            if request.payload.len() == 600 {
                assert!(
                    request.payload.iter().all(|byte| *byte == b'x'),
                    "The frame was torn."
                );
                request = server.expect(whole).await;
            }
            assert_eq!(
                request.payload.as_ref(),
                b"second?",
                "The caller that gave up left a part of its frame in the stream, and the next \
                 caller's frame was taken for the rest of it."
            );
            server.reply(request.id, "second!").await;
            assert_eq!(answer(second).await, ok("second!"));
        }
    });
}

/// **M4** A request that has been begun is finished, also when its caller has left meanwhile.
#[test]
fn a_request_that_has_been_begun_is_finished() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            buffer_bytes: 16,
            ..Carriage::default()
        });
        let given_up = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
        given_up.abort();
        note("the caller of 600 bytes gave up, with 16 of them sent");
        idle().await;
        let serving = tokio::spawn(async move {
            let rest = server.expect("the rest of a frame that was begun").await;
            assert!(
                rest.payload.iter().all(|byte| *byte == b'x'),
                "The frame was torn."
            );
            let second = server.expect("the next caller's frame").await;
            assert_eq!(second.payload.as_ref(), b"second?");
            server.reply(second.id, "second!").await;
        });
        idle().await;
        let second = start(&client, "second?").await;
        assert_eq!(answer(second).await, ok("second!"));
        serving.await.expect("no panic");
    });
}

/// **M4** A caller that is not polled for a while holds up no other.
#[test]
fn a_caller_that_is_not_polled_holds_up_no_other() {
    story(|| async {
        let (client, mut server, _) = connected();
        let held = client.call(Bytes::from_static(b"held?"));
        tokio::pin!(held);
        std::future::poll_fn(|context| {
            assert!(
                held.as_mut().poll(context).is_pending(),
                "Nobody has replied."
            );
            Poll::Ready(())
        })
        .await;
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

/// **M4** A call that is given up frees its place at once, reply or no reply.
#[test]
fn a_call_that_is_given_up_frees_its_place() {
    story(|| async {
        let (client, mut server, _) = connected();
        assert_eq!(client.in_flight(), 0);
        let first = start(&client, "first?").await;
        let second = start(&client, "second?").await;
        assert_eq!(client.in_flight(), 2, "Two calls wait for their replies.");
        first.abort();
        note("the first caller gave up");
        idle().await;
        assert_eq!(
            client.in_flight(),
            1,
            "One caller gave up; the other still waits."
        );
        server.recv().await;
        let b = server.recv().await;
        server.reply(b.id, "second!").await;
        assert_eq!(answer(second).await, ok("second!"));
        assert_eq!(client.in_flight(), 0, "Nobody waits any more.");
    });
}

/// So many callers that each of them is noticed in a mebibyte.
const GIVEN_UP: usize = 40_000;

/// **M4** Calls that are given up leave no memory behind, even if they are never answered.
#[test]
fn calls_that_are_given_up_leave_nothing_behind() {
    story(|| async {
        let (client, mut server, _) = connected();
        let watch = Watch::start();
        for _ in 0..GIVEN_UP {
            {
                let call = client.call(Bytes::from_static(b"?"));
                tokio::pin!(call);
                std::future::poll_fn(|context| {
                    assert!(call.as_mut().poll(context).is_pending());
                    Poll::Ready(())
                })
                .await;
                tokio::task::yield_now().await;
            }
            // Some clients send what was given up meanwhile, and some don't bother: either is well.
            while tokio::time::timeout(Duration::ZERO, server.skip())
                .await
                .is_ok()
            {}
        }
        assert!(
            watch.grown_bytes() <= 1 << 20,
            "{GIVEN_UP} callers gave up, and {} bytes are still held for them: some table remembers \
             every call until its reply comes, and these never come.",
            watch.grown_bytes()
        );
        idle().await;
        while tokio::time::timeout(Duration::ZERO, server.skip())
            .await
            .is_ok()
        {}
        let last = start(&client, "last?").await;
        let request = server.recv().await;
        server.reply(request.id, "last!").await;
        assert_eq!(
            answer(last).await,
            ok("last!"),
            "The connection must still work."
        );
    });
}

/// **M4** Calls that are given up behind a server that reads nothing do not pile up either.
#[test]
fn calls_that_are_given_up_behind_a_stall_do_not_pile_up() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            buffer_bytes: 16,
            ..Carriage::default()
        });
        let watch = Watch::start();
        note("20,000 callers ask for 1 KiB each, and give up; the server reads nothing");
        for _ in 0..20_000 {
            let call = client.call(Bytes::from(vec![b'x'; 1024]));
            tokio::pin!(call);
            std::future::poll_fn(|context| {
                let _ = call.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
            tokio::task::yield_now().await;
        }
        assert!(
            watch.grown_bytes() <= 4 << 20,
            "20,000 callers gave up, and {} bytes of their requests are still held: a queue takes \
             in what nobody waits for, and nothing bounds it.",
            watch.grown_bytes()
        );
        let last = start(&client, "last?").await;
        loop {
            let request = server.recv().await;
            if request.payload == "last?" {
                server.reply(request.id, "last!").await;
                break;
            }
        }
        assert_eq!(
            answer(last).await,
            ok("last!"),
            "The connection must still work."
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

/// **M4** A caller that gives up while it waits for a place takes none along.
#[test]
fn a_caller_that_gives_up_waiting_takes_no_place_along() {
    story(|| async {
        let (client, mut server, meters) = connected();
        let mut calls = fill(&client);
        let waiting = start(&client, "waiting?").await;
        waiting.abort();
        idle().await;
        note("all places were taken; one caller waited for a place, and gave up");
        for _ in 0..MAX_IN_FLIGHT {
            let request = server.recv().await;
            server.reply(request.id, "!").await;
        }
        soon("all calls to be answered", calls.join_all()).await;
        assert_eq!(client.in_flight(), 0, "Nobody waits any more.");
        let before = meters.requests().frames;
        calls = fill(&client);
        idle().await;
        assert_eq!(
            meters.requests().frames - before,
            MAX_IN_FLIGHT,
            "All places are free again, and that many calls fit."
        );
        drop(calls);
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

/// **M5** A call is one frame and one write there.
#[test]
fn a_call_is_one_frame_and_one_write() {
    story(|| async {
        let (client, mut server, meters) = connected();
        for calls in 1..=50 {
            let call = start_bytes(&client, Bytes::from(vec![b'?'; calls * 200])).await;
            let request = server.recv().await;
            server.reply(request.id, "!").await;
            assert_eq!(answer(call).await, ok("!"));
            let sent = meters.requests();
            assert_eq!(sent.frames, calls, "{calls} calls are {calls} frames.");
            assert!(
                sent.writes <= calls,
                "{calls} calls took {} writes. Each is a system call; and a length written apart \
                 from its body can wait 40 ms for an acknowledgement (Nagle).",
                sent.writes
            );
        }
    });
}

/// **M5** What is written is also flushed: a frame that waits in a buffer has not crossed.
#[test]
fn a_request_is_flushed() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            needs_flush: true,
            ..Carriage::default()
        });
        for _ in 0..3 {
            let call = start(&client, "hello?").await;
            let request = server
                .expect("a request over a stream that sends when it is flushed")
                .await;
            server.reply(request.id, "hello!").await;
            assert_eq!(answer(call).await, ok("hello!"));
        }
    });
}

/// **M5** Of several calls in flight each is flushed, and not only one that is alone.
#[test]
fn requests_in_flight_together_are_all_flushed() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            needs_flush: true,
            ..Carriage::default()
        });
        let mut calls = Vec::new();
        for number in 1..=3 {
            calls.push(start(&client, "hello?").await);
            server
                .expect(&format!("request {number}, while those before it wait"))
                .await;
        }
        server.vanish();
    });
}

/// **M5** A flush that has to wait is finished: what it held back has not crossed before.
#[test]
fn a_flush_that_has_to_wait_is_finished() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            needs_flush: true,
            buffer_bytes: 16,
            ..Carriage::default()
        });
        let call = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
        let request = server
            .expect("613 bytes that were written at once, and leave sixteen at a time")
            .await;
        server.reply(request.id, "hello!").await;
        assert_eq!(answer(call).await, ok("hello!"));
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
        std::future::poll_fn(|context| {
            assert!(
                held.as_mut().poll(context).is_pending(),
                "Nobody has replied."
            );
            Poll::Ready(())
        })
        .await;
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

/// **M5** A large request is one write too, where the stream takes it in one.
#[test]
fn a_large_call_is_one_write() {
    story(|| async {
        let (client, mut server, meters) = connected_over(Carriage {
            buffer_bytes: 1 << 20,
            ..Carriage::default()
        });
        for (calls, kib) in (1..).zip([20, 60, 200, 500]) {
            let call = start_bytes(&client, Bytes::from(vec![b'?'; kib * 1024])).await;
            let request = server.recv().await;
            server.reply(request.id, "!").await;
            assert_eq!(answer(call).await, ok("!"));
            assert!(
                meters.requests().writes <= calls,
                "{calls} calls, the last one of {kib} KiB, took {} writes. The stream had room for each in one.",
                meters.requests().writes
            );
        }
    });
}

/// **M4** A caller that sleeps through thousands of others' replies finds its own.
#[test]
fn a_reply_keeps_for_a_caller_that_sleeps() {
    story(|| async {
        let (client, mut server, _) = connected();
        let held = client.call(Bytes::from_static(b"held?"));
        tokio::pin!(held);
        std::future::poll_fn(|context| {
            assert!(
                held.as_mut().poll(context).is_pending(),
                "Nobody has replied."
            );
            Poll::Ready(())
        })
        .await;
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

/// **M5** A flush that something else came between is made up for.
#[test]
fn a_flush_that_was_interrupted_is_made_up_for() {
    story(|| async {
        // The stream takes the request at once, and needs the server to read before it has flushed it.
        let (client, mut server, meters) = connected_over(Carriage {
            buffer_bytes: 16,
            needs_flush: true,
            ..Carriage::default()
        });
        let call = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
        assert_eq!(meters.requests().bytes, 16, "The pipe holds 16 bytes.");
        note("the flush waits for the server, which says something to nobody meanwhile");
        for _ in 0..3 {
            server.failure(1 << 50).await;
            idle().await;
        }
        let request = server
            .expect("the rest of a request whose flush was interrupted by a stray frame")
            .await;
        assert_eq!(request.payload.len(), 600);
        server.reply(request.id, "!").await;
        assert_eq!(answer(call).await, ok("!"));
    });
}
