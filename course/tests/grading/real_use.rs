//! What happens to the tool on other people's machines.

use std::fs;
use std::path::{Path, PathBuf};

use crate::course::Course;

const LIB: &str = "exercises/01-tiny/src/lib.rs";

#[test]
fn no_escape_reaches_json_whatever_cargo_was_told() {
    let course = Course::sound();
    course.edit(LIB, "let _ = number;", "let _ = numbre;");
    let loud = [
        ("CARGO_TERM_COLOR", "always"),
        ("CLICOLOR_FORCE", "1"),
        ("CARGO_TERM_PROGRESS_WHEN", "never"),
    ];
    let ran = course.run_in("", &["check", "tiny", "--json"], &loud);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("numbre"), "{}", ran.out);
    assert!(
        !ran.out.contains('\u{1b}') && !ran.out.contains("\\u001b"),
        "{}",
        ran.out
    );
    let ran = course.run_in("", &["status", "--json"], &loud);
    assert!(
        !ran.out.contains('\u{1b}') && !ran.out.contains("\\u001b"),
        "{}",
        ran.out
    );
}

#[test]
fn where_nothing_can_be_written_down_hints_are_shown_and_no_work_is_lost() {
    let course = Course::sound();
    // Permissions do not stop root; a file in the folder's place stops everybody.
    course.write(".course", "a note\n");
    let hint = course.run(&["hint", "tiny", "1"]);
    hint.says(0, &["not remembered"]);
    assert!(hint.out.contains('1'), "{}", hint.out);
    course.append(LIB, "// Mine.\n");
    let reset = course.run(&["reset", "tiny"]);
    assert_eq!(reset.code, 2, "{}", reset.out);
    assert!(course.read(LIB).ends_with("// Mine.\n"));
}

#[test]
fn windows_line_ends_change_no_grade_and_begin_no_lab() {
    let course = Course::sound();
    for file in files_below(course.root()) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        fs::write(&file, text.replace('\n', "\r\n")).unwrap();
    }
    course.run(&["status"]).says(1, &["not begun"]);
    course.run(&["check", "tiny"]).says(1, &["A fresh start"]);
    course.run(&["hint", "tiny"]).says(0, &["double"]);
    course.edit(
        LIB,
        "todo!(\"Double it, if that fits.\")",
        "Some(number.wrapping_mul(2))",
    );
    let ran = course.run(&["check", "tiny"]);
    ran.says(1, &["usual cause", "2 Even and odd"]);
    ran.never_says(&["is not as the course gives it"]);
}

/// `cargo course` by the project's own aliases and shim, with a tool that prints what it was asked.
#[test]
fn the_command_works_in_each_workspace_of_a_clone() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("a clone");
    let copied = [
        ".cargo/config.toml",
        "peers/.cargo/config.toml",
        "exercises/given/course/Cargo.toml",
        "exercises/given/course/src/main.rs",
    ];
    for path in copied {
        let to = clone.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(ours.join(path), to).unwrap();
    }
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    let common = "[workspace.package]\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.90\"\nlicense = \"MIT\"\npublish = false\n";
    for (path, text) in [
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"course\"]\nexclude = [\"exercises\", \"peers\"]\n"
                .to_owned(),
        ),
        ("course/Cargo.toml", package("course")),
        (
            "course/src/main.rs",
            "fn main() {\n    let words: Vec<String> = std::env::args().skip(1).collect();\n    println!(\"asked to {}\", words.join(\" \"));\n}\n"
                .to_owned(),
        ),
        (
            "exercises/Cargo.toml",
            format!("[workspace]\nresolver = \"3\"\nmembers = [\"given/*\"]\n{common}"),
        ),
        (
            "peers/Cargo.toml",
            format!("[workspace]\n{}", package("peers")),
        ),
        ("peers/src/main.rs", "fn main() {}\n".to_owned()),
    ] {
        fs::create_dir_all(clone.join(path).parent().unwrap()).unwrap();
        fs::write(clone.join(path), text).unwrap();
    }
    fs::create_dir_all(clone.join("exercises/given/course/src")).unwrap();
    for place in [
        "",
        "course/src",
        "exercises",
        "exercises/given/course",
        "peers",
    ] {
        let output = std::process::Command::new("cargo")
            .args(["course", "status", "--json"])
            .current_dir(clone.join(place))
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("asked to status --json"),
            "in {place:?}: {said}{why}"
        );
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::fs::{self, File};
    use std::io::Read as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::{Child, Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process, test_kill_process};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    use super::LIB;
    use crate::course::Course;

    /// What a terminal of that many columns shows, colours left out.
    fn on_terminal(course: &Course, columns: u16, arguments: &[&str]) -> Vec<String> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(OsStr::from_bytes(name.to_bytes()))
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_course"));
        command
            .args(arguments)
            .current_dir(course.root())
            .env("LC_ALL", "C.UTF-8")
            .env("NO_COLOR", "1")
            .stdout(slave)
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut shown = Vec::new();
        // The end of a terminal that nobody writes to any more is an error on Linux.
        let _ = File::from(master).read_to_end(&mut shown);
        child.wait().unwrap();
        let shown = String::from_utf8(shown).unwrap();
        shown
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    #[test]
    fn a_narrow_terminal_breaks_no_line_and_a_wide_one_is_used() {
        let course = Course::sound();
        let long = "And this sentence goes on for so long that no terminal of the usual width has room for it";
        course.edit(
            "exercises/01-tiny/lab.toml",
            "title = \"",
            &format!("title = \"{long}, "),
        );
        let widest = |columns: u16, arguments: &[&str]| {
            let lines = on_terminal(&course, columns, arguments);
            assert!(lines.len() > 3, "{lines:?}");
            let widths = lines.iter().map(|line| line.chars().count());
            (widths.max().unwrap(), lines)
        };
        for arguments in [&["status"][..], &["hint", "tiny"]] {
            let (width, lines) = widest(60, arguments);
            assert!(width <= 60, "{width} columns: {lines:#?}");
        }
        let (width, lines) = widest(120, &["status"]);
        assert!((81..=100).contains(&width), "{width} columns: {lines:#?}");
    }

    fn wait_for<T>(what: &str, mut happens: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(300);
        loop {
            if let Some(found) = happens() {
                return found;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn signalled(child: &mut Child, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(child), signal).unwrap();
        wait_for("the end", || child.try_wait().unwrap()).code()
    }

    #[test]
    fn an_interrupt_and_a_closed_terminal_end_a_grade_and_what_it_runs() {
        let course = Course::solved();
        let started = course.path("exercises/01-tiny/started");
        course.edit(
            LIB,
            "number.checked_mul(2)",
            "std::fs::write(\"new\", std::process::id().to_string()).unwrap();\n    let _ = std::fs::rename(\"new\", \"started\");\n    loop {\n        std::thread::park();\n        let _ = number;\n    }",
        );
        for signal in [Signal::INT, Signal::HUP] {
            let _ = fs::remove_file(&started);
            let mut child = Command::new(env!("CARGO_BIN_EXE_course"))
                .args(["check", "tiny"])
                .current_dir(course.root())
                .env("CARGO_NET_OFFLINE", "true")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let test: i32 = wait_for("a test that runs", || {
                fs::read_to_string(&started).ok()?.parse().ok()
            });
            assert_eq!(signalled(&mut child, signal), Some(2), "{signal:?}");
            let test = Pid::from_raw(test).unwrap();
            wait_for("the test's own end", || test_kill_process(test).err());
        }
    }

    #[test]
    fn an_interrupt_and_a_closed_terminal_end_the_server_in_good_order() {
        let course = Course::sound();
        for signal in [Signal::INT, Signal::HUP] {
            let mut child = Command::new(env!("CARGO_BIN_EXE_course"))
                .args(["serve", "--no-open", "--port", "0"])
                .current_dir(course.root())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut out = child.stdout.take().unwrap();
            let mut said = Vec::new();
            wait_for("the address", || {
                let mut some = [0; 512];
                let read = out.read(&mut some).unwrap();
                said.extend_from_slice(&some[..read]);
                String::from_utf8_lossy(&said)
                    .contains("Ctrl-C ends it")
                    .then_some(())
            });
            assert_eq!(signalled(&mut child, signal), Some(0), "{signal:?}");
            let books = fs::read_dir(course.path("target/course-book"));
            assert_eq!(books.map_or(0, Iterator::count), 0, "a book is left behind");
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
