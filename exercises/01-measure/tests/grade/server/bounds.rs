//! How much the server takes on, and what it does with its hands full.

use super::{connected, connected_over};
use crate::handlers::Script;
use measure::server::MAX_HANDLERS;
use std::collections::HashSet;
use testbed::link::Carriage;
use testbed::peer::REPLY;
use testbed::{idle, note, soon, story};

/// **M7** No more than `MAX_HANDLERS` run at once; the rest wait, and are answered in their turn.
#[test]
fn no_more_handlers_run_than_the_bound() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, _) = connected(script.clone());
        let asked = 3 * MAX_HANDLERS;
        for id in 0..asked as u64 {
            client.request(id, "slow").await;
        }
        idle().await;
        assert_eq!(
            script.running(),
            MAX_HANDLERS,
            "{asked} requests are there, and {MAX_HANDLERS} handlers may run at once."
        );
        script.gate.let_one_pass();
        assert_eq!(client.recv().await.kind, REPLY);
        idle().await;
        assert_eq!(
            (script.started(), script.running()),
            (MAX_HANDLERS + 1, MAX_HANDLERS),
            "One is done, and one that waited takes its place."
        );
        script.gate.open();
        let mut answered = HashSet::new();
        for _ in 1..asked {
            answered.insert(client.recv().await.id);
        }
        assert_eq!(answered.len(), asked - 1, "Each request is answered once.");
    });
}

/// **M7** A client that takes no replies is not worked for without end.
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
    });
}

/// **M7** Small answers that nobody takes are bounded as well.
#[test]
fn small_answers_that_nobody_takes_are_bounded() {
    story(|| async {
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

/// **M7** While as many handlers run as may, the server does not read on: what it has no hands for
/// stays with the client.
#[test]
fn a_server_with_its_hands_full_stops_reading() {
    story(|| async {
        let script = Script::new();
        let (mut client, _, meters) = connected(script.clone());
        for id in 0..MAX_HANDLERS as u64 {
            client.request(id, "slow").await;
        }
        idle().await;
        assert_eq!(script.running(), MAX_HANDLERS);
        note("all handlers wait at the gate, and the client sends 100 requests of 64 KiB more");
        let sending = tokio::spawn(async move {
            for id in 0..100 {
                client
                    .request(1000 + id, format!("swallow {}", "x".repeat(64 * 1024)))
                    .await;
            }
            client
        });
        for _ in 0..100 {
            idle().await;
        }
        let read = meters.requests().bytes;
        assert!(
            read <= 2 << 20,
            "{read} bytes of requests were taken in that nobody is working on. Nothing bounds them: \
             the client can fill this server's memory at the speed of the network."
        );
        script.gate.open();
        let mut client = soon("the client to get rid of its requests", sending)
            .await
            .expect("the client does not panic");
        for _ in 0..MAX_HANDLERS + 100 {
            assert_eq!(
                client.recv().await.kind,
                REPLY,
                "What waited is answered in its turn."
            );
        }
    });
}
