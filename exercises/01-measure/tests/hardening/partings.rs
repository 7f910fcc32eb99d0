//! How a conversation ends for the server when its stream fails.

use crate::world::handlers::Script;
use bytes::Bytes;
use measure::server::{ServeError, serve};
use std::sync::Arc;
use testbed::broken::{Broken, Then};
use testbed::peer::REQUEST;
use testbed::{RawFrame, scene, soon, story};

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
    for (what, writes) in [
        ("writing fails", Then::Error),
        ("nothing can be written", Then::Nothing),
    ] {
        ends_with_its_error(
            what,
            Broken {
                delivers: hello(),
                takes_bytes: 0,
                writes,
                ..Broken::default()
            },
        );
    }
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
