//! Provided code must be correct: the bounds of the server, and what happens to a request whose
//! connection ends.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::sleep;
use web::http::{self, Method};
use web::{Body, Bytes, Origin, OriginError, Read, Request, Response};
use web_server::upstream::Connect;
use web_server::{Limits, Reach, Upstream, serve_connection};

/// A client of a server that answers with the length of what was sent.
fn client(limits: Limits) -> DuplexStream {
    let (ours, theirs) = duplex(64 << 10);
    let handler = |request: Request| async move {
        Response::new(Body::from(request.body().len().to_string()))
    };
    tokio::spawn(serve_connection(theirs, limits, handler));
    ours
}

async fn said(mut client: DuplexStream, bytes: &[u8]) -> String {
    client.write_all(bytes).await.expect("the server reads");
    let mut all = Vec::new();
    let mut some = [0; 1000];
    let wait = Duration::from_secs(60);
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(wait, client.read(&mut some)).await {
        all.extend_from_slice(&some[..read]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_body_has_a_bound_whether_it_is_announced_or_not() {
    let limits = Limits {
        max_body_bytes: 5,
        ..Limits::default()
    };
    let head = "POST / HTTP/1.1\r\nHost: a\r\n";
    let fits = format!("{head}Content-Length: 5\r\n\r\n12345");
    assert_eq!(status(&said(client(limits), fits.as_bytes()).await), "200");
    let announced = format!("{head}Content-Length: 6\r\n\r\n123456");
    assert_eq!(
        status(&said(client(limits), announced.as_bytes()).await),
        "413"
    );
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n");
    assert_eq!(
        status(&said(client(limits), chunked.as_bytes()).await),
        "413"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_no_longer_than_said() {
    let slow = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12";
    let answer = said(client(Limits::default()), slow.as_bytes()).await;
    assert!(matches!(status(&answer), "400" | "408"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn methods_that_are_for_somebody_else_are_refused() {
    for method in ["CONNECT a:80", "TRACE /"] {
        let ask = format!("{method} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(
            status(&said(client(Limits::default()), ask.as_bytes()).await),
            "405"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let mut idle = client(Limits::default());
    sleep(Duration::from_secs(20)).await;
    let mut rest = Vec::new();
    assert!(idle.read_to_end(&mut rest).await.is_ok());
}

/// Connections in memory, whose other ends go to a test.
struct Wired {
    ends: mpsc::UnboundedSender<DuplexStream>,
    made: AtomicUsize,
    down: Mutex<bool>,
}

impl Connect for &'static Wired {
    type Io = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        if *self.down.lock().expect("no panic holds it") {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        self.made.fetch_add(1, Ordering::SeqCst);
        let (ours, theirs) = duplex(64 << 10);
        self.ends
            .send(theirs)
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(ours)
    }
}

fn wired() -> (&'static Wired, mpsc::UnboundedReceiver<DuplexStream>) {
    let (ends, come) = mpsc::unbounded_channel();
    let wired = Box::leak(Box::new(Wired {
        ends,
        made: AtomicUsize::new(0),
        down: Mutex::new(false),
    }));
    (wired, come)
}

fn ask(method: &Method) -> Request {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method.clone();
    *request.uri_mut() = "/a?b".parse().expect("a target");
    let host = http::HeaderValue::from_static("learn.example");
    request.headers_mut().insert("host", host);
    request
}

async fn read_head(end: &mut DuplexStream) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(end.read_u8().await.expect("a head")));
    }
    head
}

async fn body(response: Response) -> Option<String> {
    match response.into_body().within(1000).await {
        Ok(Read::Whole(body)) => Some(String::from_utf8_lossy(&body).into_owned()),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_used_again_once_its_body_was_read() {
    let (wired, mut come) = wired();
    let upstream = Upstream::new(wired, Reach::default());
    tokio::spawn(async move {
        let mut end = come.recv().await.expect("a connection");
        loop {
            let head = read_head(&mut end).await;
            assert!(head.starts_with("GET /a?b HTTP/1.1\r\n"), "{head}");
            assert!(head.contains("via: 1.1 edge"), "{head}");
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            end.write_all(answer).await.expect("it reads");
        }
    });
    for _ in 0..3 {
        let response = upstream.fetch(ask(&Method::GET)).await.expect("an answer");
        assert_eq!(body(response).await.as_deref(), Some("ok"));
    }
    assert_eq!(wired.made.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_sent_is_not_sent_again() {
    let (wired, mut come) = wired();
    let upstream = Upstream::new(wired, Reach::default());
    let served = tokio::spawn(async move {
        let mut requests = 0;
        while let Some(mut end) = come.recv().await {
            read_head(&mut end).await;
            requests += 1;
            drop(end);
        }
        requests
    });
    for method in [Method::POST, Method::GET] {
        let lost = upstream.fetch(ask(&method)).await;
        assert_eq!(lost.err(), Some(OriginError::Lost));
    }
    assert_eq!(wired.made.load(Ordering::SeqCst), 2);
    served.abort();
}

#[tokio::test(start_paused = true)]
async fn no_connection_means_that_nothing_was_sent() {
    let (wired, _come) = wired();
    *wired.down.lock().expect("no panic holds it") = true;
    let upstream = Upstream::new(wired, Reach::default());
    let refused = upstream.fetch(ask(&Method::POST)).await;
    assert_eq!(refused.err(), Some(OriginError::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_or_stands_still_is_no_whole_one() {
    for breaks in [true, false] {
        let (wired, mut come) = wired();
        let upstream = Upstream::new(wired, Reach::default());
        let serving = tokio::spawn(async move {
            let mut end = come.recv().await.expect("a connection");
            read_head(&mut end).await;
            let part = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour";
            end.write_all(part).await.expect("it reads");
            if !breaks {
                sleep(Duration::from_secs(3600)).await;
            }
        });
        let response = upstream.fetch(ask(&Method::GET)).await.expect("a head");
        assert_eq!(body(response).await, None);
        serving.abort();
    }
}
