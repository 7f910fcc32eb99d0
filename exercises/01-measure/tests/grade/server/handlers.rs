//! Handlers that are slow, fail or panic cost their own callers, and nobody else.

use super::{connected, end, failure, reply};
use crate::handlers::{PanicsAtOnce, Script};
use bytes::Bytes;
use measure::server::{Handler, HandlerError, MAX_HANDLERS};
use std::time::Duration;
use testbed::{Gate, idle, note, scene, story};

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

/// **M7** A handler that fails after having waited costs its own caller only, too, and its words stay here.
#[test]
fn a_late_failure_costs_its_own_caller_only() {
    story(|| async {
        for what in ["error", "panic", "large"] {
            scene(format!("a handler waits, and then ends in `{what}`"));
            let gate = Gate::closed();
            let (mut client, _, _) = connected(Late(gate.clone(), Script::new()));
            client.request(1, what).await;
            client.request(2, "hello").await;
            idle().await;
            note("both handlers wait at the gate, which opens now");
            gate.open();
            let wanted = "an answer to each of two requests, one of which failed late";
            let answers = [client.expect(wanted).await, client.expect(wanted).await];
            assert!(
                answers.contains(&failure(1)) && answers.contains(&reply(2, "hello")),
                "Request 1 failed late, and request 2 did not: the answers were {answers:?}."
            );
            client.request(3, "hello").await;
            assert_eq!(
                client.recv().await,
                reply(3, "hello"),
                "The connection goes on."
            );
        }
    });
}

/// Waits at the gate, and does what the script says then.
struct Late(Gate, Script);

impl Handler for Late {
    async fn handle(&self, request: Bytes) -> Result<Bytes, HandlerError> {
        self.0.pass().await;
        self.1.handle(request).await
    }
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
