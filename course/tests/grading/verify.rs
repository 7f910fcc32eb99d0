//! `cargo course verify`: a sound course passes, and every planted fault is found.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::course::{Course, PARITY, SAYS_EVEN, TWICE, WRAPS};

const STARTER: &str = "exercises/01-tiny/src/lib.rs";
const SOLUTION: &str = "solutions/01-tiny/src/lib.rs";
const LAB: &str = "exercises/01-tiny/lab.toml";

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
    // The solution is what every mistake is made in; the starter is not concerned.
    course.append(SOLUTION, "\n// A thought.\n");
    assert_eq!(before(&course.run(&["verify"])), 1);
    // A test judges all of them.
    course.append(TWICE, "\n// A thought.\n");
    let ran = course.run(&["verify", "--only", "mistakes", "--only", "solutions"]);
    assert_eq!(before(&ran), 0);

    // What was not sound is not remembered, and half a memory is none.
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
fn faulty_starters_are_found() {
    let course = Course::sound();
    // A test that the stub passes, a warning, a test that fails otherwise, given code that fails.
    course.edit(
        PARITY,
        "/// **T2** Even",
        "/// **T2** Grades nothing.\n#[test]\nfn grades_nothing() {}\n\n/// **T2** Even",
    );
    course.edit(
        PARITY,
        "/// **T2** Even",
        "/// **T2** Fails by itself.\n#[test]\nfn fails_by_itself() {\n    panic!(\"by itself\");\n}\n\n/// **T2** Even",
    );
    course.edit(
        PARITY,
        "/// **T2** Even",
        "/// **T2** Says it twice.\n#[test]\nfn says_it_twice() {\n    let _ = std::panic::catch_unwind(|| tiny::double(1));\n    tiny::double(1);\n}\n\n/// **T2** Even",
    );
    course.edit(STARTER, "let _ = number;", "let unused = number;");
    course.edit(STARTER, "LARGEST: u8 = 255", "LARGEST: u8 = 254");
    let ran = course.run(&["verify", "--only", "starters"]);
    ran.says(
        1,
        &[
            "starter.lock is behind (src/lib.rs, tests/core/parity.rs)",
            "the compiler warns: unused variable: `unused` (01-tiny/src/lib.rs:8)",
            "grades_nothing passes on the starter, so it grades nothing",
            "fails_by_itself fails on the starter, but not by a todo",
            "says_it_twice prints its todo 2 times",
            "the_largest_is_the_types guards given code, and should pass on the starter",
            "clippy objects: error: unused variable: `unused`",
            "verify: 1 lab, 26 tests, 7 problems",
        ],
    );
    course.write(STARTER, "pub fn double(");
    course
        .run(&["verify", "--only", "starters"])
        .says(1, &["does not compile"]);
}

#[test]
fn faulty_solutions_are_found() {
    let course = Course::sound();
    course.edit(
        SOLUTION,
        "number.checked_mul(2)",
        "if number == 4 { return None; }\n    return number.checked_mul(2);",
    );
    course.write("solutions/01-tiny/tests/own.rs", "");
    course.edit(
        "solutions/01-tiny/Cargo.toml",
        "../../exercises/01-tiny/tests/core/main.rs",
        "tests/own.rs",
    );
    course.run(&["verify", "--only", "solutions"]).says(
        1,
        &[
            "the path of its test target `core` does not lead into exercises/01-tiny",
            "it has a tests/ folder",
            "no graded test was run",
            "clippy objects: error: unneeded `return` statement",
        ],
    );
    course.edit(
        "solutions/01-tiny/Cargo.toml",
        "tests/own.rs",
        "../../exercises/01-tiny/tests/core/main.rs",
    );
    course
        .run(&["verify", "--only", "solutions"])
        .says(1, &["doubles rejects it", "twice four"]);
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
fn faulty_mistakes_are_found() {
    let course = Course::sound();
    let plant = |name: &str, text: &str| {
        course.write(
            &format!("solutions/01-tiny/mistakes/twice/{name}.patch"),
            text,
        );
    };
    let body = "Some(number.wrapping_mul(2))";
    plant(
        "survives",
        &WRAPS.replace(body, "number.checked_add(number)"),
    );
    plant(
        "by-another",
        &WRAPS.replace("stops_at_the_limit", "doubles"),
    );
    plant(
        "unknown-test",
        &WRAPS.replace("stops_at_the_limit", "stops"),
    );
    plant(
        "stale",
        &WRAPS.replace("number.checked_mul(2)", "number * 2"),
    );
    plant("broken", &WRAPS.replace(body, "number.wrapping_mul("));
    plant("headless", &WRAPS.replace("Tempts: it is shorter.\n", ""));
    plant("elsewhere", &WRAPS.replace("src/lib.rs", "Cargo.toml"));
    plant(
        "aborts",
        &WRAPS.replace(
            body,
            "if number == 127 { std::process::abort() } number.checked_mul(2)",
        ),
    );
    plant(
        "spins",
        &SAYS_EVEN
            .replace("if number < 8", "while number == 7 {}\n+    if number < 8")
            .replace("5 +10,5", "5 +10,6"),
    );
    let ran = course.run(&[
        "verify",
        "--only",
        "mistakes",
        "--thorough",
        "--test-limit",
        "2",
    ]);
    ran.says(
        1,
        &[
            "no tiny/survives - it survives: stops_at_the_limit passes; no test rejects it",
            "no tiny/by-another - it survives: doubles passes; rejected instead by stops_at_the_limit",
            "no tiny/unknown-test - it names `stops`, and there is no such test",
            "no tiny/stale - it does not apply any more",
            "no tiny/broken - does not compile",
            "no tiny/headless - the header of headless.patch is malformed: expected a line `Tempts: …`, found `Caught by:`",
            "no tiny/elsewhere - it changes Cargo.toml",
            "no tiny/aborts - stops_at_the_limit dies under it",
            "no tiny/spins - tells_parity never ends under it",
            // One fault hides nothing behind it.
            "ok tiny/wraps",
            "ok tiny/says-even",
            "2 mistakes rejected, 9 problems",
        ],
    );
}

#[test]
fn a_faulty_book_is_found() {
    let course = Course::sound();
    course.edit(
        "src/tiny.md",
        "{{#invariants tiny}}",
        "{{#invariants huge}}",
    );
    course
        .run(&["verify", "--only", "book"])
        .says(1, &["no book", "huge"]);
}

#[test]
fn gaps_in_the_coverage_are_found() {
    let course = Course::sound();
    course.edit(LAB, "prerequisites = [\"counting\"]", "prerequisites = []");
    course.edit(LAB, "read = 1", "read = 0");
    let more = "\n[[objective]]\nid = \"tiny-unasked\"\ntext = \"Be asked.\"\n\n[[invariant]]\nid = \"T3\"\n\
                text = \"Nobody tests this.\"\nread = \"gone.md\"\n";
    course.write(LAB, &(course.read(LAB) + more));
    course.edit(TWICE, "**T1** What does not fit", "What does not fit");
    course.edit(PARITY, "**T2** Even", "**T9** Even");
    course.edit(
        "exercises/01-tiny/hints.md",
        "## `parity`",
        "## Something else",
    );
    course.edit("exercises/01-tiny/hints.md", "2. See `checked_mul`.\n", "");
    course.edit(
        STARTER,
        "todo!(\"Say whether it is even or odd.\")",
        "todo!()",
    );
    let locked = |version: &str| {
        format!(
            "\n[[package]]\nname = \"shared\"\nversion = \"{version}\"\nsource = \"registry+https://example.org\"\n"
        )
    };
    course.write(
        "Cargo.lock",
        &(course.read("Cargo.lock") + &locked("1.2.3")),
    );
    course.write(
        "exercises/Cargo.lock",
        &(course.read("exercises/Cargo.lock") + &locked("1.2.4")),
    );
    let ran = course.run(&["verify", "--only", "coverage"]);
    ran.says(
        1,
        &[
            "lab.toml does not say how many minutes",
            "lab.toml names no prerequisites",
            "T3 is to be read in src/gone.md, which is not there",
            "T3 has no test: Nobody tests this.",
            "stops_at_the_limit (exercises/01-tiny/tests/core/twice.rs:9): its doc comment does not open",
            "tells_parity (exercises/01-tiny/tests/core/parity.rs:5) judges T9, which lab.toml does not have",
            "T2: no mistake shows that its tests reject anything",
            "T1: no mistake shows that its tests reject anything",
            "no question of the quiz checks the objective tiny-unasked",
            "nothing shows the objective tiny-unasked: name its `invariants`",
            "T3 shows no objective",
            "hints.md has no `## … parity …`",
            "hints.md, `double`: 2 hints of 3",
            "the todo of parity does not say what to do",
            "shared is 1.2.4 in exercises/Cargo.lock and 1.2.3 in Cargo.lock",
        ],
    );
    course.edit(LAB, "chapter = \"tiny.md\"", "chapter = \"gone.md\"");
    course
        .run(&["verify", "--only", "coverage"])
        .says(1, &["its chapter src/gone.md is not there"]);
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

#[test]
fn output_in_the_book_that_no_test_prints_any_more_is_found() {
    let course = Course::sound();
    let output = |from: &str, test: &str| {
        format!("\n[[output]]\nfile = \"{from}.txt\"\nfrom = \"{from}\"\ntest = \"{test}\"\n")
    };
    course.append(LAB, &output("starter", "doubles"));
    course.append(LAB, &output("says-even", "tells_parity"));
    course.append(LAB, &output("wraps", "of_no_such_name"));
    course.write(
        "src/starter.txt",
        "test twice::doubles ... FAILED\nas it was once\n",
    );
    course.write("src/wraps.txt", "");
    course
        .run(&["verify", "--only", "starters", "--only", "mistakes"])
        .says(
            1,
            &[
                "src/starter.txt is not what the test says now",
                "src/says-even.txt cannot be read, and lab.toml names it",
                "src/wraps.txt is of of_no_such_name, and there is no such test",
            ],
        );
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
fn an_objective_that_nothing_shows_is_found() {
    let course = Course::sound();
    let shown = "invariants = [\"T1\", \"T2\"]";
    for (instead, said) in [
        (
            "invariants = [\"T1\", \"T9\"]",
            "tiny-double names T9, which lab.toml does not have",
        ),
        (
            "invariants = [\"T1\", \"T1\"]",
            "tiny-double names T1 twice",
        ),
        (
            "shown_by = \"measurement\"",
            "tiny-double is shown by measurement, and lab.toml has no [measure]",
        ),
        ("invariants = [\"T1\"]", "T2 shows no objective"),
    ] {
        let lab = course.read(LAB);
        course.edit(LAB, shown, instead);
        course
            .run(&["verify", "--only", "coverage"])
            .says(1, &[said]);
        course.write(LAB, &lab);
    }
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
