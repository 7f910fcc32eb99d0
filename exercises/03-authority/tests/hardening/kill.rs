//! A real process, really killed.
//!
//! A kill finds less than a crash of the disk: what the process has written stays in the kernel's
//! memory. It is here for what no disk in memory has: a file, a lock that has to be given back, and a
//! process that had no time to say goodbye.

use crate::files::Temporary;
use crate::world::{keeping_all, lesson, write};
use authority::authority::open_file;
use authority::fact::OpenError;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, io, thread};
use testbed::{live, note};

/// The child finds its file's name here.
const FILE: &str = "AUTHORITY_GRADE_KILL";

/// What a child says when it has a receipt.
const DONE: &str = "acknowledged ";

/// **A2** What a process has acknowledged is there after it is killed, and its file can be opened again.
#[test]
fn what_a_killed_process_acknowledged_is_there() {
    if let Some(file) = env::var_os(FILE) {
        write_for_ever(Path::new(&file));
    }
    live(|| {
        let file = Temporary::new();
        let mut known = 0;
        for after in [1, 40, 15] {
            let name = thread::current()
                .name()
                .expect("a test has a name")
                .to_owned();
            let mut child = Command::new(env::current_exe().expect("a test has a file"))
                .args(["--exact", &name, "--nocapture"])
                .env(FILE, &file.0)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("a child process");
            let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
            let mut acknowledged = || -> Option<u64> {
                let line = said.by_ref().map_while(Result::ok).find_map(|line| {
                    // The harness writes its own words before the first.
                    Some(line.split_once(DONE)?.1.to_owned())
                });
                line.and_then(|version| version.parse().ok())
            };
            for _ in 0..after {
                if let Some(version) = acknowledged() {
                    known = version;
                }
            }
            let open = open_file(&file.0, keeping_all());
            let in_use = matches!(open, Err(OpenError::InUse));
            let found = format!("{:?}", open.err());
            child.kill().expect("the child is still there");
            // It may have said more before it died.
            while let Some(version) = acknowledged() {
                known = version;
            }
            child.wait().expect("the child is gone");
            note(format!(
                "the child was killed; version {known} was acknowledged last"
            ));
            if known == 0 {
                // Nothing was ever acknowledged: find out why in this process.
                write_some(&file.0, 1);
            }
            assert!(
                in_use,
                "While a process had the file open, opening it here said {found}."
            );
            let (authority, _committer) =
                open_file(&file.0, keeping_all()).expect("The killed process holds no lock.");
            let there = authority.reader().read(lesson(1)).expect("readable");
            let there = there.map_or(0, |record| record.progress().version.0);
            assert!(
                there == known || there == known + 1,
                "The process had acknowledged version {known} when it was killed, and the file holds \
                 version {there}."
            );
            known = there;
        }
        assert!(known > 50, "The children were to write more than this.");
    });
}

/// What the child does.
fn write_for_ever(file: &Path) -> ! {
    write_some(file, u64::MAX);
    std::process::exit(1)
}

fn write_some(file: &Path, count: u64) {
    let (authority, mut committer) = open_file(file, keeping_all()).expect("a file to write to");
    let there = authority.reader().read(lesson(1)).expect("readable");
    let there = there.map_or(0, |record| record.progress().version.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    for version in (there + 1..).take(usize::try_from(count).unwrap_or(usize::MAX)) {
        let authority = authority.clone();
        let receipt = runtime.block_on(async {
            let write = write(lesson(1), version - 1, &format!("version {version}"));
            let writing = tokio::spawn(async move { authority.write(write).await });
            while !writing.is_finished() {
                tokio::task::yield_now().await;
                committer.commit_waiting();
            }
            writing.await.expect("no panic")
        });
        let receipt = receipt.expect("Nothing stands against it.");
        let mut out = io::stdout().lock();
        writeln!(out, "{DONE}{}", receipt.version().0).expect("the parent listens");
        out.flush().expect("the parent listens");
    }
}
