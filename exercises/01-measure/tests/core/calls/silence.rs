//! What a caller knows when no reply comes.

use crate::world::ROOM_BYTES;
use crate::world::client::{answer, connected, runtime, start, start_bytes};
use bytes::Bytes;
use measure::client::{CallError, Client, MAX_IN_FLIGHT};
use measure::frame::MAX_LENGTH;
use testbed::memory::Watch;
use testbed::peer::REQUEST;
use testbed::{Link, Peer, RawFrame, idle, live, note, scene, story};

/// **M6** When the connection ends, a call in flight fails, and says that it may have happened, whatever ended
/// it: the server vanishes, or the task that owns the stream is stopped from within.
#[test]
fn a_call_in_flight_when_the_server_vanishes_is_unknown() {
    story(|| async {
        let (client, mut server, _) = connected();
        let calls = [start(&client, "one?").await, start(&client, "two?").await];
        server.recv().await;
        server.recv().await;
        server.vanish();
        for call in calls {
            assert_eq!(
                answer(call).await,
                Err(CallError::Unknown),
                "The server had received the request. Whether it acted on it before it vanished, \
                 nobody here can know: neither `Failed` nor `NotSent` is true."
            );
        }
        assert_eq!(client.in_flight(), 0, "Nobody waits any more.");
    });
    live(|| {
        scene("the runtime of the connection shuts down, and the caller has another one");
        let (connection, caller) = (runtime(), runtime());
        let (near, far, _) = Link::new().split();
        let mut server = Peer::server(far);
        let client = {
            let _within = connection.enter();
            Client::new(near)
        };
        let mut call = Box::pin(client.call(Bytes::from_static(b"pay")));
        connection.block_on(async {
            tokio::select! {
                early = &mut call => panic!("An answer before there was one: {early:?}."),
                request = server.recv() => note(format!("the server received call {}", request.id)),
            }
        });
        drop(connection);
        note("the runtime with the connection's tasks was shut down");
        let said = caller.block_on(async {
            tokio::select! {
                answer = call => Some(answer),
                () = idle() => None,
            }
        });
        assert_ne!(
            said,
            Some(Err(CallError::NotSent)),
            "The server has the request, so it may have happened. A sender that was dropped says that nobody \
             will answer (`answer.await` is an `Err`). It doesn't say that nothing was sent."
        );
    });
}

/// **M6** Once the connection is known to be gone, a call fails at once, and says that it was not sent.
#[test]
fn a_call_after_the_end_was_not_sent() {
    story(|| async {
        let (client, mut server, _) = connected();
        let before = start(&client, "before?").await;
        server.recv().await;
        server.vanish();
        assert_eq!(
            answer(before).await,
            Err(CallError::Unknown),
            "The server had this request before it vanished: perhaps it happened."
        );
        idle().await;
        for _ in 0..3 {
            let after = start(&client, "after?").await;
            assert_eq!(
                answer(after).await,
                Err(CallError::NotSent),
                "The connection had been gone for a while: this request never left the process, \
                 and its caller may safely try elsewhere."
            );
        }
    });
}

/// **M6** A call that was still waiting, for its place or behind others, when the server vanished was not sent.
#[test]
fn a_call_without_a_place_when_the_server_vanishes_was_not_sent() {
    story(|| async {
        let (client, mut server, _) = connected();
        let mut calls = Vec::new();
        for _ in 0..MAX_IN_FLIGHT + 3 {
            let client = client.clone();
            calls.push(tokio::spawn(async move {
                client.call(Bytes::from_static(b"?")).await
            }));
        }
        idle().await;
        for _ in 0..MAX_IN_FLIGHT {
            server.recv().await;
        }
        server.vanish();
        let (mut unknown, mut not_sent) = (0, 0);
        for call in calls {
            match answer(call).await {
                Err(CallError::Unknown) => unknown += 1,
                Err(CallError::NotSent) => not_sent += 1,
                other => panic!("A call without an answer was reported as {other:?}."),
            }
        }
        assert_eq!(
            (unknown, not_sent),
            (MAX_IN_FLIGHT, 3),
            "(`Unknown`, `NotSent`): the server received {MAX_IN_FLIGHT} requests, and 3 more waited for a \
             place."
        );

        scene(
            "the server reads nothing, two hundred callers ask for 64 KiB each, and the server vanishes",
        );
        let (client, server, meters) = connected();
        let mut calls = Vec::new();
        for _ in 0..200 {
            calls.push(start_bytes(&client, Bytes::from(vec![b'?'; 64 * 1024])).await);
        }
        let left = meters.requests().bytes;
        server.vanish();
        let mut not_sent = 0;
        for call in calls {
            not_sent += usize::from(answer(call).await == Err(CallError::NotSent));
        }
        assert!(
            not_sent > 0,
            "{left} bytes had left, of two hundred requests of 64 KiB. Of those that waited behind the others surely \
             not a byte had; and not one caller was told so, that it may safely ask elsewhere."
        );
    });
}

/// **M6** A server that sends no proper frames ends the connection, and no caller hangs on it.
#[test]
fn a_server_that_breaks_the_protocol_ends_the_connection() {
    story(|| async {
        let request = RawFrame {
            id: 0,
            kind: REQUEST,
            payload: Bytes::new(),
        };
        let unknown_kind = RawFrame {
            id: 0,
            kind: 9,
            payload: Bytes::new(),
        };
        let too_large = u32::try_from(MAX_LENGTH + 1).expect("fits").to_be_bytes();
        let broken: [(&str, Bytes); 5] = [
            (
                "a length beyond the limit",
                Bytes::copy_from_slice(&too_large),
            ),
            ("a length of zero", Bytes::from_static(&[0; 4])),
            ("a frame of unknown kind", unknown_kind.bytes()),
            ("a request, which only clients send,", request.bytes()),
            (
                "the start of a web page",
                Bytes::from_static(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            ),
        ];
        for (what, bytes) in broken {
            scene(format!("the server answers with {what}"));
            let (client, mut server, _) = connected();
            let call = start(&client, "hello?").await;
            server.recv().await;
            let watch = Watch::start();
            server.send_bytes(&bytes).await;
            assert_eq!(
                answer(call).await,
                Err(CallError::Unknown),
                "After {what} nothing else on the stream can be believed. The connection is over, and \
                 whether the call happened is unknown."
            );
            assert!(
                watch.largest_bytes() <= ROOM_BYTES,
                "{what} made the client allocate {} bytes at once.",
                watch.largest_bytes()
            );
            idle().await;
            let after = start(&client, "after?").await;
            assert_eq!(answer(after).await, Err(CallError::NotSent));
        }
    });
}
