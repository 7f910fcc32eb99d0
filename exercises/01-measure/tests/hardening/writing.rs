//! What a call or a reply writes: one frame, in one write, and flushed.

use crate::world::client::{self, answer, ok, start, start_bytes};
use crate::world::handlers::Script;
use crate::world::server::{self, end, reply};
use bytes::Bytes;
use measure::server::serve;
use std::sync::Arc;
use testbed::link::Carriage;
use testbed::{Link, Peer, idle, note, story};

/// **M5** A large request is one write too, where the stream takes it in one.
#[test]
fn a_large_call_is_one_write() {
    story(|| async {
        let (client, mut server, meters) = client::connected_over(Carriage {
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
        let (client, mut server, _) = client::connected_over(Carriage {
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
        let (client, mut server, _) = client::connected_over(Carriage {
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
        let (client, mut server, _) = client::connected_over(Carriage {
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
        let (client, mut server, meters) = client::connected_over(Carriage {
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

/// **M5** A reply is one frame and one write back.
#[test]
fn a_reply_is_one_frame_and_one_write() {
    story(|| async {
        let (mut client, _, meters) = server::connected(Script::new());
        for calls in 1..=50 {
            client.request(calls as u64, vec![b'x'; calls * 200]).await;
            client.recv().await;
            let sent = meters.replies();
            assert_eq!(sent.frames, calls);
            assert!(
                sent.writes <= calls,
                "{calls} replies took {} writes; each is a system call.",
                sent.writes
            );
        }
    });
}

/// **M5** What is written is also flushed: a frame that waits in a buffer has not crossed.
#[test]
fn a_reply_is_flushed() {
    story(|| async {
        let needs_flush = Carriage {
            needs_flush: true,
            ..Carriage::default()
        };
        let (mut client, _, _) = server::connected_over(needs_flush, Script::new());
        for id in 0..3 {
            client.request(id, "hello").await;
            let answer = client
                .expect("a reply over a stream that sends when it is flushed")
                .await;
            assert_eq!(answer, reply(id, "hello"));
        }
    });
}

/// **M5** A reply is flushed when it is written, also while other handlers are still at work.
#[test]
fn a_reply_is_flushed_while_others_are_at_work() {
    story(|| async {
        let needs_flush = Carriage {
            needs_flush: true,
            ..Carriage::default()
        };
        let (mut client, _, _) = server::connected_over(needs_flush, Script::new());
        client.request(1, "slow").await;
        client.request(2, "quick").await;
        let answer = client
            .expect("the quick reply, over a stream that sends when it is flushed")
            .await;
        assert_eq!(answer, reply(2, "quick"));
    });
}

/// **M5** A reply whose flush has to wait is flushed to its end.
#[test]
fn a_flush_of_a_reply_that_has_to_wait_is_finished() {
    story(|| async {
        let narrow = Carriage {
            needs_flush: true,
            buffer_bytes: 16,
            ..Carriage::default()
        };
        let (mut client, _, _) = server::connected_over(narrow, Script::new());
        let text = "a request that is a good deal longer than the pipe, and so is its reply";
        client.request(1, text).await;
        let answer = client
            .expect("the reply, which leaves sixteen bytes at a time")
            .await;
        assert_eq!(answer, reply(1, text));
    });
}

/// **M7** A reply leaves when its handler is done: nothing is waited for, be it to send more at once.
#[test]
fn a_reply_waits_for_no_clock() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = server::connected(script.clone());
        client.request(1, "slow").await;
        idle().await;
        let begun = tokio::time::Instant::now();
        for id in 2..6 {
            client.request(id, "quick").await;
            assert_eq!(client.recv().await, reply(id, "quick"));
        }
        script.gate.open();
        assert_eq!(client.recv().await, reply(1, "slow"));
        let took = begun.elapsed();
        assert!(
            took.is_zero(),
            "Time is virtual, and no handler took any: yet five replies took {took:?}. Somebody sleeps on the \
             way, and every caller pays for it."
        );
    });
}

/// **M5** A large reply is one write too, where the stream takes it in one.
#[test]
fn a_large_reply_is_one_write() {
    story(|| async {
        let roomy = Carriage {
            buffer_bytes: 1 << 20,
            ..Carriage::default()
        };
        let (mut client, _, meters) = server::connected_over(roomy, Script::new());
        for (calls, kib) in (1..).zip([20, 60, 200, 500]) {
            client.request(1, vec![b'x'; kib * 1024]).await;
            assert_eq!(client.recv().await.payload.len(), kib * 1024);
            assert!(
                meters.replies().writes <= calls,
                "{calls} replies, the last one of {kib} KiB, took {} writes. The stream had room for each in one.",
                meters.replies().writes
            );
        }
    });
}

/// **M5** A flush that something else came between is made up for.
#[test]
fn a_flush_of_replies_that_was_interrupted_is_made_up_for() {
    story(|| async {
        let narrow = Carriage {
            buffer_bytes: 16,
            needs_flush: true,
            ..Carriage::default()
        };
        let script = Script::new();
        let (near, far, _) = Link::with(narrow).split();
        let served = tokio::spawn({
            let script = script.clone();
            async move { serve(far, Arc::new(script)).await }
        });
        let mut client = Peer::client(near);
        client.request(1, vec![b'x'; 600]).await;
        idle().await;
        note("the reply waits for the client to read, which sends half a length meanwhile");
        client.send_bytes(&[0, 0]).await;
        idle().await;
        let answer = client
            .expect("a reply whose flush was interrupted by two bytes of the next request")
            .await;
        assert_eq!(answer.payload.len(), 600);
        client.send_bytes(&[0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0]).await;
        assert_eq!(client.recv().await, reply(2, ""));
        client.finish().await;
        assert!(matches!(end(served).await, Ok(())));
    });
}
