//! What a call writes: one frame, in one write, and flushed.

use crate::client::{answer, connected, connected_over, ok, start, start_bytes};
use bytes::Bytes;
use testbed::link::Carriage;
use testbed::{idle, note, story};

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
