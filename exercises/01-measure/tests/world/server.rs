//! A server under test. The test plays the client, frame by frame.

use bytes::Bytes;
use measure::server::{Handler, ServeError, serve};
use std::sync::Arc;
use testbed::link::{Carriage, Meters};
use testbed::peer::{FAILURE, REPLY};
use testbed::{Link, Peer, RawFrame, soon};
use tokio::task::JoinHandle;

pub type Served = JoinHandle<Result<(), ServeError>>;

/// A server, and the client in the test's hands.
pub fn connected<H: Handler>(handler: H) -> (Peer, Served, Meters) {
    connected_over(Carriage::default(), handler)
}

pub fn connected_over<H: Handler>(carriage: Carriage, handler: H) -> (Peer, Served, Meters) {
    let (near, far, meters) = Link::with(carriage).split();
    let served = tokio::spawn(async move { serve(far, Arc::new(handler)).await });
    (Peer::client(near), served, meters)
}

/// How serving ended.
pub async fn end(served: Served) -> Result<(), ServeError> {
    soon("the server to be done with the connection", served)
        .await
        .expect("the server does not panic")
}

pub fn reply(id: u64, payload: &'static str) -> RawFrame {
    RawFrame {
        id,
        kind: REPLY,
        payload: Bytes::from_static(payload.as_bytes()),
    }
}

pub fn failure(id: u64) -> RawFrame {
    RawFrame {
        id,
        kind: FAILURE,
        payload: Bytes::new(),
    }
}
