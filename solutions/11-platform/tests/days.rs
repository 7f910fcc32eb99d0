//! Bad days, over real sockets and files: what a deployed platform meets.

use ours::Ours;
use platform::parts::NotStarted;
use platform::serve::{Options, Running, raise_file_limit, start};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("platform-days-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn started(folder: &Path) -> Result<Running, NotStarted> {
    let options = Options {
        folder: folder.to_owned(),
        port: 0,
        seed: 1,
        rate: 0,
    };
    start(Arc::new(Ours::default()), &options).await
}

/// Sends bytes, and reads the answer's first line: whatever arrives within some seconds.
fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let _ = stream.write_all(bytes);
    let mut answer = String::new();
    let _ = BufReader::new(stream).read_line(&mut answer);
    answer
}

/// One whole request; its status and body, or `None` if nothing listens or answers.
fn ask(address: SocketAddr, head: &str, body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let length = body.len();
    let head = format!(
        "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Some((status, body.to_owned()))
}

fn completion(lesson: &str, headers: &str) -> String {
    format!(
        "POST /learners/7/lessons/{lesson}/completion HTTP/1.1\r\nauthorization: Learner 7{headers}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_clear_answer() {
    let folder = Folder::new();
    let running = started(&folder.0).await.expect("it starts");
    let page = running.page;
    let first = "\r\nif-none-match: *\r\nidempotency-key: ";
    let json = "\r\ncontent-type: application/json";
    let cases: Vec<(u16, String, Vec<u8>)> = vec![
        (200, completion("1", &format!("{first}one")), vec![]),
        (200, completion("1", &format!("{first}one")), vec![]),
        (409, completion("2", &format!("{first}one")), vec![]),
        (412, completion("1", &format!("{first}two")), vec![]),
        (428, completion("1", "\r\nidempotency-key: three"), vec![]),
        (400, completion("1", "\r\nif-none-match: *"), vec![]),
        (
            400,
            completion("1", &format!("{first}{}", "k".repeat(65))),
            vec![],
        ),
        (
            400,
            completion("1", "\r\nif-match: 3\r\nidempotency-key: four"),
            vec![],
        ),
        (404, completion("41", &format!("{first}five")), vec![]),
        (404, completion("x", &format!("{first}six")), vec![]),
        (
            415,
            completion("3", &format!("{first}seven")),
            b"{}".to_vec(),
        ),
        (
            400,
            completion("3", &format!("{first}eight{json}")),
            b"{\"steps_done\":\"many\"}".to_vec(),
        ),
        (
            400,
            completion("3", &format!("{first}nine{json}")),
            b"{\"steps_done\":-1}".to_vec(),
        ),
        (
            413,
            completion("3", &format!("{first}ten{json}")),
            vec![b' '; 20_000],
        ),
        (
            422,
            completion("3", &format!("{first}eleven{json}")),
            format!("{{\"note\":\"{}\"}}", "n".repeat(5000)).into_bytes(),
        ),
        (
            403,
            "GET /learners/8/progress HTTP/1.1\r\nauthorization: Learner 7".into(),
            vec![],
        ),
        (401, "GET /me/progress HTTP/1.1".into(), vec![]),
        (404, "GET /nowhere HTTP/1.1".into(), vec![]),
        (405, "DELETE /dashboard HTTP/1.1".into(), vec![]),
        (404, "GET /courses/99 HTTP/1.1".into(), vec![]),
        (413, "POST /dashboard HTTP/1.1".into(), vec![b'x'; 100_000]),
    ];
    let tried = tokio::task::spawn_blocking(move || {
        for (status, head, body) in cases {
            let (got, said) = ask(page, &head, &body).expect("it answers");
            assert_eq!(got, status, "{head}\n{said}");
            if !(200..300).contains(&got) && got != 413 {
                assert!(
                    said.contains("\"detail\""),
                    "{head}: an error says what is wrong: {said}"
                );
            }
        }
    });
    tried.await.expect("each gets its answer");
    assert!(running.stage.observer().broken().is_empty());
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_idle_and_slow_clients_disturb_nobody() {
    let folder = Folder::new();
    let running = started(&folder.0).await.expect("it starts");
    let (page, api) = (running.page, running.api);
    // Both ends of each connection are files of this process.
    let idle = match raise_file_limit() {
        Some(files) if files < 2500 => usize::try_from(files).expect("a small number") / 4,
        _ => 1000,
    };
    let tried = tokio::task::spawn_blocking(move || {
        for garbage in [
            &b"\0\x01\x02\xff\xfe garbage\r\n\r\n"[..],
            b"GET / HTTP/9.9\r\n\r\n",
            &[0xff; 4096],
        ] {
            for address in [page, api] {
                let answer = say(address, garbage);
                assert!(
                    answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
                    "{answer}"
                );
            }
        }
        let far = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000));
        assert!(
            say(page, far.as_bytes()).starts_with("HTTP/1.1 431"),
            "a head has an end"
        );
        let idle: Vec<_> = (0..idle)
            .map(|_| TcpStream::connect(page).expect("a place for one more"))
            .collect();
        let slow: Vec<_> = (0..100)
            .filter_map(|_| {
                let mut stream = TcpStream::connect(page).ok()?;
                stream
                    .write_all(b"POST /learners/7/lessons/1/completion HTTP/1.1\r\ncontent-le")
                    .ok()?;
                Some(stream)
            })
            .collect();
        let head = completion("1", "\r\nif-none-match: *\r\nidempotency-key: amid");
        assert_eq!(
            ask(page, &head, b"").map(|(status, _)| status),
            Some(200),
            "amid {} idle and {} slow",
            idle.len(),
            slow.len()
        );
        // From another page, and by another name.
        let other = "POST /stage/switch HTTP/1.1\r\norigin: http://elsewhere.example";
        let refused = ask(page, other, b"place=authority&to=stopped");
        assert_eq!(refused.map(|(status, _)| status), Some(403));
    });
    tried.await.expect("all of it");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_platform_in_the_folder_is_told_so() {
    let folder = Folder::new();
    let first = started(&folder.0).await.expect("it starts");
    let second = started(&folder.0).await;
    let why = second.err().expect("there is one already").to_string();
    assert!(why.contains("in use"), "{why}");
    first.end().await;
    let again = started(&folder.0).await.expect("it is free again");
    again.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_whole_is_left_as_it_is() {
    for name in ["progress.redb", "stream.log", "email.redb"] {
        let folder = Folder::new();
        std::fs::create_dir_all(&folder.0).expect("a folder");
        let garbage = vec![0xA5; 64 << 10];
        std::fs::write(folder.0.join(name), &garbage).expect("a file");
        match started(&folder.0).await {
            Err(why) => assert!(why.to_string().contains(name), "{why}"),
            // A torn end of a log was never acknowledged.
            Ok(running) => {
                assert_eq!(name, "stream.log");
                running.end().await;
                continue;
            }
        }
        let after = std::fs::read(folder.0.join(name)).expect("it is there");
        assert!(after == garbage, "{name} was changed");
    }
}

/// The platform as a process, and its address.
fn process(folder: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_platform"))
        .args(["--port", "0", "--load", "40", "--folder"])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut line = String::new();
    let out = child.stdout.as_mut().expect("it is a pipe");
    BufReader::new(out)
        .read_line(&mut line)
        .expect("it says where");
    let address = line
        .trim()
        .trim_start_matches("The platform runs at http://");
    let address = address.trim_end_matches('/').parse().expect("an address");
    (child, address)
}

/// What the client of one lesson knows: the last acknowledged version, and how many of its commands
/// since then got no answer. Any of those may have been committed before the kill.
#[derive(Clone, Copy, Default)]
struct Told {
    version: u64,
    unanswered: u64,
}

/// The first number after `"version":`.
fn version_in(body: &str) -> Option<u64> {
    let (_, rest) = body.split_once("\"version\":")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[test]
fn what_was_acknowledged_survives_kill_9_under_load() {
    let folder = Folder::new();
    let mut told: BTreeMap<u64, Told> = BTreeMap::new();
    for round in 0..3_u64 {
        let (mut child, page) = process(&folder.0);
        for (lesson, told) in &mut told {
            let learner = lesson % 5;
            let head = format!(
                "GET /learners/900{learner}/lessons/{lesson} HTTP/1.1\r\nauthorization: Learner 900{learner}"
            );
            let (status, body) = ask(page, &head, b"").expect("it answers again");
            let version = version_in(&body).unwrap_or(0);
            assert!(
                status == 200 || told.version == 0,
                "lesson {lesson}: {status} {body}"
            );
            assert!(
                (told.version..=told.version + told.unanswered).contains(&version),
                "lesson {lesson}: version {} was acknowledged and {} later commands got no answer, \
                 but after the kill this was read: {body}",
                told.version,
                told.unanswered
            );
            *told = Told {
                version,
                unanswered: 0,
            };
        }
        let answers = Arc::new(AtomicU64::new(0));
        let killer = {
            let (answers, id) = (Arc::clone(&answers), child.id());
            std::thread::spawn(move || {
                // The exact moment is random, but it is always in the middle of commands.
                while answers.load(Ordering::Acquire) < 15 {
                    std::thread::sleep(Duration::from_millis(1));
                }
                let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            })
        };
        for lesson in 1..=40 {
            let learner = lesson % 5;
            let known = told.entry(lesson).or_default();
            let condition = match known.version {
                0 => "if-none-match: *".to_owned(),
                version => format!("if-match: \"{version}\""),
            };
            let head = format!(
                "POST /learners/900{learner}/lessons/{lesson}/completion HTTP/1.1\r\nauthorization: Learner 900{learner}\r\nidempotency-key: {round}-{lesson}\r\n{condition}"
            );
            match ask(page, &head, b"") {
                None => known.unanswered += 1,
                Some((200, body)) => {
                    *known = Told {
                        version: version_in(&body).expect("an acknowledgement has a version"),
                        unanswered: 0,
                    };
                    answers.fetch_add(1, Ordering::AcqRel);
                }
                Some((status, body)) => panic!("lesson {lesson}: {status} {body}"),
            }
        }
        answers.store(u64::MAX, Ordering::Release);
        killer.join().expect("it has killed");
        let _ = child.wait();
        let acknowledged = told.values().filter(|told| told.version > 0).count();
        assert!(acknowledged >= 15, "only {acknowledged} were acknowledged");
    }
}
