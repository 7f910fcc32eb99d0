//! How a conversation ends for the server: torn, broken, dropped, or by a client that is gone.

use crate::world::handlers::Script;
use crate::world::server::{connected, end};
use bytes::Bytes;
use measure::server::{ServeError, serve};
use std::sync::Arc;
use testbed::broken::{Broken, Then};
use testbed::peer::REQUEST;
use testbed::{RawFrame, idle, scene, soon, story};

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

/// **M6** A stream that fails is an error, and not the end of the conversation; and one that takes nothing any more
/// has failed, and is no reason to try for ever.
#[test]
fn a_stream_that_fails_is_an_error() {
    let fails = |delivers| Broken {
        delivers,
        reads: Then::Error,
        ..Broken::default()
    };
    ends_with_its_error("reading fails", fails(Bytes::new()));
    ends_with_its_error("reading fails after the first request", fails(hello()));
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
