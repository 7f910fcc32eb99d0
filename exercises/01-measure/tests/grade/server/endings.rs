//! How a conversation ends: properly, torn, broken, or by a client that lies.

use super::{connected, end, failure, reply};
use crate::handlers::Script;
use bytes::Bytes;
use measure::frame::{FrameError, MAX_LENGTH};
use measure::server::{MAX_HANDLERS, ServeError, serve};
use std::collections::HashSet;
use std::sync::Arc;
use testbed::broken::{Broken, Then};
use testbed::memory::Watch;
use testbed::peer::{FAILURE, REPLY, REQUEST};
use testbed::{RawFrame, idle, scene, soon, story};

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

/// **M7** A request torn at any byte is an error of that connection, and costs no memory it announced.
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

/// **M7** A stream torn while handlers are at work is torn all the same.
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
    let fails = |delivers| Broken {
        delivers,
        reads: Then::Error,
        ..Broken::default()
    };
    ends_with_its_error("reading fails", fails(Bytes::new()));
    ends_with_its_error("reading fails after the first request", fails(hello()));
}

/// **M6** A stream that takes nothing any more has failed: that is an error, and no reason to try for ever.
#[test]
fn a_stream_that_takes_nothing_is_an_error() {
    ends_with_its_error(
        "nothing can be written",
        Broken {
            delivers: hello(),
            takes_bytes: 0,
            writes: Then::Nothing,
            ..Broken::default()
        },
    );
}

fn hello() -> Bytes {
    let request = RawFrame {
        id: 1,
        kind: REQUEST,
        payload: Bytes::from_static(b"hello"),
    };
    request.bytes()
}

fn ends_with_its_error(what: &'static str, stream: Broken) {
    story(move || async move {
        scene(what);
        let ended = soon("the server to end", serve(stream, Arc::new(Script::new()))).await;
        match ended {
            Err(ServeError::Io(_)) => {}
            other => panic!("The stream has failed, and the server ended with {other:?}."),
        }
    });
}

/// **M7** When a client breaks the protocol, what was at work for it stops.
#[test]
fn a_client_that_is_cut_off_is_not_worked_for() {
    story(|| async {
        let broken = [
            ("bytes that are no frame", Bytes::from_static(&[0; 4])),
            ("a reply, which only servers send", reply(1, "!").bytes()),
        ];
        for (what, bytes) in broken {
            scene(format!(
                "the client sends {what} while two handlers are at work"
            ));
            let script = Script::new();
            let (mut client, served, _) = connected(script.clone());
            client.request(1, "slow").await;
            client.request(2, "slow").await;
            idle().await;
            assert_eq!(script.running(), 2, "Two handlers wait at the gate.");
            client.send_bytes(&bytes).await;
            assert!(matches!(end(served).await, Err(ServeError::Protocol(_))));
            idle().await;
            assert_eq!(
                script.running(),
                0,
                "The connection is over, its future is gone, and its handlers are still at work for nobody."
            );
        }
    });
}
