//! How much work the server accepts, and what it does at its limits.

use crate::world::handlers::Script;
use crate::world::server::{connected, connected_over, goes_on_sending};
use bytes::Bytes;
use measure::client::Client;
use measure::server::{MAX_HANDLERS, serve};
use std::sync::Arc;
use testbed::link::Carriage;
use testbed::memory::Watch;
use testbed::{Link, idle, note, scene, story};

/// **M7** For a client that takes no replies nothing is started or read without end, be they large or small.
#[test]
fn a_client_that_takes_no_replies_stops_being_served() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = connected(script.clone());
        let asked = 4 * MAX_HANDLERS;
        note(format!(
            "the client sends {asked} requests for 96 KiB each and reads nothing"
        ));
        for id in 0..asked as u64 {
            client.request(id, "96 KiB").await;
        }
        idle().await;
        let started = script.started();
        assert!(
            started <= 3 * MAX_HANDLERS,
            "{started} of {asked} answers of 96 KiB were made for a client that takes none. They \
             wait in this server's memory, and the next such client's will too."
        );
        for _ in 0..asked {
            assert_eq!(client.recv().await.payload.len(), 96 * 1024);
        }
        assert_eq!(script.started(), asked, "Once it reads, it is served on.");

        scene("another client reads nothing either, and sends on");
        let (mut client, _, meters) = connected(script.clone());
        for id in 0..asked as u64 {
            client.request(id, "96 KiB").await;
        }
        idle().await;
        goes_on_sending(client, &meters).await.abort();

        scene("a third one asks for little, very often");
        let script = Script::new();
        let (mut client, _, _) = connected_over(
            Carriage {
                buffer_bytes: 256,
                ..Carriage::default()
            },
            script.clone(),
        );
        note("the client sends 20,000 requests of 2 bytes, and reads nothing");
        let sending = tokio::spawn(async move {
            for id in 0..20_000 {
                client.request(id, "hi").await;
            }
        });
        idle().await;
        idle().await;
        let started = script.started();
        assert!(
            started <= 10_000,
            "{started} small answers were made for a client that takes none: 64 KiB of them are \
             some 4,400."
        );
        sending.abort();
    });
}

/// **M7** What was answered leaves nothing behind, in a client or a server.
#[test]
fn what_was_answered_leaves_nothing_behind() {
    story(|| async {
        let script = Script::new();
        let handler = Arc::new(script.clone());
        let (near, far, _) = Link::new().split();
        tokio::spawn(async move { serve(far, handler).await });
        let client = Client::new(near);
        let mut watch = Watch::start();
        for call in 0..10_000 {
            scene(format!("call {call}"));
            // Those that wait at a gate and those that are done at once.
            let what = ["hello", "slow"][call % 2];
            let passes = async {
                if what == "slow" {
                    idle().await;
                    script.gate.let_one_pass();
                }
            };
            let asked = Bytes::from_static(what.as_bytes());
            let (answer, ()) = tokio::join!(client.call(asked.clone()), passes);
            assert_eq!(answer, Ok(asked));
            if call == 100 {
                watch = Watch::start();
            }
        }
        assert!(
            watch.grown_bytes() <= 128 * 1024,
            "10,000 calls were answered one after the other, and {} bytes are still held for them by the client, \
             the server, or both. A connection lives for months.",
            watch.grown_bytes()
        );
    });
}
