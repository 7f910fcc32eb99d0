//! What a caller knows when no reply comes, whatever ends the connection and whenever.

use crate::world::client::{answer, connected, connected_over, ok, start, start_bytes};
use crate::world::held::held;
use bytes::Bytes;
use measure::client::{CallError, Client, MAX_IN_FLIGHT};
use measure::frame::MAX_PAYLOAD_BYTES;
use std::task::Poll;
use testbed::broken::{Broken, Then};
use testbed::link::Carriage;
use testbed::peer::REPLY;
use testbed::{Link, Peer, RawFrame, idle, note, poll_once, scene, soon, story};

/// **M6** A call of which a part had left is unknown, from the first byte to the last.
#[test]
fn a_call_that_was_half_sent_is_unknown() {
    story(|| async {
        let frame_bytes = 13 + 20;
        for left in 1..=frame_bytes {
            scene(format!(
                "the server vanishes, with {left} of {frame_bytes} bytes sent"
            ));
            let (client, server, meters) = connected_over(Carriage {
                buffer_bytes: left,
                ..Carriage::default()
            });
            let call = start_bytes(&client, Bytes::from(vec![b'x'; 20])).await;
            assert_eq!(meters.requests().bytes, left, "The pipe holds as much.");
            server.vanish();
            assert_eq!(
                answer(call).await,
                Err(CallError::Unknown),
                "{left} bytes of {frame_bytes} had left. This client can't know what the other side makes of \
                 a part of a frame; `NotSent` promises that not one byte has left."
            );
        }
        for (left, writes) in (1..=2 * frame_bytes)
            .flat_map(|left| [Then::Error, Then::Nothing].map(|writes| (left, writes)))
        {
            scene(format!("a stream takes {left} bytes, and then no more"));
            let client = Client::new(Broken {
                takes_bytes: left,
                writes,
                ..Broken::default()
            });
            let first = start_bytes(&client, Bytes::from(vec![b'x'; 20])).await;
            let second = start_bytes(&client, Bytes::from(vec![b'y'; 20])).await;
            let third = start_bytes(&client, Bytes::from(vec![b'z'; 20])).await;
            assert_eq!(
                answer(first).await,
                Err(CallError::Unknown),
                "Its first byte had left."
            );
            let (second, third) = (answer(second).await, answer(third).await);
            assert!(
                second == Err(CallError::Unknown)
                    || left <= frame_bytes && second == Err(CallError::NotSent),
                "The stream took {left} bytes, and the second frame begins after {frame_bytes}. Its caller was \
                 told {second:?}."
            );
            assert!(
                matches!(third, Err(CallError::NotSent | CallError::Unknown)),
                "Nothing of the third had left, and its caller was told {third:?}."
            );
        }
    });
}

/// **M6** Callers that have their answers and don't look hold all places; an end reaches everybody else.
#[test]
fn callers_that_sleep_on_all_places_hold_up_no_end() {
    story(|| async {
        for answered in [false, true] {
            scene(format!(
                "{MAX_IN_FLIGHT} callers hold all places and are not polled; their answers have come: {answered}"
            ));
            let (client, mut server, meters) = connected();
            let ask = |_| Box::pin(client.call(Bytes::from_static(b"?")));
            let mut asleep: Vec<_> = (0..MAX_IN_FLIGHT).map(ask).collect();
            // Some need a few polls until they are sent: they wait in line to be written.
            for _ in 0..200 {
                if meters.requests().frames < MAX_IN_FLIGHT {
                    for call in &mut asleep {
                        assert!(poll_once(call.as_mut()).is_pending(), "Nobody has replied.");
                    }
                    idle().await;
                }
            }
            for _ in 0..MAX_IN_FLIGHT {
                let request = server.recv().await;
                if answered {
                    server.reply(request.id, "!").await;
                }
            }
            scene("one more caller waits for a place; then the server vanishes");
            let waiting = start(&client, "waiting?").await;
            server.vanish();
            idle().await;
            for (who, call) in [
                ("waited for a place", waiting),
                ("called after the end", start(&client, "after?").await),
            ] {
                idle().await;
                assert!(
                    call.is_finished(),
                    "The connection has ended, and who {who} still waits: for places that callers hold who \
                     aren't polled, and may never be."
                );
                assert_eq!(answer(call).await, Err(CallError::NotSent));
            }
            let expected = if answered {
                ok("!")
            } else {
                Err(CallError::Unknown)
            };
            for mut call in asleep {
                assert_eq!(poll_once(call.as_mut()), Poll::Ready(expected.clone()));
            }
            assert_eq!(client.in_flight(), 0, "Nobody waits any more.");
        }
    });
}

/// **M6** A request that fits no frame is refused before any of it is sent, and harms no other call.
#[test]
fn a_request_beyond_the_limit_is_refused_unsent() {
    story(|| async {
        let (client, mut server, meters) = connected();
        let bytes = MAX_PAYLOAD_BYTES + 1;
        let refused = start_bytes(&client, Bytes::from(vec![0; bytes])).await;
        assert_eq!(answer(refused).await, Err(CallError::TooLarge { bytes }));
        assert_eq!(meters.requests().bytes, 0, "Nothing of it may be sent.");
        assert_eq!(client.in_flight(), 0);
        let call = start(&client, "hello?").await;
        let request = server.recv().await;
        server.reply(request.id, "hello!").await;
        assert_eq!(answer(call).await, ok("hello!"), "The connection goes on.");
    });
}

/// **M6** What was answered before a frame that lies has been answered, though both came at once.
#[test]
fn a_reply_before_a_broken_frame_is_a_reply() {
    story(|| async {
        let broken: [(&str, &[u8]); 3] = [
            ("a length of zero", &[0; 4]),
            (
                "the start of a web page",
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
            ),
            ("a request", &[0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ];
        for (what, bytes) in broken {
            scene(format!(
                "the server sends a proper reply to the first call, and in the same breath {what}"
            ));
            let (client, mut server, _) = connected();
            let first = start(&client, "first?").await;
            let second = start(&client, "second?").await;
            let (a, _) = (server.recv().await, server.recv().await);
            let reply = RawFrame {
                id: a.id,
                kind: REPLY,
                payload: Bytes::from_static(b"first!"),
            };
            let mut sent = reply.bytes().to_vec();
            sent.extend_from_slice(bytes);
            server.send_bytes(&sent).await;
            assert_eq!(
                answer(first).await,
                ok("first!"),
                "Nothing that *follows* a broken frame can be believed. This reply came before it."
            );
            assert_eq!(answer(second).await, Err(CallError::Unknown));
        }
    });
}

/// **M6** The connection closes when the last client is gone and nobody waits for a reply, so that the server can let
/// go of it too: calls that were given up keep no connection.
#[test]
fn the_connection_closes_with_the_last_client() {
    story(|| async {
        let (client, mut server, _) = connected();
        let clone = client.clone();
        let call = start(&clone, "hello?").await;
        let request = server.recv().await;
        drop((client, clone));
        note("the last client was dropped, with one call in flight");
        server.reply(request.id, "hello!").await;
        assert_eq!(
            answer(call).await,
            ok("hello!"),
            "A call in flight keeps the connection open."
        );
        closes(&mut server, "Nobody can call any more.").await;

        scene("another client's only caller gives up");
        let (client, mut server, _) = connected();
        let given_up = start(&client, "hello?").await;
        server.recv().await;
        given_up.abort();
        idle().await;
        drop(client);
        note("the only caller gave up, and the last client was dropped");
        closes(
            &mut server,
            "Who gave up waits for nothing: a call that is never answered keeps no connection.",
        )
        .await;

        scene(
            "callers give up behind a server that reads nothing, and then the last client is dropped",
        );
        let carriage = Carriage {
            buffer_bytes: 64,
            ..Carriage::default()
        };
        let (near, far, _) = Link::with(carriage).split();
        let (near, life) = held(near);
        let client = Client::new(near);
        for _ in 0..4 {
            start_bytes(&client, Bytes::from(vec![b'x'; 64 * 1024]))
                .await
                .abort();
        }
        drop(client);
        idle().await;
        assert!(
            !life.is_held(),
            "Nobody is left who could call, and the stream is still held, until a server that reads nothing \
             reads on. Who takes no calls for now has to notice the last client's end all the same."
        );
        drop(far);
    });
}

async fn closes(server: &mut Peer, why: &str) {
    let end = soon(
        "the connection to be closed: no client is left",
        server.try_recv(),
    );
    assert_eq!(end.await, None, "{why}");
}
