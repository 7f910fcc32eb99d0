//! The server, with a grader of the test's own: no cargo, no clock, no fixed port.
//!
//! Nothing here sleeps. A test listens to the event stream before it changes a file, and reads on
//! until what it waits for has happened; a deadline ends it if that never comes.
#![cfg(feature = "tool")]

mod fixture;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use course::grade::{Report, Stop, Stopped, Verdict};
use course::lab::Lab;
use course::serve::{Grader, Say, Server};
use fixture::Course;
use serde_json::Value;

/// After this a test has failed. Nothing waits for it otherwise.
const FAILED: Duration = Duration::from_secs(60);

/// What the server told the terminal.
type Said = Arc<Mutex<Vec<String>>>;

fn start(course: &Course, grader: Arc<Grader>) -> (Server, Said) {
    let said = Said::default();
    let lines = Arc::clone(&said);
    let say: Arc<Say> = Arc::new(move |line| lines.lock().unwrap().push(line.to_owned()));
    (Server::start(course.repo(), 0, grader, say).unwrap(), said)
}

/// A grade in which the first `holds` invariants hold.
fn grade(lab: &Lab, holds: usize) -> Report {
    let mut report = Report::grading(lab);
    report.verdict = Verdict::Graded;
    report.holds = holds;
    for invariant in report.invariants.iter_mut().take(holds) {
        invariant.holds = true;
    }
    report
}

fn at_once() -> Arc<Grader> {
    Arc::new(|_, lab, _| Ok(grade(lab, 1)))
}

/// A grader that reports each call and then waits for an answer or for the stop flag.
fn gated() -> (Arc<Grader>, Receiver<Stop>, Sender<usize>) {
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

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn ask(address: SocketAddr, request: &str) -> Answer {
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

fn get(server: &Server, path: &str) -> Answer {
    ask(
        server.address(),
        &format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"),
    )
}

fn state(server: &Server) -> Value {
    serde_json::from_str(&get(server, "/course/state.json").body).unwrap()
}

/// An open page.
struct Events {
    lines: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Events {
    fn open(server: &Server) -> Self {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(FAILED)).unwrap();
        stream
            .write_all(b"GET /course/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut events = Self {
            lines: BufReader::new(stream),
            address: server.address(),
        };
        assert_eq!(
            events.next().as_deref(),
            Some("state"),
            "the first event says that we are heard"
        );
        events
    }

    /// The next event's name; none when the stream has ended.
    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.lines.read_line(&mut line).expect("an event in time") > 0 {
            if let Some(name) = line.trim_end().strip_prefix("event: ") {
                return Some(name.to_owned());
            }
            line.clear();
        }
        None
    }

    fn wait_for(&mut self, name: &str) {
        while let Some(event) = self.next() {
            if event == name {
                return;
            }
        }
        panic!("the stream ended before `{name}`");
    }

    /// Reads on until the state is as wanted.
    fn wait_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
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

fn verdict(state: &Value) -> &str {
    state["labs"]["measure"]["verdict"]
        .as_str()
        .unwrap_or_default()
}

#[test]
fn the_book_is_there_before_the_first_grade() {
    let course = Course::sound();
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    calls.recv_timeout(FAILED).unwrap();
    let page = get(&server, "/scope/measure.html");
    assert_eq!(page.status, 200);
    assert!(
        page.head.contains("content-type: text/html")
            && page.head.contains("cache-control: no-store")
    );
    assert!(
        page.body.contains("id=\"course-live\"") && page.body.contains("The price of a boundary")
    );
    assert_eq!(get(&server, "/").status, 200);

    let mut events = Events::open(&server);
    let grading = state(&server);
    assert_eq!(verdict(&grading), "grading");
    assert_eq!(grading["labs"]["measure"]["of"], 2);
    answer.send(1).unwrap();
    let state = events.wait_until(|state| verdict(state) == "graded");
    let measure = &state["labs"]["measure"];
    assert_eq!(
        (&measure["holds"], &measure["invariants"][0]["holds"]),
        (&1.into(), &true.into())
    );
    assert_eq!(measure["invariants"][1]["id"], "M2");
    assert_eq!(*said.lock().unwrap(), ["measure: 1 of 2 invariants hold"]);
}

#[test]
fn a_saved_page_reloads_and_a_save_that_changes_no_page_does_not() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    events.wait_until(|state| verdict(state) == "graded");
    // Whitespace that no page shows: a build, and no reload.
    course.append("src/SUMMARY.md", "\n");
    course.append("src/introduction.md", "\nA new line.\n");
    events.wait_for("reload");
    assert!(
        get(&server, "/introduction.html")
            .body
            .contains("A new line.")
    );
}

#[test]
fn a_page_that_does_not_build_leaves_the_last_good_book() {
    let course = Course::sound();
    let (server, said) = start(&course, at_once());
    let mut events = Events::open(&server);
    course.append("src/introduction.md", "\n{{#banana}}\n");
    let broken = events.wait_until(|state| state["book"]["ok"] == false);
    assert!(
        broken["book"]["message"]
            .as_str()
            .unwrap()
            .contains("src/introduction.md:11: there is no directive `{{#banana}}`"),
        "{broken}"
    );
    assert_eq!(get(&server, "/introduction.html").status, 200);
    assert!(
        said.lock()
            .unwrap()
            .iter()
            .any(|line| line.contains("does not build") && line.contains("banana"))
    );
    course.edit("src/introduction.md", "\n{{#banana}}\n", "");
    events.wait_until(|state| state["book"]["ok"] == true);
    drop(server);
    assert!(
        said.lock()
            .unwrap()
            .iter()
            .any(|line| line == "The book builds again.")
    );
}

#[test]
fn without_any_book_the_page_says_why_and_waits() {
    let course = Course::sound();
    let whole = course.read("src/SUMMARY.md");
    course.remove("src/SUMMARY.md");
    let (server, _) = start(&course, at_once());
    let page = get(&server, "/");
    assert_eq!(page.status, 503);
    assert!(
        page.body.contains("does not build yet") && page.body.contains("SUMMARY.md"),
        "{}",
        page.body
    );
    let mut events = Events::open(&server);
    course.write("src/SUMMARY.md", &whole);
    events.wait_for("reload");
    assert_eq!(get(&server, "/").status, 200);
}

#[test]
fn a_save_is_graded_and_a_newer_save_restarts_the_grade() {
    let course = Course::sound();
    let (grader, calls, answer) = gated();
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    let first = calls.recv_timeout(FAILED).unwrap();
    course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    let second = calls.recv_timeout(FAILED).unwrap();
    assert!(
        first.is_stopped(),
        "the grade of the older code was given up"
    );
    assert!(!second.is_stopped());
    answer.send(2).unwrap();
    let state = events.wait_until(|state| verdict(state) == "graded");
    assert_eq!(state["labs"]["measure"]["holds"], 2);
}

#[test]
fn what_held_is_shown_until_the_new_grade_is_there() {
    let course = Course::sound();
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    let mut events = Events::open(&server);
    answer.send(1).unwrap();
    events.wait_until(|state| verdict(state) == "graded");
    calls.recv_timeout(FAILED).unwrap();
    course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    calls.recv_timeout(FAILED).unwrap();
    let grading = events.wait_until(|state| verdict(state) == "grading");
    assert_eq!(grading["labs"]["measure"]["holds"], 1);
    answer.send(2).unwrap();
    events.wait_until(|state| state["labs"]["measure"]["holds"] == 2);
    assert_eq!(
        said.lock().unwrap().last().unwrap(),
        "measure: all 2 invariants hold; new: M2"
    );
}

#[test]
fn a_grade_from_last_time_is_shown_at_once_and_made_again_only_if_a_file_changed() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    let first =
        events.wait_until(|state| state["way"]["labs"][0]["stands"] == "1 of 2 invariants hold");
    assert_eq!(first["labs"]["measure"]["from_last_time"], false);
    drop(server);

    let (grader, calls, _answer) = gated();
    let (server, said) = start(&course, grader);
    let back = state(&server);
    let measure = &back["labs"]["measure"];
    assert_eq!(
        (
            verdict(&back),
            &measure["holds"],
            &measure["from_last_time"]
        ),
        ("graded", &1.into(), &true.into())
    );
    assert_eq!(back["way"]["next"]["page"], "scope/measure.md#frames");
    assert!(
        calls.try_recv().is_err(),
        "nothing has changed, and yet it is graded"
    );
    assert!(said.lock().unwrap().is_empty());
    drop(server);

    course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    calls.recv_timeout(FAILED).unwrap();
    let mut events = Events::open(&server);
    let again = state(&server);
    assert_eq!(
        (verdict(&again), &again["labs"]["measure"]["holds"]),
        ("grading", &1.into())
    );
    answer.send(2).unwrap();
    events.wait_until(|state| state["way"]["labs"][0]["mark"] == "holds");
    assert_eq!(
        *said.lock().unwrap(),
        ["measure: all 2 invariants hold; new: M2"]
    );
}

#[test]
fn a_grade_that_cannot_be_kept_is_shown_and_the_reader_is_told_once() {
    let course = Course::sound();
    course.write(".course/grades", "somebody's file\n");
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    let mut events = Events::open(&server);
    for holds in [1, 2] {
        calls.recv_timeout(FAILED).unwrap();
        answer.send(holds).unwrap();
        events.wait_until(|state| {
            verdict(state) == "graded" && state["labs"]["measure"]["holds"] == holds
        });
        course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    }
    // The third has begun: whatever the second had to say was said.
    calls.recv_timeout(FAILED).unwrap();
    let said = said.lock().unwrap();
    let told = said
        .iter()
        .filter(|line| line.starts_with("Grades are not remembered"));
    assert_eq!(told.count(), 1, "{said:?}");
}

#[test]
fn a_grader_that_fails_or_panics_ends_nothing() {
    let course = Course::sound();
    let calls = AtomicUsize::new(0);
    let grader: Arc<Grader> =
        Arc::new(
            move |_, lab, _| match calls.fetch_add(1, Ordering::SeqCst) {
                0 => anyhow::bail!("cargo is not there"),
                1 => panic!("planted: a grader that panics"),
                _ => Ok(grade(lab, 2)),
            },
        );
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    let message = |state: &Value| {
        state["labs"]["measure"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    events.wait_until(|state| message(state).contains("cargo is not there"));
    course.append("exercises/01-measure/src/lib.rs", "// 1\n");
    events.wait_until(|state| message(state).contains("a fault of the course"));
    course.append("exercises/01-measure/src/lib.rs", "// 2\n");
    events.wait_until(|state| state["labs"]["measure"]["holds"] == 2);
}

#[test]
fn a_lab_that_is_gone_is_forgotten_and_welcomed_back() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    events.wait_until(|state| verdict(state) == "graded");
    let lab = course.read("exercises/01-measure/lab.toml");
    course.remove("exercises/01-measure");
    events.wait_until(|state| {
        state["labs"].as_object().unwrap().is_empty() && state["book"]["ok"] == false
    });
    course.write("exercises/01-measure/lab.toml", &lab);
    events.wait_until(|state| verdict(state) == "graded");
}

#[test]
fn a_folder_of_pages_that_is_gone_is_waited_for() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    std::fs::rename(course.path("src"), course.path("elsewhere")).unwrap();
    events.wait_until(|state| state["book"]["ok"] == false);
    assert_eq!(get(&server, "/introduction.html").status, 200);
    std::fs::rename(course.path("elsewhere"), course.path("src")).unwrap();
    events.wait_until(|state| state["book"]["ok"] == true);
    // It is watched again, and not only looked at once.
    course.append("src/introduction.md", "\nStill watched.\n");
    events.wait_for("reload");
    assert!(
        get(&server, "/introduction.html")
            .body
            .contains("Still watched.")
    );
}

#[test]
fn the_readers_figures_appear_after_a_measurement() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    assert!(
        get(&server, "/numbers.html")
            .body
            .contains("You have no figures yet")
    );
    let mut events = Events::open(&server);
    course.measure();
    events.wait_for("reload");
    while !get(&server, "/numbers.html").body.contains("12,800 calls") {
        // The folder was seen before the file in it.
        events.wait_for("reload");
    }
}

#[test]
fn only_this_machine_may_read_and_nobody_may_write() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let status = |request: &str| ask(server.address(), request).status;
    for path in ["/", "/course/state.json", "/course/events"] {
        assert_eq!(
            status(&format!(
                "GET {path} HTTP/1.0\r\nHost: evil.example\r\n\r\n"
            )),
            403
        );
        assert_eq!(
            status(&format!("GET {path} HTTP/1.0\r\n\r\n")),
            403,
            "a request without a host"
        );
        assert_eq!(
            status(&format!(
                "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
            )),
            405
        );
    }
    assert_eq!(status("HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n"), 200);
    assert_eq!(
        status("HEAD /course/events HTTP/1.0\r\nHost: localhost\r\n\r\n"),
        200
    );
    assert!(server.address().ip().is_loopback());
}

#[test]
fn no_path_leads_out_of_the_book() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    for path in [
        "/../book.toml",
        "/%2e%2e/book.toml",
        "/..%2f..%2fbook.toml",
        "//etc/passwd",
        "/scope/../../book.toml",
        "/..%5cbook.toml",
    ] {
        let answer = get(&server, path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert!(!answer.body.contains("[preprocessor.course]") && !answer.body.contains("root:"));
    }
    assert!(
        get(&server, "/no-such-page.html")
            .body
            .contains("Document not found"),
        "mdBook's own page for lost readers"
    );
}

#[test]
fn a_port_that_is_taken_is_no_obstacle() {
    let course = Course::sound();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let server = Server::start(course.repo(), port, at_once(), Arc::new(|_| {})).unwrap();
    assert_ne!(server.address().port(), port);
    assert_eq!(get(&server, "/").status, 200);
}

#[test]
fn a_page_that_comes_back_to_a_newer_server_reloads() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(FAILED)).unwrap();
    stream
        .write_all(b"GET /course/events HTTP/1.0\r\nHost: localhost\r\nLast-Event-ID: 1-1\r\n\r\n")
        .unwrap();
    let mut events = Events {
        lines: BufReader::new(stream),
        address: server.address(),
    };
    assert_eq!(events.next().as_deref(), Some("reload"));
}

#[test]
fn stopping_ends_open_pages_and_the_running_grade_and_leaves_nothing_behind() {
    let course = Course::sound();
    let (grader, calls, _answer) = gated();
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    let running = calls.recv_timeout(FAILED).unwrap();
    let builds = course.path("target/course-book");
    assert_eq!(std::fs::read_dir(&builds).unwrap().count(), 1);
    drop(server);
    assert!(running.is_stopped());
    while events.next().is_some() {}
    assert_eq!(std::fs::read_dir(&builds).unwrap().count(), 0);
}
