//! What a hit costs over HTTP, compared with a bare axum answer of the same size.
//!
//! The door and the edge are two servers, so a hit crosses two sockets where a bare answer crosses one.
//! The side *behind a bare door* crosses two as well, and does nothing else: the difference is the price
//! of edge, traces and observer.
//!
//! `cargo run --release -p platform-solution --example hits`: sides take turns in short slices, in one
//! run on one machine, and it prints ratios. Absolute times are for this machine, at this moment.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::get;
use ours::Ours;
use platform::http::Loopback;
use platform::parts::Http as _;
use platform::serve::{Options, serve, start};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const ROUNDS: usize = 41;
const REQUESTS: u32 = 200;

/// One connection, kept.
struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr, path: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Learner 7\r\n\r\n");
        // The edge keeps no answer to a request with an identity, unless it is public.
        let request = request.replace(
            "authorization: Learner 7\r\n",
            if path.starts_with("/learners") {
                "authorization: Learner 7\r\n"
            } else {
                ""
            },
        );
        Ok(Self {
            stream,
            request: request.into_bytes(),
            buffer: vec![0; 64 << 10],
        })
    }

    /// Asks once; returns the length of the body.
    fn ask(&mut self) -> std::io::Result<usize> {
        self.stream.write_all(&self.request)?;
        let mut have = 0;
        loop {
            have += self.stream.read(&mut self.buffer[have..])?;
            let text = String::from_utf8_lossy(&self.buffer[..have]);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse().ok())?
            });
            let length: usize = length.unwrap_or(0);
            if body.len() >= length {
                assert!(head.contains(" 200 "), "{head}");
                return Ok(length);
            }
        }
    }

    fn slice(&mut self) -> std::io::Result<Duration> {
        let began = Instant::now();
        for _ in 0..REQUESTS {
            self.ask()?;
        }
        Ok(began.elapsed() / REQUESTS)
    }
}

async fn bare(bytes: usize) -> std::io::Result<SocketAddr> {
    let body = "x".repeat(bytes);
    listening(Router::new().route("/", get(move || async move { body }))).await
}

/// A server that asks the one at `behind`, and passes on its answer.
async fn door(behind: SocketAddr) -> std::io::Result<SocketAddr> {
    let way = Loopback::new(behind);
    let pass_on = move |request: Request| async move {
        let answer = way.call(request.map(|_| Bytes::new())).await;
        answer.map_or_else(
            |_| StatusCode::BAD_GATEWAY.into_response(),
            |answer| answer.map(Body::from),
        )
    };
    listening(Router::new().fallback(pass_on)).await
}

async fn listening(router: Router) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, router));
    Ok(address)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let folder = std::env::temp_dir().join(format!("platform-hits-{}", std::process::id()));
    let options = Options {
        folder: folder.clone(),
        port: 0,
        seed: 1,
        rate: 0,
    };
    let running = start(Arc::new(Ours::default()), &options).await?;
    running.stage.browser().complete(7, 1, "warm").await;
    let (page, api) = (running.page, running.api);
    let observer = running.stage.observer().clone();
    let course =
        tokio::task::spawn_blocking(move || Client::new(page, "/courses/1")?.ask()).await??;
    let lesson =
        tokio::task::spawn_blocking(move || Client::new(api, "/learners/7/lessons/1")?.ask())
            .await??;
    let (as_course, as_lesson) = (bare(course).await?, bare(lesson).await?);
    let behind_a_door = door(as_course).await?;
    let measured = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
        let mut sides = [
            (
                "bare axum, as long as the course",
                Client::new(as_course, "/")?,
            ),
            (
                "course: door, observer on, edge",
                Client::new(page, "/courses/1")?,
            ),
            (
                "course: door, observer off, edge",
                Client::new(page, "/courses/1")?,
            ),
            (
                "bare axum, as long as the lesson",
                Client::new(as_lesson, "/")?,
            ),
            (
                "lesson: API, cache hit",
                Client::new(api, "/learners/7/lessons/1")?,
            ),
            (
                "bare axum behind a bare door",
                Client::new(behind_a_door, "/")?,
            ),
        ];
        let mut times = vec![Vec::new(); sides.len()];
        for _ in 0..ROUNDS {
            for (number, (name, client)) in sides.iter_mut().enumerate() {
                observer.set_on(!name.contains("off"));
                times[number].push(client.slice()?);
            }
        }
        let medians = times.into_iter().map(|mut times| {
            times.sort();
            times[ROUNDS / 2]
        });
        let names = sides.iter().map(|(name, _)| *name);
        Ok(names.zip(medians).collect::<Vec<_>>())
    });
    let measured = measured.await??;
    for (name, median) in &measured {
        println!("{:>8.1} µs  {name}", median.as_secs_f64() * 1e6);
    }
    let ratio = |of: usize, to: usize| measured[of].1.as_secs_f64() / measured[to].1.as_secs_f64();
    println!(
        "course through the door and the edge: {:.2} times a bare answer, {:.2} times one behind a bare door",
        ratio(1, 0),
        ratio(1, 5)
    );
    println!("the observer: {:.2} times without it", ratio(1, 2));
    println!(
        "lesson from the API's cache: {:.2} times a bare answer",
        ratio(4, 3)
    );
    running.end().await;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
