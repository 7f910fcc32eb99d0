//! Stage 3. Many requests at once, within a bound. The test plays the client, frame by frame.

use crate::world::ROOM_BYTES;
use crate::world::handlers::{PanicsAtOnce, Script};
use crate::world::server::{MORE, connected, connected_over, end, failure, goes_on_sending, reply};
use bytes::Bytes;
use measure::frame::{FrameError, MAX_LENGTH};
use measure::server::{MAX_HANDLERS, ServeError};
use std::collections::HashSet;
use testbed::link::Carriage;
use testbed::memory::Watch;
use testbed::peer::{FAILURE, REPLY};
use testbed::{RawFrame, idle, note, scene, soon, story};

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

/// **M7** No more than `MAX_HANDLERS` run at once; the rest wait, and are answered in their turn.
#[test]
fn no_more_handlers_run_than_the_bound() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = connected(script.clone());
        let asked = 3 * MAX_HANDLERS;
        for id in 0..asked as u64 {
            client.request(id, "slow").await;
        }
        idle().await;
        assert_eq!(
            script.running(),
            MAX_HANDLERS,
            "{asked} requests are there, and {MAX_HANDLERS} handlers may run at once."
        );
        script.gate.let_one_pass();
        assert_eq!(client.recv().await.kind, REPLY);
        idle().await;
        assert_eq!(
            (script.started(), script.running()),
            (MAX_HANDLERS + 1, MAX_HANDLERS),
            "(started, running): one is done, and one that waited takes its place. A read may bring several \
             requests; the bound is for each start, not for each read."
        );
        note("another client connects, while this one has all its handlers at the gate");
        let (mut other, _, _) = connected(script.clone());
        other.request(1, "hello").await;
        let answer = other
            .expect("the reply to another client: the bound is one connection's")
            .await;
        assert_eq!(answer, reply(1, "hello"));
        script.gate.open();
        let mut answered = HashSet::new();
        for _ in 1..asked {
            answered.insert(client.recv().await.id);
        }
        assert_eq!(answered.len(), asked - 1, "Each request is answered once.");
    });
}

/// **M7** While as many handlers run as may, the server does not read on: what it cannot work on stays with
/// the client.
#[test]
fn a_server_with_its_hands_full_stops_reading() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, meters) = connected(script.clone());
        for id in 0..MAX_HANDLERS as u64 {
            client.request(id, "slow").await;
        }
        idle().await;
        assert_eq!(script.running(), MAX_HANDLERS);
        note("all handlers wait at the gate");
        let sending = goes_on_sending(client, &meters).await;
        script.gate.open();
        let mut client = soon("the client to get rid of its requests", sending)
            .await
            .expect("the client does not panic");
        for _ in 0..MAX_HANDLERS as u64 + MORE {
            assert_eq!(
                client.recv().await.kind,
                REPLY,
                "What waited is answered in its turn."
            );
        }
    });
}

/// **M7** A handler's error costs its own caller an answer, and its text stays with the server.
#[test]
fn a_handlers_error_costs_its_own_caller_only() {
    story(|| async {
        let (mut client, _, _) = connected(Script::new());
        client.request(1, "error").await;
        assert_eq!(
            client.recv().await,
            failure(1),
            "The caller learns that there is no answer; what is wrong with the server's store \
             is its own business, and belongs in its log."
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
            .expect("a failure for request 2: its handler panicked, and its caller waits")
            .await;
        assert_eq!(
            answer,
            failure(2),
            "If the server sends nothing, the caller waits for ever."
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
            .expect("a failure for request 1: its handler panicked, and its caller waits")
            .await;
        assert_eq!(answer, failure(1));
        client.request(2, "hello").await;
        assert_eq!(client.recv().await, reply(2, "hello"));
    });
}

/// **M7** What was asked before the client closed its side is answered; then the connection is done.
#[test]
fn what_was_asked_is_answered_before_the_end() {
    story(|| async {
        // A few, all of which are running; and more than may run, so that some are not even begun.
        for asked in [3, 2 * MAX_HANDLERS as u64] {
            scene(format!(
                "the client asks {asked} times, and closes its sending side"
            ));
            let script = Script::new();
            let (mut client, served, _) = connected(script.clone());
            for id in 0..asked {
                client.request(id, "slow").await;
            }
            client.finish().await;
            idle().await;
            script.gate.open();
            let mut answered = HashSet::new();
            for _ in 0..asked {
                let reply = client
                    .expect(
                        "the reply to a request that was made before the client closed its side",
                    )
                    .await;
                answered.insert(reply.id);
            }
            assert_eq!(answered, (0..asked).collect());
            assert_eq!(
                client.try_recv().await,
                None,
                "Then the server closes its side too."
            );
            assert!(
                matches!(end(served).await, Ok(())),
                "A client that closes does nothing wrong."
            );
        }
    });
}

/// **M7** A client that sends no proper requests is cut off, with an error that says why.
#[test]
fn a_client_that_breaks_the_protocol_is_cut_off() {
    story(|| async {
        let too_large = u32::try_from(MAX_LENGTH + 1).expect("fits").to_be_bytes();
        let unknown_kind = RawFrame {
            id: 1,
            kind: 77,
            payload: Bytes::new(),
        }
        .bytes();
        let broken: [(&str, Bytes, FrameError); 6] = [
            (
                "a failure, which only servers send",
                failure(1).bytes(),
                FrameError::UnknownKind { kind: FAILURE },
            ),
            (
                "a length beyond the limit",
                Bytes::copy_from_slice(&too_large),
                FrameError::TooLarge {
                    length: MAX_LENGTH + 1,
                },
            ),
            (
                "a length of zero",
                Bytes::from_static(&[0; 4]),
                FrameError::TooShort { length: 0 },
            ),
            (
                "a frame of unknown kind",
                unknown_kind,
                FrameError::UnknownKind { kind: 77 },
            ),
            (
                "a reply, which only servers send",
                reply(1, "!").bytes(),
                FrameError::UnknownKind { kind: REPLY },
            ),
            (
                "the start of a web request",
                Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n"),
                FrameError::TooLarge {
                    length: 0x4745_5420,
                },
            ),
        ];
        for (what, bytes, expected) in broken {
            scene(format!(
                "a slow handler runs, a reply is not taken, and the client sends {what}: that ends the connection at \
                 once"
            ));
            let script = Script::new();
            let narrow = Carriage {
                buffer_bytes: 16,
                ..Carriage::default()
            };
            let (mut client, served, _) = connected_over(narrow, script.clone());
            // What the client makes of an answer cannot be trusted any more: nobody has to wait for it.
            client.request(1, "slow").await;
            client
                .request(2, "a question whose answer fits no pipe")
                .await;
            idle().await;
            let watch = Watch::start();
            client.send_bytes(&bytes).await;
            match end(served).await {
                Err(ServeError::Protocol(error)) => assert_eq!(error, expected, "After {what}."),
                other => panic!("After {what} the server ended with {other:?}."),
            }
            assert!(
                watch.largest_bytes() <= ROOM_BYTES,
                "{what} made the server allocate {} bytes at once.",
                watch.largest_bytes()
            );
        }
    });
}
