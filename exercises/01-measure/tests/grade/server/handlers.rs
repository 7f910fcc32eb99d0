//! Handlers that are slow, fail or panic cost their own callers, and nobody else.

use super::{connected, failure, reply};
use crate::handlers::{PanicsAtOnce, Script};
use measure::server::MAX_HANDLERS;
use testbed::{scene, story};

/// **M7** A reply leaves when its handler is done, whatever else is still running.
#[test]
fn a_slow_request_delays_no_other() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = connected(script.clone());
        client.request(1, "slow").await;
        client.request(2, "quick").await;
        let answer = client
            .expect("the reply to the quick request, while the slow one is still at work")
            .await;
        assert_eq!(
            answer,
            reply(2, "quick"),
            "The quick request does not wait behind the slow one."
        );
        script.gate.open();
        assert_eq!(client.recv().await, reply(1, "slow"));
    });
}

/// **M7** A handler's error costs its own caller an answer, and is not told in the server's words.
#[test]
fn a_handlers_error_costs_its_own_caller_only() {
    story(|| async {
        let (mut client, _, _) = connected(Script::new());
        client.request(1, "error").await;
        assert_eq!(
            client.recv().await,
            failure(1),
            "The caller learns that there is no answer; what the server's store is on is its own \
             affair, and belongs in its log."
        );
        client.request(2, "hello").await;
        assert_eq!(
            client.recv().await,
            reply(2, "hello"),
            "The connection goes on."
        );
    });
}

/// **M7** A handler that panics costs its own caller an answer; nobody hangs, and the rest goes on.
#[test]
fn a_handlers_panic_costs_its_own_caller_only() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = connected(script.clone());
        client.request(1, "slow").await;
        client.request(2, "panic").await;
        let answer = client
            .expect("word that the handler of request 2 failed: it panicked, and its caller waits")
            .await;
        assert_eq!(
            answer,
            failure(2),
            "Without a word from the server, the caller would wait for ever."
        );
        client.request(3, "hello").await;
        assert_eq!(
            client.recv().await,
            reply(3, "hello"),
            "The connection goes on."
        );
        script.gate.open();
        assert_eq!(
            client.recv().await,
            reply(1, "slow"),
            "So does what was running."
        );

        scene("another handler panics before it returns a future");
        let (mut client, _, _) = connected(PanicsAtOnce);
        client.request(1, "panic").await;
        let answer = client
            .expect("word that the handler of request 1 failed: it panicked, and its caller waits")
            .await;
        assert_eq!(answer, failure(1));
        client.request(2, "hello").await;
        assert_eq!(client.recv().await, reply(2, "hello"));
    });
}

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
