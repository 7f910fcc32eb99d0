//! The server. The test plays the client, frame by frame.

use crate::handlers::{PanicsAtOnce, Script};
use bytes::Bytes;
use measure::frame::{FrameError, MAX_LENGTH};
use measure::server::{Handler, MAX_HANDLERS, ServeError, serve};
use std::collections::HashSet;
use std::sync::Arc;
use testbed::link::{Broken, Carriage, Meters};
use testbed::memory::Watch;
use testbed::peer::{FAILURE, REPLY, REQUEST};
use testbed::{Link, Peer, RawFrame, idle, note, scene, soon, story};
use tokio::task::JoinHandle;

type Served = JoinHandle<Result<(), ServeError>>;

/// A server, and the client in the test's hands.
fn connected<H: Handler>(handler: H) -> (Peer, Served, Meters) {
    connected_over(Carriage::default(), handler)
}

fn connected_over<H: Handler>(carriage: Carriage, handler: H) -> (Peer, Served, Meters) {
    let (near, far, meters) = Link::with(carriage).split();
    let served = tokio::spawn(async move { serve(far, Arc::new(handler)).await });
    (Peer::client(near), served, meters)
}

/// How serving ended.
async fn end(served: Served) -> Result<(), ServeError> {
    soon("the server to be done with the connection", served)
        .await
        .expect("the server does not panic")
}

fn reply(id: u64, payload: &'static str) -> RawFrame {
    RawFrame {
        id,
        kind: REPLY,
        payload: Bytes::from_static(payload.as_bytes()),
    }
}

fn failure(id: u64) -> RawFrame {
    RawFrame {
        id,
        kind: FAILURE,
        payload: Bytes::new(),
    }
}

/// **M1** A request that arrives byte by byte is answered like any other.
#[test]
fn a_request_in_single_bytes_is_answered() {
    story(|| async {
        let one_byte = Carriage {
            read_bytes: 1,
            ..Carriage::default()
        };
        let (mut client, _, _) = connected_over(one_byte, Script::new());
        client.request(5, "byte by byte").await;
        client.request(6, "again").await;
        let answers = HashSet::from([client.recv().await.id, client.recv().await.id]);
        assert_eq!(answers, HashSet::from([5, 6]));
    });
}

/// **M3** A reply carries the id of the request that it answers, whatever that is.
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
            "One is done, and one that waited takes its place."
        );
        script.gate.open();
        let mut answered = HashSet::new();
        for _ in 1..asked {
            answered.insert(client.recv().await.id);
        }
        assert_eq!(answered.len(), asked - 1, "Each request is answered once.");
    });
}

/// **M7** A client that takes no replies is not worked for without end.
#[test]
fn a_client_that_takes_no_replies_stops_being_served() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = connected(script.clone());
        let asked = 4 * MAX_HANDLERS;
        note(format!(
            "the client sends {asked} requests for 96 KiB each and reads nothing"
        ));
        for id in 0..asked as u64 {
            client.request(id, "96 KiB").await;
        }
        idle().await;
        let started = script.started();
        assert!(
            started <= 3 * MAX_HANDLERS,
            "{started} of {asked} answers of 96 KiB were made for a client that takes none. They \
             wait in this server's memory, and the next such client's will too."
        );
        for _ in 0..asked {
            assert_eq!(client.recv().await.payload.len(), 96 * 1024);
        }
        assert_eq!(script.started(), asked, "Once it reads, it is served on.");
    });
}

/// **M7** Small answers that nobody takes are bounded as well.
#[test]
fn small_answers_that_nobody_takes_are_bounded() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = connected_over(
            Carriage {
                buffer_bytes: 256,
                ..Carriage::default()
            },
            script.clone(),
        );
        note("the client sends 20,000 requests of 2 bytes, and reads nothing");
        let sending = tokio::spawn(async move {
            for id in 0..20_000 {
                client.request(id, "hi").await;
            }
        });
        idle().await;
        idle().await;
        let started = script.started();
        assert!(
            started <= 10_000,
            "{started} small answers were made for a client that takes none: 64 KiB of them are \
             some 4,400."
        );
        sending.abort();
    });
}

/// **M7** While as many handlers run as may, the server does not read on: what it has no hands for
/// stays with the client.
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
        note("all handlers wait at the gate, and the client sends 100 requests of 64 KiB more");
        let sending = tokio::spawn(async move {
            for id in 0..100 {
                client
                    .request(1000 + id, format!("swallow {}", "x".repeat(64 * 1024)))
                    .await;
            }
            client
        });
        for _ in 0..100 {
            idle().await;
        }
        let read = meters.requests().bytes;
        assert!(
            read <= 2 << 20,
            "{read} bytes of requests were taken in that nobody is working on. Nothing bounds them: \
             the client can fill this server's memory at the speed of the network."
        );
        script.gate.open();
        let mut client = soon("the client to get rid of its requests", sending)
            .await
            .expect("the client does not panic");
        for _ in 0..MAX_HANDLERS + 100 {
            assert_eq!(
                client.recv().await.kind,
                REPLY,
                "What waited is answered in its turn."
            );
        }
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

/// **M7** A client that vanishes does not keep the server busy.
#[test]
fn a_client_that_vanishes_is_let_go() {
    story(|| async {
        let script = Script::new();
        let (mut client, served, _) = connected(script.clone());
        client.request(1, "slow").await;
        idle().await;
        client.vanish();
        idle().await;
        script.gate.open();
        // To the server this looks like a client that closed its side, until it writes.
        match end(served).await {
            Err(ServeError::Io(_)) => {}
            other => panic!("A reply could not be written, and the server ended with {other:?}."),
        }
        assert_eq!(script.running(), 0);
    });
}

/// **M7** Dropping the server's future stops the handlers that it had started.
#[test]
fn a_server_that_is_dropped_stops_its_handlers() {
    story(|| async {
        let script = Script::new();
        let (mut client, served, _) = connected(script.clone());
        client.request(1, "slow").await;
        client.request(2, "slow").await;
        idle().await;
        assert_eq!(script.running(), 2, "Two handlers wait at the gate.");
        served.abort();
        idle().await;
        assert_eq!(
            script.running(),
            0,
            "The connection's future is gone, and its handlers are still at work for nobody."
        );
    });
}

/// **M2** A client that sends no proper requests is cut off, with an error that says why.
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
            scene(format!("the client sends {what}"));
            let script = Script::new();
            let (mut client, served, _) = connected(script.clone());
            // Its answer could not be trusted to arrive in step: nobody has to wait for it.
            client.request(1, "slow").await;
            idle().await;
            let watch = Watch::start();
            client.send_bytes(&bytes).await;
            match end(served).await {
                Err(ServeError::Protocol(error)) => assert_eq!(error, expected, "After {what}."),
                other => panic!("After {what} the server ended with {other:?}."),
            }
            assert!(
                watch.largest_bytes() <= 256 * 1024,
                "{what} made the server allocate {} bytes at once.",
                watch.largest_bytes()
            );
        }
    });
}

/// **M2** A request torn at any byte is an error of that connection, and costs no memory it announced.
#[test]
fn a_request_torn_at_any_byte_is_an_error() {
    story(|| async {
        let payload = Bytes::from(vec![b'x'; 1 << 19]);
        let announced = RawFrame {
            id: 1,
            kind: REQUEST,
            payload,
        }
        .bytes();
        for cut in 1..64 {
            scene(format!(
                "the client sends {cut} bytes of a frame of half a mebibyte, and closes"
            ));
            let (mut client, served, _) = connected(Script::new());
            let watch = Watch::start();
            client.send_bytes(&announced[..cut]).await;
            client.finish().await;
            match end(served).await {
                Err(ServeError::Protocol(FrameError::Torn { .. })) => {}
                other => panic!("The server ended with {other:?}; the stream was torn."),
            }
            assert!(
                watch.largest_bytes() <= 256 * 1024,
                "{cut} bytes arrived, and {} were allocated at once.",
                watch.largest_bytes()
            );
        }
    });
}

/// **M2** A stream torn while handlers are at work is torn all the same.
#[test]
fn a_request_torn_while_handlers_run_is_an_error() {
    story(|| async {
        let script = Script::new();
        let (mut client, served, _) = connected(script.clone());
        client.request(1, "slow").await;
        idle().await;
        client.send_bytes(&[0, 0]).await;
        client.finish().await;
        idle().await;
        script.gate.open();
        match end(served).await {
            Err(ServeError::Protocol(FrameError::Torn { .. })) => {}
            other => panic!("The server ended with {other:?}; the stream was torn."),
        }
    });
}

/// **M6** A stream that fails is an error, and not the end of the conversation.
#[test]
fn a_stream_that_fails_is_an_error() {
    story(|| async {
        let ended = soon("the server to end", serve(Broken, Arc::new(Script::new()))).await;
        match ended {
            Err(ServeError::Io(_)) => {}
            other => panic!("Reading failed, and the server ended with {other:?}."),
        }
    });
}

/// **M5** A reply is one frame and one write back.
#[test]
fn a_reply_is_one_frame_and_one_write() {
    story(|| async {
        let (mut client, _, meters) = connected(Script::new());
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
        let (mut client, _, _) = connected_over(needs_flush, Script::new());
        for id in 0..3 {
            client.request(id, "hello").await;
            let answer = client
                .expect("a reply over a stream that sends when it is flushed")
                .await;
            assert_eq!(answer, reply(id, "hello"));
        }
    });
}
