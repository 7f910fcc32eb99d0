//! A client under test. The test plays the server, frame by frame.

use bytes::Bytes;
use measure::client::{CallError, Client, MAX_IN_FLIGHT};
use testbed::link::{Carriage, Meters};
use testbed::{Link, Peer, idle, note, soon};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};

pub type Answer = Result<Bytes, CallError>;

/// A client, and the server in the test's hands.
pub fn connected() -> (Client, Peer, Meters) {
    connected_over(Carriage::default())
}

pub fn connected_over(carriage: Carriage) -> (Client, Peer, Meters) {
    let (near, far, meters) = Link::with(carriage).split();
    (Client::new(near), Peer::server(far), meters)
}

/// A runtime in virtual time, for a test that has two.
pub fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    builder
        .build()
        .expect("a runtime without any driver but time")
}

/// Starts a call, and lets it get as far as it can.
pub async fn start(client: &Client, request: &'static str) -> JoinHandle<Answer> {
    note(format!("a caller asks {request:?}"));
    start_bytes(client, Bytes::from_static(request.as_bytes())).await
}

pub async fn start_bytes(client: &Client, request: Bytes) -> JoinHandle<Answer> {
    let client = client.clone();
    let call = tokio::spawn(async move { client.call(request).await });
    idle().await;
    call
}

/// As many calls as there are places.
pub fn fill(client: &Client) -> JoinSet<Answer> {
    crowd(client, MAX_IN_FLIGHT)
}

/// So many calls.
pub fn crowd(client: &Client, size: usize) -> JoinSet<Answer> {
    let mut calls = JoinSet::new();
    for _ in 0..size {
        let client = client.clone();
        calls.spawn(async move { client.call(Bytes::from_static(b"?")).await });
    }
    calls
}

/// What became of a call.
pub async fn answer(call: JoinHandle<Answer>) -> Answer {
    soon("a call to be answered or to fail", call)
        .await
        .unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("The call was dropped: {error}"),
        })
}

#[allow(clippy::unnecessary_wraps)] // so that it stands beside the errors
pub fn ok(answer: &'static str) -> Answer {
    Ok(Bytes::from_static(answer.as_bytes()))
}
