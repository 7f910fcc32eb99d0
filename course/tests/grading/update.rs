//! An update of the course, with git as a reader would do it: their work is there afterwards.

use std::fs;

use crate::course::{Course, TWICE};
use crate::status::second_lab;

const LIB: &str = "exercises/01-tiny/src/lib.rs";
const DOUBLE: (&str, &str) = (
    "todo!(\"Double it, if that fits.\")",
    "number.checked_mul(2)",
);

/// The course's own repository, and a reader's clone of it with `double` built, graded and committed
/// on a branch.
fn course_and_reader() -> (Course, Course) {
    let course = Course::sound();
    course.write(".gitignore", "target/\n.course/\n");
    course.git(&["init", "--quiet"]);
    commit(&course, "The course");
    let reader = Course::cloned(&course);
    reader.git(&["switch", "--quiet", "--create", "mine"]);
    reader.edit(LIB, DOUBLE.0, DOUBLE.1);
    reader.run(&["check", "tiny"]).says(1, &["Stage 2 of 2"]);
    commit(&reader, "Lab 1: double");
    (course, reader)
}

fn commit(course: &Course, message: &str) {
    course.git(&["add", "."]);
    course.git(&["commit", "--quiet", "-m", message]);
}

#[test]
fn new_tests_a_new_lab_and_given_code_come_in_beside_the_readers_work() {
    let (course, reader) = course_and_reader();
    course.append(
        TWICE,
        "\n/// **T1** Nothing doubled is nothing.\n#[test]\nfn doubles_nothing() {\n    assert_eq!(tiny::double(0), Some(0));\n}\n",
    );
    second_lab(&course);
    course.run(&["verify", "--write-starters"]).says(0, &[]);
    commit(&course, "Another test, another lab");

    let work = reader.read(LIB);
    reader.git(&["fetch", "--quiet"]);
    reader.git(&["merge", "--quiet", "--no-edit", "origin/main"]);
    assert_eq!(reader.read(LIB), work, "the reader's work");
    assert_eq!(
        reader.git_says(&["status", "--porcelain", "--untracked-files=no"]),
        ""
    );
    reader.run(&["status"]).says(
        1,
        &[
            "stage 2 of 2: 0 of 10 hold, graded just now; changed since: the tests",
            "2 second More",
            "not begun; builds on your `tiny`",
            "Next: Grade lab 1, tiny, again: the tests have changed since",
        ],
    );
    // They are the course's own, so no note says that they graded themselves.
    let checked = reader.run(&["check", "tiny"]);
    checked.says(1, &["Stage 2 of 2"]);
    checked.never_says(&["is not as the course gives it"]);
    reader
        .run(&["status"])
        .says(1, &["stage 2 of 2, Even and odd"]);
}

#[test]
fn a_starter_that_moved_on_under_the_readers_work_is_theirs_to_settle() {
    let (course, reader) = course_and_reader();
    // Given code and a stub's sentence, in the very lines that the reader has filled.
    course.edit(LIB, "Double it, if that fits.", "Twice it, or none.");
    course.append(
        LIB,
        "\n/// The smallest number.\npub const SMALLEST: u8 = 0;\n",
    );
    course.run(&["verify", "--write-starters"]).says(0, &[]);
    commit(&course, "Say it better");
    let new_starter = course.read(LIB);
    let work = reader.read(LIB);

    reader.git(&["fetch", "--quiet"]);
    reader.git_fails(&["merge", "--quiet", "--no-edit", "origin/main"]);
    // Only the file that both changed is in dispute; the lock, which no reader edits, is not.
    assert_eq!(
        reader.git_says(&["diff", "--name-only", "--diff-filter=U"]),
        LIB
    );
    // The tool goes on in the middle of it.
    reader
        .run(&["status"])
        .says(1, &["changed since: your code"]);

    reader.git(&["checkout", "--ours", LIB]);
    assert_eq!(reader.read(LIB), work);
    commit(&reader, "Take the update, keep my lab 1");
    reader.run(&["status"]).says(1, &["stage 2 of 2"]);
    // What the update changed in the starter can still be read.
    let news = reader.git_says(&["diff", "HEAD^1...HEAD^2", "--", "exercises/01-tiny/src"]);
    assert!(news.contains("+pub const SMALLEST"), "{news}");

    // A reset brings the new starter, and keeps the work.
    reader
        .run(&["reset", "tiny"])
        .says(0, &["restored src/lib.rs", ".course/kept/tiny-"]);
    assert_eq!(reader.read(LIB), new_starter);
    let kept = fs::read_dir(reader.path(".course/kept")).unwrap();
    let kept = kept.last().unwrap().unwrap().path().join("src/lib.rs");
    assert_eq!(fs::read_to_string(kept).unwrap(), work);
    reader.run(&["status"]).says(1, &["not begun"]);
}

#[test]
fn work_that_is_not_committed_stops_the_update_and_survives_it() {
    let (course, reader) = course_and_reader();
    course.append(
        LIB,
        "\n/// The smallest number.\npub const SMALLEST: u8 = 0;\n",
    );
    course.run(&["verify", "--write-starters"]).says(0, &[]);
    commit(&course, "Give the smallest too");

    reader.edit(LIB, "Say whether", "Soon: say whether");
    let work = reader.read(LIB);
    reader.git(&["fetch", "--quiet"]);
    reader.git_fails(&["merge", "--quiet", "--no-edit", "origin/main"]);
    assert_eq!(
        reader.read(LIB),
        work,
        "git refuses before it touches anything"
    );
    reader.git(&["stash", "--quiet"]);
    reader.git(&["merge", "--quiet", "--no-edit", "origin/main"]);
    reader.git(&["stash", "pop", "--quiet"]);
    let both = reader.read(LIB);
    assert!(
        both.contains("Soon: say whether") && both.contains("SMALLEST"),
        "{both}"
    );
    assert!(both.contains(DOUBLE.1), "{both}");
}
