//! The edge behind a server and in front of an origin's connection, over streams in memory.
//!
//! The server is provided, and tested on its own. These tests are about the two together: whether what
//! one client sends can become the answer to another.

use crate::world::{TestOrigin, World, cached};
use std::time::Duration;
use testbed::{note, soon, story};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use web::Bytes;
use web_server::{Limits, serve_connection};

/// A connection to the edge.
struct Client(DuplexStream);

impl Client {
    fn of(world: &World) -> Self {
        let (ours, theirs) = duplex(64 << 10);
        let edge = world.edge.clone();
        let handler = move |request: web::http::Request<Bytes>| {
            let edge = edge.clone();
            async move { edge.handle(request).await }
        };
        tokio::spawn(serve_connection(theirs, Limits::default(), handler));
        Self(ours)
    }

    async fn send(&mut self, bytes: &str) {
        note(format!("a client sends {bytes:?}"));
        self.0
            .write_all(bytes.as_bytes())
            .await
            .expect("the server reads");
    }

    /// Everything that arrives until nothing more does for a second.
    async fn read(&mut self) -> String {
        let mut all = Vec::new();
        let mut some = vec![0; 8 << 10];
        let wait = Duration::from_secs(1);
        while let Ok(Ok(read)) = tokio::time::timeout(wait, self.0.read(&mut some)).await {
            if read == 0 {
                break;
            }
            all.extend_from_slice(&some[..read]);
        }
        let all = String::from_utf8_lossy(&all).into_owned();
        note(format!(
            "it reads {:?}",
            all.chars().take(300).collect::<String>()
        ));
        all
    }
}

fn statuses(answers: &str) -> Vec<&str> {
    let answers = answers.split("HTTP/1.1 ").skip(1);
    answers
        .filter_map(|answer| answer.split(' ').next())
        .collect()
}

fn targets(origin: &TestOrigin) -> Vec<String> {
    let seen = 1..=origin.fetches();
    seen.map(|number| origin.seen(number).uri().to_string())
        .collect()
}

/// **E8** Requests on one connection are answered in their order, hits and misses alike.
#[test]
fn a_connection_is_answered_in_order() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("aaa", "max-age=60"));
        let mut client = Client::of(&world);
        let ask = "GET /a HTTP/1.1\r\nHost: learn.example\r\n\r\n";
        client.send(&format!("{ask}{ask}")).await;
        let answers = client.read().await;
        assert_eq!(statuses(&answers), ["200", "200"]);
        assert!(answers.to_lowercase().contains("age: 0"));
        assert_eq!(world.origin.fetches(), 1);
    });
}

/// **E1** A request with two framings is at most one request, and what follows on its connection is not
/// another.
#[test]
fn a_request_with_two_framings_poisons_nothing() {
    story(|| async {
        let smuggled = "GET /private HTTP/1.1\r\nHost: learn.example\r\n\r\n";
        let length = smuggled.len() + 5;
        for framing in [
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
            "Content-Length: 0\r\nContent-Length: 7".to_owned(),
            "Content-Length: +7".to_owned(),
            "Transfer-Encoding: chunked, identity".to_owned(),
            "Transfer-Encoding: x".to_owned(),
        ] {
            let world = World::new();
            world.origin.has("/a", cached("a", "max-age=60"));
            let mut client = Client::of(&world);
            let head = format!("POST /a HTTP/1.1\r\nHost: learn.example\r\n{framing}\r\n\r\n");
            client.send(&format!("{head}0\r\n\r\n{smuggled}")).await;
            let answers = client.read().await;
            let accepted = statuses(&answers)
                .iter()
                .filter(|one| **one != "400")
                .count();
            assert!(
                accepted <= 1,
                "{framing}: a body was read as another request."
            );
            let reached = targets(&world.origin);
            assert!(
                !reached.contains(&"/private".to_owned()),
                "{framing}: {reached:?}"
            );
            let headers = (1..=reached.len()).map(|number| world.origin.seen(number));
            let framed = ["content-length", "transfer-encoding"];
            for request in headers {
                assert!(
                    !framed
                        .iter()
                        .any(|name| request.headers().contains_key(*name))
                );
            }
            let mut other = Client::of(&world);
            other
                .send("GET /a HTTP/1.1\r\nHost: learn.example\r\n\r\n")
                .await;
            assert!(
                other.read().await.ends_with('a'),
                "The edge answers others as before."
            );
        }
    });
}

/// **E1** Two hosts, none, or an invalid one make no key.
#[test]
fn a_request_without_one_host_is_refused() {
    story(|| async {
        for hosts in [
            "",
            "Host: learn.example\r\nHost: other.example\r\n",
            "Host: learn.example/x?\r\n",
            "Host: a b\r\n",
        ] {
            let world = World::new();
            world.origin.has("/a", cached("a", "max-age=60"));
            let mut client = Client::of(&world);
            client
                .send(&format!("GET /a HTTP/1.1\r\n{hosts}\r\n"))
                .await;
            assert_eq!(statuses(&client.read().await), ["400"], "{hosts:?}");
            assert_eq!(world.origin.fetches(), 0);
            world.ask(crate::world::get("/a")).await;
        }
    });
}

/// **E8** Too many headers, or very long ones, are refused, and other clients are served.
#[test]
fn very_many_headers_are_refused() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("a", "max-age=60"));
        for line in [
            "x: y\r\n".repeat(10_000),
            format!("x: {}\r\n", "y".repeat(100_000)),
        ] {
            let mut client = Client::of(&world);
            let head = format!("GET /a HTTP/1.1\r\nHost: learn.example\r\n{line}\r\n");
            // The server may hang up before it has read everything.
            let sent = client.0.write_all(head.as_bytes());
            let _ = soon("the server to read or to hang up", sent).await;
            let answers = client.read().await;
            assert_eq!(statuses(&answers), ["431"]);
        }
        assert_eq!(world.origin.fetches(), 0);
        let mut client = Client::of(&world);
        client
            .send("GET /a HTTP/1.1\r\nHost: learn.example\r\n\r\n")
            .await;
        assert_eq!(statuses(&client.read().await), ["200"]);
    });
}

/// **E8** A client that sends nothing, or reads nothing, is disconnected; it holds up no other.
#[test]
fn a_slow_client_is_let_go() {
    story(|| async {
        let world = World::new();
        let long = "x".repeat(60_000);
        world.origin.has("/a", cached(&long, "max-age=60"));
        let mut silent = Client::of(&world);
        silent.send("GET /a HTTP/1.1\r\nHost: lea").await;
        let (mut deaf, theirs) = duplex(1000);
        let edge = world.edge.clone();
        let handler = move |request: web::http::Request<Bytes>| {
            let edge = edge.clone();
            async move { edge.handle(request).await }
        };
        let serving = tokio::spawn(serve_connection(theirs, Limits::default(), handler));
        let ask = "GET /a HTTP/1.1\r\nHost: learn.example\r\n\r\n";
        deaf.write_all(ask.as_bytes())
            .await
            .expect("the server reads");
        let mut other = Client::of(&world);
        other.send(ask).await;
        assert_eq!(statuses(&other.read().await), ["200"]);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(
            serving.is_finished(),
            "The server waits for ever for a client that does not read."
        );
        let mut rest = Vec::new();
        let ended = soon(
            "the silent connection to end",
            silent.0.read_to_end(&mut rest),
        )
        .await;
        assert!(ended.is_ok());
    });
}
