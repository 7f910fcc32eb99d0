//! What a caller knows when no reply comes, whatever ends the connection and whenever.

use crate::world::client::{answer, connected, connected_over, ok, start, start_bytes};
use crate::world::handlers::Script;
use bytes::Bytes;
use measure::client::{CallError, Client};
use measure::frame::MAX_PAYLOAD_BYTES;
use measure::server::serve;
use std::sync::Arc;
use testbed::broken::Broken;
use testbed::link::Carriage;
use testbed::peer::REPLY;
use testbed::{Link, Peer, RawFrame, idle, live, note, scene, soon, story};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// A runtime in virtual time.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    builder
        .build()
        .expect("a runtime without any driver but time")
}

/// **M6** A call of which only a part had left when the server vanished is unknown too.
#[test]
fn a_call_that_was_half_sent_is_unknown() {
    story(|| async {
        let (client, server, meters) = connected_over(Carriage {
            buffer_bytes: 16,
            ..Carriage::default()
        });
        let call = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
        assert_eq!(meters.requests().bytes, 16, "The pipe holds 16 bytes.");
        server.vanish();
        assert_eq!(
            answer(call).await,
            Err(CallError::Unknown),
            "Sixteen bytes of 613 had left. This client can't know what the other side makes of \
             half a frame; `NotSent` promises that not one byte has left."
        );
    });
}

/// **M6** A request that the server has received is unknown, also when a later one could not be written.
#[test]
fn a_failed_write_does_not_unsend_what_was_sent() {
    story(|| async {
        // Whether the client learns of the end by reading or by writing may be a matter of chance.
        for attempt in 1..=30 {
            scene(format!("attempt {attempt}"));
            let (client, mut server, _) = connected_over(Carriage {
                buffer_bytes: 64,
                ..Carriage::default()
            });
            let first = start(&client, "first?").await;
            server.recv().await;
            let second = start_bytes(&client, Bytes::from(vec![b'x'; 600])).await;
            server.vanish();
            for call in [first, second] {
                assert_eq!(
                    answer(call).await,
                    Err(CallError::Unknown),
                    "The first request had arrived whole, and the second in part, when writing \
                     failed."
                );
            }
        }
    });
}

/// **M6** A connection that ends while nobody is calling has ended: the next call fails, and at once.
#[test]
fn a_call_after_a_quiet_end_was_not_sent() {
    story(|| async {
        for closes in [true, false] {
            scene(if closes {
                "the server closes its side"
            } else {
                "the server vanishes"
            });
            let (client, mut server, _) = connected();
            idle().await;
            let kept = if closes {
                server.finish().await;
                Some(server)
            } else {
                server.vanish();
                None
            };
            idle().await;
            let call = start(&client, "after?").await;
            assert_eq!(
                answer(call).await,
                Err(CallError::NotSent),
                "Nobody had called when the connection ended. Nobody is there to answer this call."
            );
            drop(kept);
        }
    });
}

/// **M6** What stops the connection from within, such as a runtime that shuts down, makes nothing unsent.
#[test]
fn a_task_that_is_stopped_leaves_what_was_sent_unknown() {
    live(|| {
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
            "The server has the request, so it may have happened. A sender that was dropped says that \
             nobody will answer; it does not say that nothing was sent."
        );
    });
}

/// **M6** A reply that is cut off at any byte leaves its call unknown, and never hangs it.
#[test]
fn a_reply_torn_at_any_byte_leaves_its_call_unknown() {
    story(|| async {
        let reply = |id| RawFrame {
            id,
            kind: REPLY,
            payload: Bytes::from_static(b"half an answer"),
        };
        for cut in 0..reply(0).bytes().len() {
            scene(format!(
                "the server sends {cut} bytes of its reply, and vanishes"
            ));
            let (client, mut server, _) = connected();
            let call = start(&client, "whole?").await;
            let request = server.recv().await;
            server.send_bytes(&reply(request.id).bytes()[..cut]).await;
            server.vanish();
            assert_eq!(answer(call).await, Err(CallError::Unknown));
        }
    });
}

/// **M6** A server that closes its side has answered all it ever will: who still waits is told.
#[test]
fn a_server_that_closes_its_side_leaves_nobody_waiting() {
    story(|| async {
        let (client, mut server, _) = connected();
        let call = start(&client, "hello?").await;
        server.recv().await;
        server.finish().await;
        assert_eq!(answer(call).await, Err(CallError::Unknown));
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

/// **M6** The connection closes when the last client is gone, so that the server can let go of it too.
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
        assert_eq!(
            soon(
                "the connection to be closed: no client is left",
                server.try_recv()
            )
            .await,
            None,
            "Nobody can call any more."
        );
    });
}

/// **M6** Calls that were given up, and are never answered, do not keep the connection open.
#[test]
fn the_connection_closes_with_calls_that_were_given_up() {
    story(|| async {
        let (client, mut server, _) = connected();
        let given_up = start(&client, "hello?").await;
        server.recv().await;
        given_up.abort();
        idle().await;
        drop(client);
        note("the only caller gave up, and the last client was dropped");
        assert_eq!(
            soon(
                "the connection to be closed: no client is left",
                server.try_recv()
            )
            .await,
            None
        );
    });
}

/// **M6** A write that fails is an end like any other: everybody who waits is told, whoever it failed for.
#[test]
fn a_write_that_fails_reaches_everybody_who_waits() {
    story(|| async {
        // The first request is 14 bytes long, and leaves. Nothing can be read, not even an end.
        let client = Client::new(Broken {
            takes_bytes: 14,
            ..Broken::default()
        });
        let first = start(&client, "1").await;
        note("the first request has left");
        let second = start(&client, "2").await;
        note("the second could not be written");
        let second = answer(second).await;
        assert!(
            matches!(second, Err(CallError::NotSent | CallError::Unknown)),
            "The stream takes nothing more, and the call was told {second:?}."
        );
        assert_eq!(
            answer(first).await,
            Err(CallError::Unknown),
            "Its request had left, and no reply can come any more."
        );
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

/// **M6** A server that is stopped with calls in flight leaves them unknown, and none hanging.
#[test]
fn a_server_stopped_with_calls_in_flight_leaves_them_unknown() {
    story(|| async {
        let (near, far, _) = Link::new().split();
        let script = Script::new();
        let handler = Arc::new(script.clone());
        let served = tokio::spawn(async move { serve(far, handler).await });
        let client = Client::new(near);
        let mut calls = JoinSet::new();
        for _ in 0..10 {
            let client = client.clone();
            calls.spawn(async move { client.call(Bytes::from_static(b"slow")).await });
        }
        idle().await;
        assert_eq!(script.running(), 10, "Ten handlers are at work.");
        served.abort();
        note("the server was stopped");
        for answer in soon("ten calls to end", calls.join_all()).await {
            assert_eq!(
                answer,
                Err(CallError::Unknown),
                "The handlers had begun when the server stopped; how far they came is unknown."
            );
        }
    });
}
