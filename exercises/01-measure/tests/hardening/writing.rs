//! What a call or a reply writes: one frame, in one write, and flushed.

use crate::world::client::{self, answer, ok, start, start_bytes};
use crate::world::handlers::Script;
use crate::world::server::{self, reply};
use bytes::Bytes;
use measure::client::Client;
use measure::server::serve;
use std::sync::Arc;
use testbed::link::Carriage;
use testbed::{Link, scene, story};

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

/// **M5** A reply, small or large, is one frame and one write back, where the stream takes it in one.
#[test]
fn a_reply_is_one_frame_and_one_write() {
    story(|| async {
        let roomy = Carriage {
            buffer_bytes: 1 << 20,
            ..Carriage::default()
        };
        let (mut client, _, meters) = server::connected_over(roomy, Script::new());
        let small = (1..50).map(|call| call * 200);
        let large = [20, 60, 200, 500].map(|kib| kib * 1024);
        for (calls, bytes) in (1..).zip(small.chain(large)) {
            client.request(calls as u64, vec![b'x'; bytes]).await;
            assert_eq!(client.recv().await.payload.len(), bytes);
            let sent = meters.replies();
            assert_eq!(sent.frames, calls);
            assert!(
                sent.writes <= calls,
                "{calls} replies, the last one of {bytes} bytes, took {} writes; each is a system call. The \
                 stream had room for each in one.",
                sent.writes
            );
        }
    });
}

/// **M5** What is written is also flushed: a frame that waits in a buffer has not crossed.
#[test]
fn what_is_written_is_flushed() {
    story(|| async {
        let needs_flush = Carriage {
            needs_flush: true,
            ..Carriage::default()
        };
        scene("a client over a stream that sends when it is flushed");
        let (client, mut server, _) = client::connected_over(needs_flush);
        for _ in 0..3 {
            let call = start(&client, "hello?").await;
            let request = server
                .expect("a request over a stream that sends when it is flushed")
                .await;
            server.reply(request.id, "hello!").await;
            assert_eq!(answer(call).await, ok("hello!"));
        }
        scene("a server over such a stream");
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

/// **M7** A request and a reply leave at once: nothing is waited for, be it to send more in one write.
#[test]
fn a_call_and_its_reply_wait_for_no_clock() {
    story(|| async {
        let script = Script::new();
        let (near, far, _) = Link::new().split();
        let handler = Arc::new(script.clone());
        tokio::spawn(async move { serve(far, handler).await });
        let client = Client::new(near);
        let slow = start(&client, "slow").await;
        let begun = tokio::time::Instant::now();
        for _ in 0..4 {
            let quick = client.call(Bytes::from_static(b"quick"));
            assert_eq!(quick.await, ok("quick"));
        }
        script.gate.open();
        assert_eq!(answer(slow).await, ok("slow"));
        let took = begun.elapsed();
        assert!(
            took.is_zero(),
            "Time is virtual, and no handler took any: yet five calls took {took:?}. Somebody sleeps on the \
             way, and every caller pays for it."
        );
    });
}
