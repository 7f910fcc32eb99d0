//! Who may ask for what, on which port, and how it all ends.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use course::serve::{ServeOptions, Server};

use crate::fixture::Course;
use crate::listening::{Events, FAILED, ask, at_once, gated, get, on_port, start};

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
fn others_are_answered_only_where_that_was_asked_for_and_by_address_alone() {
    let course = Course::sound();
    let asked = |address, host: &str| {
        ask(address, &format!("HEAD / HTTP/1.0\r\nHost: {host}\r\n\r\n")).status
    };
    let refused = |address, host: &str| {
        let answer = ask(address, &format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.status, 403, "{host}");
        answer.body
    };
    let (closed, _) = start(&course, at_once());
    assert!(refused(closed.address(), "192.168.7.7:3000").contains("--host 0.0.0.0"));
    drop(closed);
    let options = ServeOptions {
        host: Ipv4Addr::UNSPECIFIED.into(),
        ..on_port(0)
    };
    let open = Server::start(course.repo(), options, at_once(), Arc::new(|_| {})).unwrap();
    let address = (Ipv4Addr::LOCALHOST, open.address().port()).into();
    for host in ["localhost", "192.168.7.7:3000", "[fe80::1]:3000"] {
        assert_eq!(asked(address, host), 200, "{host}");
    }
    assert!(refused(address, "evil.example").contains("Ask by the machine's address"));
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
    let server = Server::start(course.repo(), on_port(port), at_once(), Arc::new(|_| {})).unwrap();
    assert_ne!(server.address().port(), port);
    assert_eq!(get(&server, "/").status, 200);
}

/// `cargo clean` while the book was served left every page at 404 permanently.
#[test]
fn a_book_that_somebody_removes_is_built_again() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    assert_eq!(get(&server, "/").status, 200);
    let mut events = Events::open(&server);
    std::fs::remove_dir_all(course.path("target")).unwrap();
    assert_eq!(get(&server, "/").status, 503, "there is no book just now");
    while events.next().expect("the server is there").as_str() != "reload" {}
    assert_eq!(get(&server, "/").status, 200);
}

/// Saves on a Windows drive in WSL2, in a container's mount or on a share cause no event.
#[test]
fn saves_without_an_event_are_seen_by_looking() {
    let course = Course::sound();
    let options = ServeOptions {
        poll: true,
        ..on_port(0)
    };
    let server = Server::start(course.repo(), options, at_once(), Arc::new(|_| {})).unwrap();
    let mut events = Events::open(&server);
    course.write("src/introduction.md", "# Another introduction\n");
    while events.next().expect("the server is there").as_str() != "reload" {}
    assert!(
        get(&server, "/introduction.html")
            .body
            .contains("Another introduction")
    );
}

#[test]
fn a_page_that_comes_back_to_a_newer_server_reloads() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open_after(&server, "Last-Event-ID: 1-1\r\n");
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
