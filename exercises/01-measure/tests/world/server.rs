//! A server under test. The test plays the client, frame by frame.

use bytes::Bytes;
use measure::server::{Handler, ServeError, serve};
use std::sync::Arc;
use testbed::link::{Carriage, Meters};
use testbed::peer::{FAILURE, REPLY};
use testbed::{Link, Peer, RawFrame, idle, note, soon};
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

/// How many requests of 64 KiB [`goes_on_sending`] sends.
pub const MORE: u64 = 100;

/// Sends [`MORE`] large requests, and fails if the server takes in more of them than a few buffers hold.
/// What becomes of the client comes back, once the server has taken them all.
pub async fn goes_on_sending(mut client: Peer, meters: &Meters) -> JoinHandle<Peer> {
    note(format!("the client sends {MORE} requests of 64 KiB more"));
    let sending = tokio::spawn(async move {
        for id in 0..MORE {
            let request = format!("swallow {}", "x".repeat(64 * 1024));
            client.request(1_000_000 + id, request).await;
        }
        client
    });
    for _ in 0..100 {
        idle().await;
    }
    let read = meters.requests().bytes;
    assert!(
        read <= 2 << 20,
        "{read} bytes of requests were taken in that nobody works on. Nothing bounds them: a client can fill \
         this server's memory at the speed of the network. (Not to start them is half of it. A server that does \
         not read leaves them with the client.)"
    );
    sending
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
