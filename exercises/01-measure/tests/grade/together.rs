//! The client and the server against each other.

use crate::handlers::Script;
use bytes::Bytes;
use measure::client::{CallError, Client};
use measure::frame::MAX_PAYLOAD_BYTES;
use measure::server::serve;
use std::sync::Arc;
use testbed::link::Carriage;
use testbed::{Link, idle, note, soon, story};
use tokio::task::JoinSet;

/// **M7** A thousand callers, a narrow pipe, and a server that stops reading when it is busy: all are
/// answered, each with its own reply.
#[test]
fn a_thousand_callers_are_answered_through_a_narrow_pipe() {
    story(|| async {
        let (near, far, meters) = Link::with(Carriage {
            buffer_bytes: 64,
            read_bytes: 11,
            ..Carriage::default()
        })
        .split();
        let served = tokio::spawn(async move { serve(far, Arc::new(Script::new())).await });
        let client = Client::new(near);
        let mut calls = JoinSet::new();
        for number in 0..1000 {
            let client = client.clone();
            calls.spawn(async move {
                let request = Bytes::from(format!("caller {number}"));
                assert_eq!(client.call(request.clone()).await, Ok(request));
            });
        }
        soon("a thousand calls to be answered", calls.join_all()).await;
        assert_eq!(
            (meters.requests().frames, meters.replies().frames),
            (1000, 1000)
        );
        drop(client);
        let end = soon("the server to be done", served)
            .await
            .expect("no panic");
        assert!(
            end.is_ok(),
            "The client closed the connection, and the server ended with {end:?}."
        );
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

/// **M7** The largest frame there may be crosses, both ways.
#[test]
fn the_largest_frame_crosses_both_ways() {
    story(|| async {
        let (near, far, _) = Link::new().split();
        tokio::spawn(async move { serve(far, Arc::new(Script::new())).await });
        let client = Client::new(near);
        let largest = Bytes::from(vec![b'x'; MAX_PAYLOAD_BYTES]);
        let answer = soon(
            "the answer to the largest request (does a buffer fill before the frame is whole?)",
            client.call(largest.clone()),
        )
        .await;
        assert!(
            answer == Ok(largest),
            "The largest answer came back changed, or not at all."
        );
    });
}
