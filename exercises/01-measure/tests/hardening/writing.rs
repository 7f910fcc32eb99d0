//! What a call or a reply writes: one frame, in one write, and flushed.

use crate::world::client::{self, answer, ok, start};
use crate::world::handlers::Script;
use crate::world::server::{self, reply};
use bytes::Bytes;
use measure::client::Client;
use measure::frame::MAX_PAYLOAD_BYTES;
use measure::server::serve;
use std::sync::Arc;
use testbed::link::Carriage;
use testbed::{Link, scene, soon, story};

/// **M5** A call and its reply, from small ones to the largest that there may be, are one frame and one write each,
/// where the stream takes it in one; and both leave at once: nothing is waited for, be it to send more in one write.
#[test]
fn a_call_and_its_reply_are_one_write_each_and_wait_for_no_clock() {
    story(|| async {
        let roomy = Carriage {
            buffer_bytes: 2 << 20,
            ..Carriage::default()
        };
        let (near, far, meters) = Link::with(roomy).split();
        tokio::spawn(async move { serve(far, Arc::new(Script::new())).await });
        let client = Client::new(near);
        let begun = tokio::time::Instant::now();
        let small = (1..50).map(|call| call * 200);
        let large = [20, 60, 200, 500].map(|kib| kib * 1024);
        let sizes = small.chain(large).chain([MAX_PAYLOAD_BYTES]);
        for (calls, bytes) in (1..).zip(sizes) {
            let request = Bytes::from(vec![b'x'; bytes]);
            let answer = soon(
                "the answer to a large request (does a buffer fill before the frame is whole?)",
                client.call(request.clone()),
            )
            .await;
            assert!(answer == Ok(request), "The request comes back.");
            for (what, sent) in [("calls", meters.requests()), ("replies", meters.replies())] {
                assert_eq!(sent.frames, calls, "{calls} {what} are as many frames.");
                assert!(
                    sent.writes <= calls,
                    "{calls} {what}, the last one of {bytes} bytes, took {} writes; each is a system call. The \
                     stream had room for each in one.",
                    sent.writes
                );
            }
        }
        let took = begun.elapsed();
        assert!(
            took.is_zero(),
            "Time is virtual, and no handler took any: yet the calls took {took:?}. Somebody sleeps on the \
             way, and every caller pays for it."
        );
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
