//! `cargo course hint` and `cargo course reset`.

use std::path::PathBuf;

use crate::course::{Course, TWICE};

const LIB: &str = "exercises/01-tiny/src/lib.rs";

#[test]
fn hints_escalate_one_call_at_a_time() {
    let course = Course::sound();
    let ask = |arguments: &[&str]| course.run(&[&["hint", "tiny"], arguments].concat());
    ask(&["double", "--again"]).says(0, &["Nothing shown so far"]);
    let first = ask(&["double"]);
    first.says(
        0,
        &[
            "hint 1 of 3 What does not fit?",
            "1 of 3 shown. Try before you look",
        ],
    );
    first.never_says(&["checked_mul"]);
    ask(&["double"]).says(0, &["hint 2 of 3 See `checked_mul`."]);
    let again = ask(&["1", "--again"]);
    again.says(0, &["hint 1 of 3", "hint 2 of 3", "2 of 3 shown"]);
    again.never_says(&["hint 3"]);
    ask(&["DOUBLE"]).says(
        0,
        &[
            "hint 3 of 3 One call: number.checked_mul(2)",
            "That was the last hint",
        ],
    );
    // Nothing is left to reveal: all of them once more.
    ask(&["double"]).says(0, &["hint 1 of 3", "hint 3 of 3", "That was all"]);
    ask(&[]).says(0, &["1 double 3 of 3 shown", "2 parity 0 of 3 shown"]);
    ask(&["parity", "--all"]).says(0, &["hint 1 of 3", "hint 3 of 3"]);
    ask(&["--all"]).says(0, &["double", "parity", "See `%`."]);
    ask(&["tripling"]).says(2, &["no hint of lab tiny is about `tripling`"]);
}

#[test]
fn reset_restores_what_was_committed_over_and_keeps_a_copy() {
    let course = Course::sound();
    let starter = course.read(LIB);
    course.write(".gitignore", "target/\n.course/\n");
    course.git(&["init", "--quiet"]);
    course.git(&["add", "."]);
    course.git(&["commit", "--quiet", "-m", "The course"]);
    course
        .run(&["reset", "tiny"])
        .says(0, &["as given already; nothing was changed"]);

    // A reader's work: changed, added, deleted, and committed, so that HEAD has no starter any more.
    course.edit(LIB, "todo!(\"Double it, if that fits.\")", "None");
    course.write("exercises/01-tiny/src/extra.rs", "//! Mine.\n");
    course.write("exercises/01-tiny/notes.md", "Mine too.\n");
    let test = course.path(TWICE);
    std::fs::remove_file(&test).unwrap();
    course.git(&["add", "."]);
    course.git(&["commit", "--quiet", "-m", "My work"]);
    let work = course.read(LIB);

    let ran = course.run(&["reset", "tiny"]);
    ran.says(
        0,
        &[
            "Lab tiny is as given again.",
            "restored src/lib.rs",
            "restored tests/core/twice.rs",
            "removed src/extra.rs",
            "Your version, whole, is in .course/kept/tiny-",
        ],
    );
    assert_eq!(course.read(LIB), starter);
    assert!(test.exists() && !course.path("exercises/01-tiny/src/extra.rs").exists());
    // Files that no compiler sees are left alone.
    assert!(course.path("exercises/01-tiny/notes.md").exists());
    let [kept] = kept(&course).try_into().expect("one copy");
    assert_eq!(
        std::fs::read_to_string(kept.join("src/lib.rs")).unwrap(),
        work
    );
    assert!(kept.join("src/extra.rs").exists());
    course.run(&["check", "tiny"]).says(1, &["A fresh start"]);
}

#[test]
fn without_git_a_starter_that_was_graded_comes_back() {
    let course = Course::sound();
    let starter = course.read(LIB);
    course.write(LIB, "//! Nothing is left.\n");
    // Nobody has seen the starter: nothing is changed, and the reason is printed.
    course.run(&["reset", "tiny"]).says(
        2,
        &[
            "the starter's src/lib.rs cannot be had, so nothing was changed",
            "this copy of the course has no git history",
        ],
    );
    assert_eq!(course.read(LIB), "//! Nothing is left.\n");

    course.write(LIB, &starter);
    course.run(&["check", "tiny"]).says(1, &["A fresh start"]);
    course.write(LIB, "//! Nothing is left.\n");
    course
        .run(&["reset", "tiny"])
        .says(0, &["restored src/lib.rs"]);
    assert_eq!(course.read(LIB), starter);
    // A second time keeps a second copy.
    course.write(LIB, "//! Nothing again.\n");
    course
        .run(&["reset", "tiny"])
        .says(0, &["restored src/lib.rs"]);
    assert_eq!(kept(&course).len(), 2);
}

/// A clone that belongs to somebody else has to fetch its history.
#[test]
fn what_git_refuses_is_told_in_its_own_words() {
    let course = Course::sound();
    course.git(&["init", "--quiet"]);
    course.git(&["add", "."]);
    course.git(&["commit", "--quiet", "-m", "The course"]);
    course.write(LIB, "//! Nothing is left.\n");
    std::fs::write(course.root().join(".git/HEAD"), "no reference\n").unwrap();
    let ran = course.run(&["reset", "tiny"]);
    ran.says(2, &["nothing was changed", "git says: fatal:"]);
    ran.never_says(&["unshallow"]);
    assert_eq!(course.read(LIB), "//! Nothing is left.\n");
}

/// Emacs marks an open file by a link to nowhere beside it.
#[cfg(unix)]
#[test]
fn a_link_to_nowhere_stops_no_reset() {
    let course = Course::sound();
    course.git(&["init", "--quiet"]);
    course.git(&["add", "."]);
    course.git(&["commit", "--quiet", "-m", "The course"]);
    course.write(LIB, "//! Nothing is left.\n");
    let link = course.path("exercises/01-tiny/src/.#lib.rs");
    std::os::unix::fs::symlink("nobody@nowhere.1", &link).unwrap();
    course
        .run(&["reset", "tiny"])
        .says(0, &["restored src/lib.rs"]);
}

fn kept(course: &Course) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(course.root().join(".course/kept")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// A copy that is not whole would later be taken for a whole one.
#[cfg(unix)]
#[test]
fn of_a_copy_that_cannot_be_made_nothing_is_left_and_nothing_is_changed() {
    let course = Course::sound();
    course.git(&["init", "--quiet"]);
    course.git(&["add", "."]);
    course.git(&["commit", "--quiet", "-m", "The course"]);
    course.write(LIB, "//! Mine.\n");
    // Nobody can read a socket as a file.
    let socket = course.path("exercises/01-tiny/s");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let refused = course.run(&["reset", "tiny"]);
    assert_eq!(refused.code, 2, "{}", refused.out);
    assert!(
        refused.err.contains("cannot keep a copy"),
        "{}",
        refused.err
    );
    assert_eq!(course.read(LIB), "//! Mine.\n");
    let kept = std::fs::read_dir(course.path(".course/kept"));
    assert_eq!(kept.map_or(0, Iterator::count), 0);
}
