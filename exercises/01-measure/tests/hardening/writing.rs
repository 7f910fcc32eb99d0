//! What a call or a reply writes: one frame, in one write, and flushed.

use crate::world::client::{self, answer, ok, start, start_bytes};
use crate::world::handlers::Script;
use crate::world::server::{self, reply};
use bytes::Bytes;
use testbed::link::Carriage;
use testbed::{idle, story};

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
