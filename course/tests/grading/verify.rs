//! `cargo course verify`: a sound course passes, and what is proven is remembered.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::course::{Course, TWICE};

const SOLUTION: &str = "solutions/01-tiny/src/lib.rs";

#[test]
fn a_sound_course_has_no_problem_and_ends_with_its_totals() {
    let course = Course::sound();
    let ran = course.run(&["verify", "--thorough"]);
    ran.says(
        0,
        &[
            "ok tiny 22 tests fail by their todo, 1 of given code pass, no warning",
            "ok tiny 23 tests pass, clippy passes",
            "ok tiny/twice 11 tests pass, 10 beyond fail by their todo",
            "ok tiny/says-even rejected by tells_parity, also by 5 others",
            "ok tiny/wraps rejected by stops_at_the_limit alone",
            "ok book 1 page",
            "ok tiny 2 invariants, 1 objective, 2 stubs, 6 hints",
        ],
    );
    let last = ran.out.lines().last().unwrap();
    assert_eq!(
        last,
        "ok verify: 1 lab, 23 tests, 2 mistakes rejected, 1 page, 0 problems"
    );
    // The tree is as it was: mistakes are made elsewhere.
    course
        .run(&["verify", "--only", "solutions"])
        .says(0, &["0 problems"]);
}

#[test]
fn what_this_machine_has_proven_is_proven_again_only_when_something_has_changed() {
    let course = Course::sound();
    course
        .run(&["verify"])
        .says(0, &["ok tiny/wraps rejected by stops_at_the_limit"]);
    let again = course.run(&["verify"]);
    again.says(
        0,
        &[
            "ok tiny 22 tests fail by their todo, 1 of given code pass, no warning (proven before)",
            "ok tiny 23 tests pass, clippy passes (proven before)",
            "ok tiny/wraps rejected by stops_at_the_limit (proven before)",
            "2 mistakes rejected, 1 page, 0 problems",
        ],
    );
    // A line may be broken anywhere.
    let before = |ran: &crate::course::Ran| {
        let words: Vec<&str> = ran.out.split_whitespace().collect();
        words.join(" ").matches("(proven before)").count()
    };
    assert_eq!(before(&again), 5);
    assert_eq!(before(&course.run(&["verify", "--afresh"])), 0);

    // One patch is another: the rest stands.
    course.edit(
        "solutions/01-tiny/mistakes/twice/wraps.patch",
        "it is shorter",
        "it is much shorter",
    );
    assert_eq!(before(&course.run(&["verify"])), 4);
    // Every mistake is made in the solution; the starter is not affected.
    course.append(SOLUTION, "\n// A thought.\n");
    assert_eq!(before(&course.run(&["verify"])), 1);
    // A test judges all of them.
    course.append(TWICE, "\n// A thought.\n");
    let ran = course.run(&["verify", "--only", "mistakes", "--only", "solutions"]);
    assert_eq!(before(&ran), 0);

    // What was not sound is not remembered, and a damaged memory counts as none.
    course.edit(TWICE, "Some(254), None", "Some(254), Some(0)");
    for _ in 0..2 {
        course
            .run(&["verify", "--only", "mistakes"])
            .says(1, &["no tiny/wraps - it survives"]);
    }
    course.edit(TWICE, "Some(254), Some(0)", "Some(254), None");
    course.write("target/verify/proven", "no key\n\n\u{0}");
    course
        .run(&["verify", "--only", "mistakes"])
        .says(0, &["ok tiny/wraps rejected by stops_at_the_limit"]);
}

#[test]
fn shards_share_the_work_and_leave_nothing_out() {
    let course = Course::sound();
    let shards: Vec<_> = ["1/2", "2/2"]
        .map(|shard| course.run(&["verify", "--shard", shard]))
        .into();
    // Starter, solution, stage and two mistakes; the book and what is counted in the first alone.
    let lines = |what: &str| {
        let found = |ran: &crate::course::Ran| ran.out.matches(what).count();
        shards.iter().map(found).collect::<Vec<_>>()
    };
    for what in [
        "fail by their todo, 1 of given",
        "tests pass, clippy",
        "ok tiny/twice",
        "ok tiny/wraps",
        "ok tiny/says-even",
    ] {
        assert_eq!(lines(what).iter().sum::<usize>(), 1, "{what}");
    }
    assert_eq!(lines("ok book"), [1, 0]);
    for (shard, items) in shards.iter().zip([3, 2]) {
        shard.says(0, &["0 problems"]);
        assert_eq!(
            shard.out.matches("ok tiny").count() - usize::from(shard.out.contains("objective")),
            items
        );
    }
    course
        .run(&["verify", "--shard", "3/2"])
        .says(2, &["a shard is K/N, with K from 1 to N"]);
}

#[test]
fn a_thorough_proof_names_the_tests_that_no_mistake_needs() {
    let course = Course::sound();
    for _ in 0..2 {
        course
            .run(&["verify", "--only", "mistakes", "--thorough"])
            .says(
                0,
                &[
                    "tiny: no mistake needs 15 tests; give each a mistake, or delete it: doubles ",
                    " zero_stays ",
                ],
            );
    }
}

#[test]
fn a_refused_alternative_is_found() {
    let course = Course::sound();
    course.edit(
        "Cargo.toml",
        "\"solutions/*\"",
        "\"solutions/*\", \"solutions/*/alternatives/*\"",
    );
    let manifest = course.read("solutions/01-tiny/Cargo.toml");
    let manifest = manifest
        .replace("tiny-solution", "tiny-adding")
        .replace("../../exercises", "../../../../exercises");
    let library = course
        .read(SOLUTION)
        .replace("checked_mul(2)", "checked_add(number)");
    course.write(
        "solutions/01-tiny/alternatives/adding/Cargo.toml",
        &manifest,
    );
    course.write("solutions/01-tiny/alternatives/adding/src/lib.rs", &library);
    let ran = course.run(&["verify", "--only", "solutions"]);
    ran.says(0, &["ok tiny/adding 23 tests pass, clippy passes"]);

    course.edit(TWICE, "Some(8)", "Some(9)");
    course
        .run(&["verify", "--only", "solutions"])
        .says(1, &["no tiny/adding", "doubles rejects it", "2 problems"]);
}

#[test]
fn a_solved_lab_is_not_recorded_as_a_starter() {
    let course = Course::solved();
    let before = course.read("exercises/01-tiny/starter.lock");
    course
        .run(&["verify", "--write-starters"])
        .says(2, &["this is a solved lab, and not a starter"]);
    assert_eq!(course.read("exercises/01-tiny/starter.lock"), before);
    course
        .run(&["verify", "--only", "coverage"])
        .says(1, &["no stub is left in it"]);
}

/// A question whose answer is that `test` shows it, or shows that `mistake` is one.
fn answered_by(test: &str, mistake: &str) -> String {
    let mistake = match mistake {
        "" => String::new(),
        mistake => format!(", mistake = \"{mistake}\""),
    };
    format!(
        "\n[[question]]\nid = \"run\"\nprompt = \"And then?\"\nobjective = \"tiny-double\"\n\
         run = {{ lab = \"tiny\", test = \"{test}\"{mistake} }}\n\
         [[question.option]]\ntext = \"a\"\nright = true\nwhy = \"w\"\n\
         [[question.option]]\ntext = \"b\"\nwhy = \"v\"\n"
    )
}

#[test]
fn an_answer_that_is_run_holds_on_the_solution_and_rejects_its_mistake() {
    let course = Course::sound();
    course.append(
        "src/tiny.quiz.toml",
        &answered_by("stops_at_the_limit", "wraps"),
    );
    course
        .run(&["verify", "--only", "solutions", "--only", "mistakes"])
        .says(
            0,
            &[
                "ok tiny 23 tests pass, 1 answer of the book among them",
                "0 problems",
            ],
        );
    // A test that the mistake passes says nothing about it, though it holds for the solution.
    let quiz = course.read("src/tiny.quiz.toml");
    course.write(
        "src/tiny.quiz.toml",
        &quiz.replace("stops_at_the_limit", "tells_parity"),
    );
    course.run(&["verify", "--only", "mistakes"]).says(
        1,
        &["the answer to `run` in src/tiny.md has it rejected by tells_parity, which does not"],
    );
}

#[test]
fn an_answer_that_cannot_be_run_is_found() {
    let course = Course::sound();
    let quiz = course.read("src/tiny.quiz.toml");
    for (test, mistake, said) in [
        (
            "gone",
            "",
            "answered by the test `gone`, which tiny does not have",
        ),
        ("the_largest_is_the_types", "", "guards given code"),
        (
            "doubles",
            "gone",
            "names the mistake `gone`, which tiny does not have",
        ),
    ] {
        course.write(
            "src/tiny.quiz.toml",
            &(quiz.clone() + &answered_by(test, mistake)),
        );
        course.run(&["verify", "--only", "book"]).says(1, &[said]);
    }
    course.write("src/tiny.quiz.toml", &(quiz + &answered_by("gone", "")));
    course.run(&["verify", "--only", "solutions"]).says(
        1,
        &["the answer to `run` in src/tiny.md rests on gone, which did not hold here"],
    );
}

#[test]
fn a_second_proof_in_the_same_clone_waits_for_the_first() {
    let course = Course::sound();
    let lock = course.path("target/verify/lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let first = std::fs::File::create(&lock).unwrap();
    first.lock().unwrap();
    let mut second = Command::new(env!("CARGO_BIN_EXE_course"))
        .args(["verify", "--only", "coverage"])
        .current_dir(course.root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(second.stderr.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert!(said.contains("this one waits for it"), "{said}");
    assert!(second.try_wait().unwrap().is_none(), "it did not wait");
    first.unlock().unwrap();
    let done = second.wait_with_output().unwrap();
    let out = String::from_utf8_lossy(&done.stdout);
    assert!(out.contains("0 problems"), "{out}");
}
