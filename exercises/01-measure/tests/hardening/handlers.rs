//! Handlers that are slow, fail or panic, at once or late, cost their own callers, and nobody else.

use crate::world::handlers::Script;
use crate::world::server::{connected, end, failure, reply};
use bytes::Bytes;
use measure::server::MAX_HANDLERS;
use std::time::Duration;
use testbed::peer::REQUEST;
use testbed::{RawFrame, idle, note, scene, story};

/// **M7** An answer that fits no frame is a failure of its call, and harms no other.
#[test]
fn an_answer_beyond_the_limit_costs_its_own_caller_only() {
    story(|| async {
        let (mut client, _, _) = connected(Script::new());
        client.request(1, "large").await;
        let answer = client
            .expect("word that request 1 has no answer: what its handler answered fits no frame")
            .await;
        assert_eq!(answer, failure(1));
        client.request(2, "hello").await;
        assert_eq!(
            client.recv().await,
            reply(2, "hello"),
            "The connection goes on."
        );
    });
}

/// **M7** Handlers that fail cost no places: the server takes as much work after a thousand of them.
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
                assert_eq!(client.recv().await, failure(id));
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

/// **M7** There is no time limit in the server: a handler takes as long as it takes, and a quiet client has closed
/// nothing.
#[test]
fn a_slow_handler_and_a_quiet_client_have_their_time() {
    story(|| async {
        let script = Script::new();
        let (mut client, served, _) = connected(script.clone());
        client.request(1, "slow").await;
        tokio::time::sleep(Duration::from_secs(12 * 60 * 60)).await;
        note("twelve hours later the handler is done");
        script.gate.open();
        let answer = client
            .expect("the reply to a request of twelve hours ago")
            .await;
        assert_eq!(
            answer,
            reply(1, "slow"),
            "How long is too long is not this server's to say."
        );
        tokio::time::sleep(Duration::from_secs(6 * 60 * 60)).await;
        note("six hours later the client asks again");
        client.request(2, "hello").await;
        let answer = client
            .expect("the reply to a client that was quiet for six hours")
            .await;
        assert_eq!(answer, reply(2, "hello"));
        client.finish().await;
        assert!(matches!(end(served).await, Ok(())));
    });
}

/// **M7** Half a request and then nothing is a slow client, and holds up nobody.
#[test]
fn half_a_request_and_then_nothing_is_slow() {
    story(|| async {
        let script = Script::new();
        let (mut client, served, _) = connected(script.clone());
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
        client.finish().await;
        assert!(matches!(end(served).await, Ok(())));
    });
}

/// **M7** A reply carries the id of the request that it answers, whatever that is.
#[test]
fn a_reply_carries_its_requests_id() {
    story(|| async {
        let (mut client, _, _) = connected(Script::new());
        for id in [0, 7, 7, u64::MAX, 1 << 40] {
            for payload in ["hello", ""] {
                client.request(id, payload).await;
                assert_eq!(
                    client.recv().await,
                    reply(id, payload),
                    "The reply to request {id}, which this handler answers with what it was asked."
                );
            }
        }
    });
}
