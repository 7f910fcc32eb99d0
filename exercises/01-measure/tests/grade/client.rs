//! The client. The test plays the server, frame by frame.

use bytes::Bytes;
use measure::client::{CallError, Client, MAX_IN_FLIGHT};
use measure::frame::{MAX_LENGTH, MAX_PAYLOAD_BYTES};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashSet;
use std::task::Poll;
use std::time::Duration;
use testbed::link::{Carriage, Meters};
use testbed::memory::Watch;
use testbed::peer::{REPLY, REQUEST};
use testbed::{Link, Peer, RawFrame, idle, note, scene, soon, stories, story};
use tokio::task::{JoinHandle, JoinSet};

type Answer = Result<Bytes, CallError>;

/// What a thousand callers wait for, and what it usually means if they do so in vain.
const DEADLOCK: &str = "one of a thousand calls to be answered (if both sides write, and neither \
                        reads before it is done, both wait for ever)";

/// A client, and the server in the test's hands.
fn connected() -> (Client, Peer, Meters) {
    connected_over(Carriage::default())
}

fn connected_over(carriage: Carriage) -> (Client, Peer, Meters) {
    let (near, far, meters) = Link::with(carriage).split();
    (Client::new(near), Peer::server(far), meters)
}

/// Starts a call, and lets it get as far as it can.
async fn start(client: &Client, request: &'static str) -> JoinHandle<Answer> {
    note(format!("a caller asks {request:?}"));
    start_bytes(client, Bytes::from_static(request.as_bytes())).await
}

async fn start_bytes(client: &Client, request: Bytes) -> JoinHandle<Answer> {
    let client = client.clone();
    let call = tokio::spawn(async move { client.call(request).await });
    idle().await;
    call
}

/// As many calls as there are places.
fn fill(client: &Client) -> JoinSet<Answer> {
    let mut calls = JoinSet::new();
    for _ in 0..MAX_IN_FLIGHT {
        let client = client.clone();
        calls.spawn(async move { client.call(Bytes::from_static(b"?")).await });
    }
    calls
}

/// What became of a call.
async fn answer(call: JoinHandle<Answer>) -> Answer {
    soon("a call to be answered or to fail", call)
        .await
        .unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("The call was dropped: {error}"),
        })
}

#[allow(clippy::unnecessary_wraps)] // so that it stands beside the errors
fn ok(answer: &'static str) -> Answer {
    Ok(Bytes::from_static(answer.as_bytes()))
}

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
        for stranger in [1 << 63, 1 << 40, 1 << 20].map(|bit| request.id ^ bit) {
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
        // Beyond what sixteen bits can count.
        for call in 1..=1 << 16 {
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

/// **M4** Calls that are given up leave no memory behind, even if they are never answered.
#[test]
fn calls_that_are_given_up_leave_nothing_behind() {
    story(|| async {
        let (client, mut server, _) = connected();
        let watch = Watch::start();
        for _ in 0..10_000 {
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
            "10,000 callers gave up, and {} bytes are still held for them: some table remembers \
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

/// **M6** A call of which only a part had left when the server vanished is unknown too.
#[test]
fn a_call_that_was_half_sent_is_unknown() {
    story(|| async {
        let (client, server, meters) = connected_over(Carriage {
            buffer_bytes: 16,
            ..Carriage::default()
        });
        let call = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
        assert_eq!(meters.requests().bytes, 16, "The pipe holds 16 bytes.");
        server.vanish();
        assert_eq!(
            answer(call).await,
            Err(CallError::Unknown),
            "Sixteen bytes of 613 had left. This client can't know what the other side makes of \
             half a frame; `NotSent` promises that not one byte has left."
        );
    });
}

/// **M6** When the server vanishes, a call in flight fails, and says that it may have happened.
#[test]
fn a_call_in_flight_when_the_server_vanishes_is_unknown() {
    story(|| async {
        let (client, mut server, _) = connected();
        let calls = [start(&client, "one?").await, start(&client, "two?").await];
        server.recv().await;
        server.recv().await;
        server.vanish();
        for call in calls {
            assert_eq!(
                answer(call).await,
                Err(CallError::Unknown),
                "The server had received the request. Whether it acted on it before it vanished, \
                 nobody here can know: neither `Failed` nor `NotSent` is true."
            );
        }
        assert_eq!(client.in_flight(), 0, "Nobody waits any more.");
    });
}

/// **M6** A request that the server has received is unknown, also when a later one could not be written.
#[test]
fn a_failed_write_does_not_unsend_what_was_sent() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            buffer_bytes: 64,
            ..Carriage::default()
        });
        let first = start(&client, "first?").await;
        server.recv().await;
        let second = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
        server.vanish();
        for call in [first, second] {
            assert_eq!(
                answer(call).await,
                Err(CallError::Unknown),
                "The first request had arrived whole and the second in part, when writing failed."
            );
        }
    });
}

/// **M6** Once the connection is known to be gone, a call fails at once, and says that it was not sent.
#[test]
fn a_call_after_the_end_was_not_sent() {
    story(|| async {
        let (client, mut server, _) = connected();
        let before = start(&client, "before?").await;
        server.recv().await;
        server.vanish();
        assert_eq!(answer(before).await, Err(CallError::Unknown));
        idle().await;
        for _ in 0..3 {
            let after = start(&client, "after?").await;
            assert_eq!(
                answer(after).await,
                Err(CallError::NotSent),
                "The connection had been gone for a while: this request never left the process, \
                 and its caller may safely try elsewhere."
            );
        }
    });
}

/// **M6** A connection that ends while nobody is calling has ended: the next call fails, and at once.
#[test]
fn a_call_after_a_quiet_end_was_not_sent() {
    story(|| async {
        for closes in [true, false] {
            scene(if closes {
                "the server closes its side"
            } else {
                "the server vanishes"
            });
            let (client, mut server, _) = connected();
            idle().await;
            let kept = if closes {
                server.finish().await;
                Some(server)
            } else {
                server.vanish();
                None
            };
            idle().await;
            let call = start(&client, "after?").await;
            assert_eq!(
                answer(call).await,
                Err(CallError::NotSent),
                "Nobody had called when the connection ended. Nobody is there to answer this call."
            );
            drop(kept);
        }
    });
}

/// **M6** A call that was still waiting for its place when the server vanished was not sent.
#[test]
fn a_call_without_a_place_when_the_server_vanishes_was_not_sent() {
    story(|| async {
        let (client, mut server, _) = connected();
        let mut calls = Vec::new();
        for _ in 0..MAX_IN_FLIGHT + 3 {
            let client = client.clone();
            calls.push(tokio::spawn(async move {
                client.call(Bytes::from_static(b"?")).await
            }));
        }
        idle().await;
        for _ in 0..MAX_IN_FLIGHT {
            server.recv().await;
        }
        server.vanish();
        let (mut unknown, mut not_sent) = (0, 0);
        for call in calls {
            match answer(call).await {
                Err(CallError::Unknown) => unknown += 1,
                Err(CallError::NotSent) => not_sent += 1,
                other => panic!("A call without an answer was reported as {other:?}."),
            }
        }
        assert_eq!(
            (unknown, not_sent),
            (MAX_IN_FLIGHT, 3),
            "The server received {MAX_IN_FLIGHT} requests, and 3 more waited for a place."
        );
    });
}

/// **M6** A reply that is cut off at any byte leaves its call unknown, and never hangs it.
#[test]
fn a_reply_torn_at_any_byte_leaves_its_call_unknown() {
    story(|| async {
        let reply = |id| RawFrame {
            id,
            kind: REPLY,
            payload: Bytes::from_static(b"half an answer"),
        };
        for cut in 0..reply(0).bytes().len() {
            scene(format!(
                "the server sends {cut} bytes of its reply, and vanishes"
            ));
            let (client, mut server, _) = connected();
            let call = start(&client, "whole?").await;
            let request = server.recv().await;
            server.send_bytes(&reply(request.id).bytes()[..cut]).await;
            server.vanish();
            assert_eq!(answer(call).await, Err(CallError::Unknown));
        }
    });
}

/// **M6** A server that sends no proper frames ends the connection, and no caller hangs on it.
#[test]
fn a_server_that_breaks_the_protocol_ends_the_connection() {
    story(|| async {
        let request = RawFrame {
            id: 0,
            kind: REQUEST,
            payload: Bytes::new(),
        };
        let unknown_kind = RawFrame {
            id: 0,
            kind: 9,
            payload: Bytes::new(),
        };
        let too_large = u32::try_from(MAX_LENGTH + 1).expect("fits").to_be_bytes();
        let broken: [(&str, Bytes); 5] = [
            (
                "a length beyond the limit",
                Bytes::copy_from_slice(&too_large),
            ),
            ("a length of zero", Bytes::from_static(&[0; 4])),
            ("a frame of unknown kind", unknown_kind.bytes()),
            ("a request, which only clients send,", request.bytes()),
            (
                "the start of a web page",
                Bytes::from_static(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            ),
        ];
        for (what, bytes) in broken {
            scene(format!("the server answers with {what}"));
            let (client, mut server, _) = connected();
            let call = start(&client, "hello?").await;
            server.recv().await;
            let watch = Watch::start();
            server.send_bytes(&bytes).await;
            assert_eq!(
                answer(call).await,
                Err(CallError::Unknown),
                "After {what} nothing else on the stream can be believed. The connection is over, and \
                 whether the call happened is unknown."
            );
            assert!(
                watch.largest_bytes() <= 256 * 1024,
                "{what} made the client allocate {} bytes at once.",
                watch.largest_bytes()
            );
            idle().await;
            let after = start(&client, "after?").await;
            assert_eq!(answer(after).await, Err(CallError::NotSent));
        }
    });
}

/// **M6** A server that closes its side has answered all it ever will: who still waits is told.
#[test]
fn a_server_that_closes_its_side_leaves_nobody_waiting() {
    story(|| async {
        let (client, mut server, _) = connected();
        let call = start(&client, "hello?").await;
        server.recv().await;
        server.finish().await;
        assert_eq!(answer(call).await, Err(CallError::Unknown));
    });
}

/// **M6** A request that fits no frame is refused before any of it is sent, and harms no other call.
#[test]
fn a_request_beyond_the_limit_is_refused_unsent() {
    story(|| async {
        let (client, mut server, meters) = connected();
        let bytes = MAX_PAYLOAD_BYTES + 1;
        let refused = start_bytes(&client, Bytes::from(vec![0; bytes])).await;
        assert_eq!(answer(refused).await, Err(CallError::TooLarge { bytes }));
        assert_eq!(meters.requests().bytes, 0, "Nothing of it may be sent.");
        assert_eq!(client.in_flight(), 0);
        let call = start(&client, "hello?").await;
        let request = server.recv().await;
        server.reply(request.id, "hello!").await;
        assert_eq!(answer(call).await, ok("hello!"), "The connection goes on.");
    });
}

/// **M6** The connection closes when the last client is gone, so that the server can let go of it too.
#[test]
fn the_connection_closes_with_the_last_client() {
    story(|| async {
        let (client, mut server, _) = connected();
        let clone = client.clone();
        let call = start(&clone, "hello?").await;
        let request = server.recv().await;
        drop((client, clone));
        note("the last client was dropped, with one call in flight");
        server.reply(request.id, "hello!").await;
        assert_eq!(
            answer(call).await,
            ok("hello!"),
            "A call in flight keeps the connection open."
        );
        assert_eq!(
            soon(
                "the connection to be closed: no client is left",
                server.try_recv()
            )
            .await,
            None,
            "Nobody can call any more."
        );
    });
}

/// **M6** Calls that were given up, and are never answered, do not keep the connection open.
#[test]
fn the_connection_closes_with_calls_that_were_given_up() {
    story(|| async {
        let (client, mut server, _) = connected();
        let given_up = start(&client, "hello?").await;
        server.recv().await;
        given_up.abort();
        idle().await;
        drop(client);
        note("the only caller gave up, and the last client was dropped");
        assert_eq!(
            soon(
                "the connection to be closed: no client is left",
                server.try_recv()
            )
            .await,
            None
        );
    });
}
