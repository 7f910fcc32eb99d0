//! Many share one connection, and none waits for another.

use crate::world::client::{answer, connected, ok, start, start_bytes};
use bytes::Bytes;
use measure::client::MAX_IN_FLIGHT;
use testbed::{idle, note, story};

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

/// **M4** A call that is given up frees its place at once, reply or no reply.
#[test]
fn a_call_that_is_given_up_frees_its_place() {
    story(|| async {
        let (client, mut server, _) = connected();
        assert_eq!(client.in_flight(), 0);
        let first = start(&client, "first?").await;
        let second = start(&client, "second?").await;
        assert_eq!(
            client.in_flight(),
            2,
            "Two calls wait for their replies, and each holds a place until it returns. (A permit in `_` \
             is given back on the same line; one in `_place` is kept.)"
        );
        first.abort();
        note("the first caller gave up");
        idle().await;
        assert_eq!(
            client.in_flight(),
            1,
            "One caller gave up, so its place is free at once; the other still waits. Code after an \
             `.await` never runs in a future that was dropped: what must happen then belongs in a `Drop`."
        );
        server.recv().await;
        let b = server.recv().await;
        server.reply(b.id, "second!").await;
        assert_eq!(answer(second).await, ok("second!"));
        assert_eq!(client.in_flight(), 0, "Nobody waits any more.");
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
            "{} calls were made and none answered: {MAX_IN_FLIGHT} may be on the wire, and the next waits \
             until one of them has returned.",
            MAX_IN_FLIGHT + 1
        );
        assert_eq!(
            client.in_flight(),
            MAX_IN_FLIGHT,
            "A caller that waits for a place has none yet."
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
