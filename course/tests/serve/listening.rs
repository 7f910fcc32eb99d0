//! A server with a grader of the test's own, and a page that listens to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use course::grade::{Report, Stop, Stopped, Verdict};
use course::lab::Lab;
use course::serve::{Grader, Say, ServeOptions, Server};
use serde_json::Value;

use crate::fixture::Course;

/// After this a test has failed. No passing test waits for it.
pub const FAILED: Duration = Duration::from_secs(60);

/// What the server printed.
pub type Said = Arc<Mutex<Vec<String>>>;

pub fn start(course: &Course, grader: Arc<Grader>) -> (Server, Said) {
    let said = Said::default();
    let lines = Arc::clone(&said);
    let say: Arc<Say> = Arc::new(move |line| lines.lock().unwrap().push(line.to_owned()));
    let server = Server::start(course.repo(), on_port(0), grader, say).unwrap();
    (server, said)
}

pub fn on_port(port: u16) -> ServeOptions {
    ServeOptions {
        port,
        open: false,
        ..ServeOptions::default()
    }
}

/// A grade in which the first `holds` invariants hold, and the one stage has a test for each.
pub fn grade(lab: &Lab, holds: usize) -> Report {
    let mut report = Report::grading(lab);
    report.verdict = Verdict::Graded;
    report.holds = holds;
    report.core = holds == report.of;
    for stage in &mut report.stages {
        (stage.passed, stage.of, stage.holds) = (holds, report.of, report.core);
    }
    for (at, invariant) in report.invariants.iter_mut().enumerate() {
        invariant.holds = at < holds;
        let outcome = if at < holds { "passed" } else { "failed" };
        let test = serde_json::json!({
            "name": format!("test_{at}"), "passed": at < holds, "outcome": outcome, "message": "",
        });
        invariant.tests = vec![serde_json::from_value(test).unwrap()];
    }
    report
}

pub fn at_once() -> Arc<Grader> {
    Arc::new(|_, lab, _| Ok(grade(lab, 1)))
}

/// A grader that reports each call and then waits for an answer or for the stop flag.
pub fn gated() -> (Arc<Grader>, Receiver<Stop>, Sender<usize>) {
    let (called, calls) = mpsc::channel();
    let (answer, answers) = mpsc::channel::<usize>();
    let (called, answers) = (Mutex::new(called), Mutex::new(answers));
    let grader: Arc<Grader> = Arc::new(move |_, lab, stop| {
        called.lock().unwrap().send(stop.clone()).unwrap();
        let answers = answers.lock().unwrap();
        loop {
            match answers.recv_timeout(Duration::from_millis(1)) {
                Ok(holds) => return Ok(grade(lab, holds)),
                Err(_) if stop.is_stopped() => return Err(Stopped.into()),
                Err(_) => {}
            }
        }
    });
    (grader, calls, answer)
}

/// A server whose grades the test gives by hand, and a page that listens.
pub struct ByHand {
    pub server: Server,
    pub said: Said,
    pub events: Events,
    calls: Receiver<Stop>,
    answers: Sender<usize>,
}

impl ByHand {
    pub fn start(course: &Course) -> Self {
        let (grader, calls, answers) = gated();
        let (server, said) = start(course, grader);
        Self {
            events: Events::open(&server),
            server,
            said,
            calls,
            answers,
        }
    }

    /// Waits until a grade is asked for.
    pub fn asked(&self) -> Stop {
        self.calls.recv_timeout(FAILED).unwrap()
    }

    /// Whether one is asked for now.
    pub fn is_asked(&self) -> bool {
        self.calls.try_recv().is_ok()
    }

    /// Gives it, once it is asked for: the first `holds` invariants hold.
    pub fn grades(&mut self, holds: usize) -> Value {
        self.asked();
        self.answers(holds)
    }

    /// The same, where a test has seen that it is asked for.
    pub fn answers(&mut self, holds: usize) -> Value {
        self.answers.send(holds).unwrap();
        self.events.wait_until(|state| {
            verdict(state) == "graded" && state["labs"]["measure"]["holds"] == holds
        })
    }

    pub fn last_said(&self) -> String {
        self.said.lock().unwrap().last().unwrap().clone()
    }
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

pub fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(FAILED)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

pub fn get(server: &Server, path: &str) -> Answer {
    ask(
        server.address(),
        &format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"),
    )
}

pub fn state(server: &Server) -> Value {
    serde_json::from_str(&get(server, "/course/state.json").body).unwrap()
}

/// An open page.
pub struct Events {
    lines: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Events {
    pub fn open(server: &Server) -> Self {
        let mut events = Self::open_after(server, "");
        assert_eq!(
            events.next().as_deref(),
            Some("state"),
            "the first event says that we are heard"
        );
        events
    }

    /// A page that says in `header` what it has heard already.
    pub fn open_after(server: &Server, header: &str) -> Self {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(FAILED)).unwrap();
        stream
            .write_all(
                format!("GET /course/events HTTP/1.0\r\nHost: localhost\r\n{header}\r\n")
                    .as_bytes(),
            )
            .unwrap();
        Self {
            lines: BufReader::new(stream),
            address: server.address(),
        }
    }

    /// The next event's name; none when the stream has ended.
    pub fn next(&mut self) -> Option<String> {
        let begun = Instant::now();
        let mut line = String::new();
        while self.lines.read_line(&mut line).expect("an event in time") > 0 {
            // A stream without news is kept alive, so that no single line is late.
            assert!(begun.elapsed() < FAILED, "no event in time");
            if let Some(name) = line.trim_end().strip_prefix("event: ") {
                return Some(name.to_owned());
            }
            line.clear();
        }
        None
    }

    pub fn wait_for(&mut self, name: &str) {
        while let Some(event) = self.next() {
            if event == name {
                return;
            }
        }
        panic!("the stream ended before `{name}`");
    }

    /// Reads on until the state is as wanted.
    pub fn wait_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let body = ask(
                self.address,
                "GET /course/state.json HTTP/1.0\r\nHost: localhost\r\n\r\n",
            )
            .body;
            let state: Value = serde_json::from_str(&body).unwrap();
            if wanted(&state) {
                return state;
            }
            assert!(self.next().is_some(), "the stream ended in state {state}");
        }
    }
}

pub fn verdict(state: &Value) -> &str {
    state["labs"]["measure"]["verdict"]
        .as_str()
        .unwrap_or_default()
}
