//! `cargo course status`: where the reader stands, by what was graded last.

use std::fs;
use std::path::PathBuf;

use crate::course::{Course, Ran};

const LIB: &str = "exercises/01-tiny/src/lib.rs";
const GRADE: &str = ".course/grades/tiny.json";

fn status(course: &Course) -> Ran {
    course.run(&["status"])
}

fn half(course: &Course) {
    course.edit(
        LIB,
        "todo!(\"Double it, if that fits.\")",
        "number.checked_mul(2)",
    );
}

#[test]
fn from_untouched_to_done_there_is_one_next_step() {
    let course = Course::sound();
    let fresh = status(&course);
    fresh.says(
        1,
        &[
            "1 tiny Small numbers read 1, build 35, harden 7 min",
            "not begun",
            "36 min in all.",
            "Next: Begin lab 1, tiny: read its chapter, and predict before you run. `cargo course` serves it as tiny.html.",
        ],
    );
    fresh.never_says(&["\u{1b}", "measured"]);
    // The first grade of an untouched starter begins nothing.
    course.run(&["check", "tiny"]).says(1, &["A fresh start"]);
    status(&course).says(1, &["not begun"]);

    half(&course);
    status(&course).says(
        1,
        &["stage 1 of 2: 0 of 10 hold, graded just now; changed since: your code"],
    );
    fs::remove_dir_all(course.path(".course")).unwrap();
    status(&course).says(
        1,
        &[
            "begun, and not graded yet",
            "Next: Grade lab 1, tiny: `cargo course check tiny`.",
        ],
    );
    course.run(&["check", "tiny"]);
    status(&course).says(
        1,
        &[
            "-- 1 tiny",
            "stage 2 of 2: 0 of 10 hold, graded just now",
            "Next: Go on with lab 1, tiny: stage 2 of 2, Even and odd: `cargo course check tiny`. To read: tiny.html#parity in the book.",
        ],
    );
    course.append(LIB, "// One thought more.\n");
    status(&course).says(
        1,
        &[
            "stage 2 of 2: 0 of 10 hold, graded just now; changed since: your code",
            "Next: Grade lab 1, tiny, again: your code has changed since: `cargo course check tiny`.",
        ],
    );
    course.append(LIB, "fn broken(\n");
    course.run(&["check", "tiny"]);
    status(&course).says(1, &["did not compile", "Make lab 1, tiny, compile"]);

    let solution = course.read("solutions/01-tiny/src/lib.rs");
    course.write(LIB, &solution);
    course.run(&["check", "tiny"]);
    status(&course).says(
        0,
        &[
            "ok 1 tiny",
            "core done",
            "Next: Every core is done. If you want more, harden lab 1, tiny",
        ],
    );
    course.run(&["check", "tiny", "--hardening"]);
    status(&course).says(
        0,
        &[
            "core and hardening hold",
            "Next: Every lab that you took on holds.",
        ],
    );
    let json = course.run(&["status", "--json"]);
    json.says(0, &[]);
    let way: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(way["labs"][0]["mark"], "holds");
    // A new date alone is not a change: every checkout gives one to every file.
    course.write(LIB, &solution);
    status(&course).says(0, &["core and hardening hold"]);
}

#[test]
fn what_is_no_grade_of_ours_does_no_harm_and_is_replaced() {
    let course = Course::solved();
    course.run(&["check", "tiny"]).says(0, &[]);
    let whole = course.read(GRADE);
    let edited = |from: &str, to: &str| {
        assert!(whole.contains(from), "{whole}");
        whole.replacen(from, to, 1)
    };
    let bad = [
        (
            "half written",
            whole[..whole.len() / 2].to_owned(),
            "half written",
        ),
        ("empty", String::new(), "half written"),
        ("another's", "[1, 2]".to_owned(), "another version"),
        ("no object", "null".to_owned(), "another version"),
        (
            "old",
            "{\"lab\":\"tiny\",\"holds\":2}".to_owned(),
            "another version",
        ),
        (
            "new",
            edited("\"format\":5", "\"format\":99"),
            "another version",
        ),
        (
            "odd",
            edited("\"graded_at\":", "\"graded_at\":-"),
            "does not have the form",
        ),
        (
            "of a lab that was renamed",
            edited("\"lab\":\"tiny\"", "\"lab\":\"small\""),
            "another lab",
        ),
        (
            "of other invariants",
            edited("\"id\":\"T1\"", "\"id\":\"T9\""),
            "other invariants",
        ),
        (
            "contradicting itself",
            edited("\"holds\":2", "\"holds\":1"),
            "contradict",
        ),
    ];
    for (what, text, why) in bad {
        course.write(GRADE, &text);
        let ran = status(&course);
        ran.says(
            1,
            &[
                "begun, and not graded yet",
                "Note: .course/grades/tiny.json cannot be used",
                why,
                "the next grade of lab tiny replaces it",
            ],
        );
        assert!(!ran.err.contains("panicked"), "{what}: {}", ran.err);
        course.run(&["hint", "tiny"]).says(0, &[]);
    }
    fs::write(course.path(GRADE), [0xff, 0xfe, 0]).unwrap();
    status(&course).says(1, &["cannot be used"]);
    fs::remove_file(course.path(GRADE)).unwrap();
    fs::create_dir(course.path(GRADE)).unwrap();
    status(&course).says(1, &["it is not a file"]);
    // A folder there can't be replaced: the grade is given all the same.
    course.run(&["check", "tiny"]).says(
        0,
        &[
            "The core is done",
            "this grade is not remembered: cannot write .course/grades/tiny.json",
        ],
    );
    fs::remove_dir(course.path(GRADE)).unwrap();
    course.write(GRADE, "half");
    course.run(&["check", "tiny"]).says(0, &[]);
    status(&course).says(0, &["core done"]);
    // Writing leaves no other file behind.
    let left: Vec<PathBuf> = fs::read_dir(course.path(".course/grades"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left, [course.path(GRADE)]);

    // Somebody's file where our folder should be.
    fs::remove_dir_all(course.path(".course")).unwrap();
    course.write(".course", "a note\n");
    status(&course).says(1, &["begun, and not graded yet"]);
    course
        .run(&["check", "tiny"])
        .says(0, &["The core is done", "this grade is not remembered"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_grade_is_not_waited_for() {
    let course = Course::solved();
    fs::create_dir_all(course.path(".course/grades")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(course.path(GRADE))
        .status();
    assert!(made.unwrap().success());
    status(&course).says(1, &["it is not a file"]);
}

#[test]
fn a_clock_that_went_backwards_tells_a_date() {
    let course = Course::solved();
    course.run(&["check", "tiny"]);
    let mut grade: serde_json::Value = serde_json::from_str(&course.read(GRADE)).unwrap();
    grade["graded_at"] = 7_952_342_400_u64.into();
    course.write(GRADE, &grade.to_string());
    status(&course).says(0, &["core done, graded on 2222-01-01"]);
}

#[test]
fn a_lab_that_is_gone_is_no_fault_and_a_clone_without_labs_says_so() {
    let course = Course::sound();
    course.run(&["check", "tiny"]);
    fs::remove_dir_all(course.path("exercises/01-tiny")).unwrap();
    status(&course).says(0, &["This clone has no labs"]);
}

#[test]
fn the_switch_to_our_solution_leaves_a_lab_out() {
    let course = Course::sound();
    second_lab(&course);
    status(&course).says(
        1,
        &[
            "not begun; builds on your `tiny`",
            "Next: Begin lab 1, tiny",
        ],
    );
    course.edit(
        "exercises/Cargo.toml",
        "tiny = { path = \"01-tiny\" }",
        "tiny = { package = \"tiny-solution\", path = \"../solutions/01-tiny\" }",
    );
    status(&course).says(
        1,
        &[
            "not begun; left out: later labs take ours",
            "not begun; builds on our `tiny`",
            "Next: Begin lab 2, second",
        ],
    );
}

/// A lab whose tests take the first one. Nothing of it has to compile.
pub fn second_lab(course: &Course) {
    course.append(
        "exercises/Cargo.toml",
        "[workspace.dependencies]\ntiny = { path = \"01-tiny\" }\n",
    );
    course.write(
        "exercises/02-second/Cargo.toml",
        "[package]\nname = \"second\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dev-dependencies]\ntiny.workspace = true\n",
    );
    course.write(
        "exercises/02-second/lab.toml",
        "name = \"second\"\ntitle = \"More\"\nchapter = \"tiny.md\"\nminutes = { read = 1, measure = 0 }\n",
    );
    course.write(
        "exercises/02-second/src/lib.rs",
        "//! Second.\n\n/// To do.\npub fn more() {\n    todo!(\"More.\")\n}\n",
    );
    let locked = course.run(&["verify", "second", "--write-starters"]);
    assert_eq!(locked.code, 0, "{}", locked.err);
}
