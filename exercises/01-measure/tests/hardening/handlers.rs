//! Handlers and clients that are slow or fail cost themselves something, and nobody else.

use crate::world::handlers::Script;
use crate::world::server::{connected, end, failure, reply};
use bytes::Bytes;
use measure::server::MAX_HANDLERS;
use std::time::Duration;
use testbed::peer::REQUEST;
use testbed::{RawFrame, idle, note, scene, story};

/// **M7** Handlers that fail, panic, or answer more than fits a frame cost their own callers only, and no places: the
/// server takes as much work after many of them.
#[test]
fn failing_handlers_leave_room_for_others() {
    story(|| async {
        for what in ["error", "panic", "large"] {
            scene(format!(
                "each of {} handlers ends in `{what}`",
                2 * MAX_HANDLERS
            ));
            let (mut client, _, _) = connected(Script::new());
            for id in 0..2 * MAX_HANDLERS as u64 {
                client.request(id, what).await;
                let answer = client
                    .expect("a failure: the handler ended without an answer that fits a frame")
                    .await;
                assert_eq!(answer, failure(id));
            }
            client.request(9, "hello").await;
            let answer = client
                .expect(
                    "the reply to a request after many failures (do they give their places back?)",
                )
                .await;
            assert_eq!(answer, reply(9, "hello"));
        }
    });
}

/// **M7** There is no time limit in the server: a handler takes as long as it takes, a client that is quiet has closed
/// nothing, and half a request and then nothing is a slow client, which holds up nobody.
#[test]
fn a_slow_handler_and_a_slow_client_have_their_time() {
    story(|| async {
        let script = Script::new();
        let (mut client, served, _) = connected(script.clone());
        client.request(1, "slow").await;
        tokio::time::sleep(Duration::from_secs(12 * 60 * 60)).await;
        note("twelve hours later the handler is done");
        script.gate.let_one_pass();
        let answer = client
            .expect("the reply to a request of twelve hours ago")
            .await;
        assert_eq!(
            answer,
            reply(1, "slow"),
            "How long is too long is not this server's to say."
        );
        let hello = RawFrame {
            id: 2,
            kind: REQUEST,
            payload: Bytes::from_static(b"hello"),
        };
        for cut in [1, 4, 13, 17] {
            scene(format!(
                "a handler is at work; the client sends {cut} bytes of a request, and then nothing for an hour"
            ));
            client.request(1, "slow").await;
            client.send_bytes(&hello.bytes()[..cut]).await;
            idle().await;
            script.gate.let_one_pass();
            let answer = client
                .expect("the reply of a handler that is done meanwhile")
                .await;
            assert_eq!(answer, reply(1, "slow"));
            tokio::time::sleep(Duration::from_secs(60 * 60)).await;
            client.send_bytes(&hello.bytes()[cut..]).await;
            assert_eq!(client.recv().await, reply(2, "hello"));
        }
        tokio::time::sleep(Duration::from_secs(6 * 60 * 60)).await;
        scene("six hours later the client asks again");
        client.request(3, "hello").await;
        let answer = client
            .expect("the reply to a client that was quiet for six hours")
            .await;
        assert_eq!(answer, reply(3, "hello"));
        client.finish().await;
        assert!(matches!(end(served).await, Ok(())));
    });
}
