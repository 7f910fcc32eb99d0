//! A caller may leave at any moment, and leaves nothing behind.

use crate::client::{answer, connected, connected_over, fill, ok, start, start_bytes};
use bytes::Bytes;
use measure::client::MAX_IN_FLIGHT;
use std::time::Duration;
use testbed::link::Carriage;
use testbed::memory::Watch;
use testbed::{idle, note, poll_once, scene, soon, story};

/// So many callers that each of them is noticed in a mebibyte.
const GIVEN_UP: usize = 40_000;

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
                    assert!(poll_once(call.as_mut()).is_pending(), "Nobody has replied.");
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
                assert!(poll_once(call.as_mut()).is_pending());
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
            let _ = poll_once(call.as_mut());
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
