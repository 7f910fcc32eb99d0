//! `cargo course check`, and what all commands have in common.

use crate::course::{Course, PARITY};

const LIB: &str = "exercises/01-tiny/src/lib.rs";

#[test]
fn a_fresh_starter_is_a_friendly_start() {
    let course = Course::sound();
    let ran = course.run(&["check", "tiny"]);
    ran.says(
        1,
        &[
            "A fresh start: 2 parts to build, and 2 invariants to keep.",
            "-- 1 What fits is doubled (10 tests)",
            "Begin here: build `double` (exercises/01-tiny/src/lib.rs:9). Double it, if that fits.",
            "Read tiny.html#doubling in the book; when stuck, `cargo course hint tiny double`.",
        ],
    );
    // Once, however many tests wait for it.
    assert_eq!(ran.out.matches("Double it, if that fits.").count(), 1);
    ran.never_says(&["panicked", "RUST_BACKTRACE", "usual cause", "\u{1b}"]);

    // Inside the lab's folder its name can be left out, and paths are relative to it.
    course
        .run_in("exercises/01-tiny", &["check"], &[])
        .says(1, &["build `double` (src/lib.rs:9)"]);
    // Now `hint` knows where the reader stands.
    course
        .run(&["hint", "tiny"])
        .says(0, &["1 double 0 of 3 shown <- you are here"]);
}

#[test]
fn a_solved_lab_holds() {
    let course = Course::solved();
    course.run(&["check", "1"]).says(
        0,
        &[
            "ok The core is done: all 2 stages hold.",
            "ok 1 What fits is doubled (10 of 10 hold)",
            "ok 2 Even and odd (10 of 10 hold)",
            "Our code is in solutions/01-tiny",
        ],
    );
    let json = course.run(&["check", "01-tiny", "--json"]);
    json.says(0, &[]);
    let state: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let tiny = &state["labs"]["tiny"];
    assert_eq!(
        (&tiny["verdict"], &tiny["holds"], &tiny["of"]),
        (&"graded".into(), &2.into(), &2.into())
    );
    let first = &tiny["invariants"][0];
    assert_eq!(
        (&first["id"], &first["holds"]),
        (&"T1".into(), &true.into())
    );
    assert_eq!(first["tests"][1]["name"], "stops_at_the_limit");
    assert_eq!(first["tests"][1]["passed"], true);
    course
        .run(&["check", "1", "--hardening"])
        .says(0, &["Next: compare your code with solutions/01-tiny"]);
}

#[test]
fn a_mistake_is_named_and_comes_before_what_is_not_built() {
    let course = Course::sound();
    let wrapping = "Some(number.wrapping_mul(2))";
    course.edit(
        LIB,
        "let _ = number;\n    todo!(\"Double it, if that fits.\")",
        wrapping,
    );
    let ran = course.run(&["check", "tiny"]);
    ran.says(
        1,
        &[
            "Stage 1 of 2, What fits is doubled: 9 of 10 hold.",
            "no 1 What fits is doubled (9 of 10 hold)",
            "stops_at_the_limit",
            "at exercises/01-tiny/tests/core/twice.rs:10",
            "usual cause: lets the number wrap around. why it tempts: it is shorter.",
            "2 Even and odd (10 tests)",
            "Next: make stops_at_the_limit pass; `cargo test -p tiny stops_at_the_limit` in exercises/ runs it alone.",
        ],
    );
    // What is wrong is shown; the remedy is not, and neither is what comes later.
    ran.never_says(&["checked_mul", "diff --git", "`parity`"]);
}

#[test]
fn of_a_stage_the_first_failing_test_in_the_order_of_the_file_tells_its_whole_story() {
    let course = Course::solved();
    course.edit(LIB, "number.checked_mul(2)", "Some(number)");
    let ran = course.run(&["check", "tiny"]);
    ran.says(
        1,
        &[
            "doubles assertion",
            "left: Some(4)",
            "stops_at_the_limit assertion",
            "Next: make doubles pass",
        ],
    );
    ran.never_says(&["left: (Some(127)"]);
}

#[test]
fn code_that_does_not_compile_is_a_verdict() {
    let course = Course::sound();
    course.edit(LIB, "let _ = number;", "let _ = numbre;");
    course.run(&["check", "tiny"]).says(
        1,
        &[
            "It does not compile yet, so there is no grade.",
            "cannot find value `numbre`",
            "src/lib.rs:8",
        ],
    );
    let json = course.run(&["check", "tiny", "--json"]);
    let state: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let tiny = &state["labs"]["tiny"];
    assert_eq!(tiny["verdict"], "does-not-compile");
    assert!(tiny["message"].as_str().unwrap().contains("numbre"));

    // So is a manifest that cargo refuses, and a file that is gone.
    course.edit(LIB, "numbre", "number");
    course.edit("exercises/01-tiny/Cargo.toml", "[lib]", "[lib");
    course
        .run(&["check", "tiny"])
        .says(1, &["does not compile", "Cargo.toml"]);
    course.edit("exercises/01-tiny/Cargo.toml", "[lib", "[lib]");
    std::fs::remove_file(course.path(LIB)).unwrap();
    course
        .run(&["check", "tiny"])
        .says(1, &["does not compile", "lib.rs"]);
}

#[test]
fn an_endless_test_is_named_and_costs_no_other_its_grade() {
    let course = Course::solved();
    course.edit(
        LIB,
        "if number & 1",
        "while number == 7 {\n        std::hint::spin_loop();\n    }\n    if number & 1",
    );
    course.run(&["check", "tiny", "--test-limit", "1"]).says(
        1,
        &[
            "Stage 2 of 2, Even and odd: 9 of 10 hold.",
            "tells_parity still running after 1 second, so it was stopped: a loop that never ends",
            "a thread that blocks (`std::thread::sleep`",
            "usual cause: calls every number even.",
        ],
    );
}

#[test]
#[cfg(unix)]
fn an_endless_build_is_stopped() {
    let course = Course::sound();
    course.write(
        "exercises/01-tiny/build.rs",
        "fn main() { std::thread::sleep(std::time::Duration::from_secs(3600)); }",
    );
    course.run(&["check", "tiny", "--build-limit", "2"]).says(
        1,
        &["The build did not end within 2 seconds, so it was stopped; is there a build script"],
    );
}

#[test]
fn a_test_whose_process_dies_is_named() {
    let course = Course::solved();
    course.edit(
        LIB,
        "number.checked_mul(2)",
        "if number == 127 { std::process::abort() }\n    number.checked_mul(2)",
    );
    course.edit(
        LIB,
        "if number & 1",
        "if number == 6 { std::process::exit(0) }\n    if number & 1",
    );
    course.run(&["check", "tiny"]).says(
        1,
        &[
            "Stage 1 of 2, What fits is doubled: 9 of 10 hold.",
            "stops_at_the_limit the test's process",
        ],
    );
    // Leaving with success is not passing.
    course.edit(LIB, "if number == 127 { std::process::abort() }\n    ", "");
    course.run(&["check", "tiny"]).says(
        1,
        &["tells_parity the test's process ended with code 0 before the test did"],
    );
}

#[test]
fn changed_tests_and_warnings_are_told() {
    let course = Course::solved();
    course.write(
        PARITY,
        "#[test]\nfn tells_it() {\n    assert_eq!(crate::world::PARITIES.len(), 2);\n}\n",
    );
    course.edit(LIB, "if number & 1", "let unused = 1;\n    if number & 1");
    course.run(&["check", "tiny"]).says(
        1,
        &[
            "2 Even and odd (no test judges it) tests/core is not as given",
            "In addition, 1 test that no invariant claims: 1 passed, 0 failed.",
            "note: exercises/01-tiny/tests/core/parity.rs is not as the course gives it, so this is the grade of your own version.",
            "The compiler warns, 1 time: 01-tiny/src/lib.rs:13: unused variable: `unused`",
        ],
    );
    std::fs::remove_dir_all(course.path("exercises/01-tiny/tests")).unwrap();
    course
        .run(&["check", "tiny"])
        .says(1, &["tests/core/main.rs is missing"]);
}

#[test]
fn broken_given_code_is_not_a_pass() {
    let course = Course::solved();
    course.edit(LIB, "LARGEST: u8 = 255", "LARGEST: u8 = 254");
    course.run(&["check", "tiny"]).says(
        1,
        &[
            "All 2 stages hold.",
            "A provided file is broken: the_largest_is_the_types",
        ],
    );
}

#[test]
fn usage_and_environment_errors_are_two() {
    let course = Course::sound();
    course.run(&["check", "huge"]).says(
        2,
        &["error: no lab is called `huge`; the labs are: tiny (1)"],
    );
    course.run(&["chekc"]).says(2, &["unrecognized subcommand"]);
    course
        .run(&["check", "tiny", "--test-limit", "0"])
        .says(2, &["--test-limit"]);
    course
        .run_in("..", &["check"], &[])
        .says(2, &["is not inside a clone of the course"]);
    course
        .run_in("", &["check"], &[("CARGO", "/nowhere/cargo")])
        .says(2, &["cannot run cargo"]);
    course
        .run(&["--help"])
        .says(0, &["Examples:", "Exit codes: 0 all holds"]);
    for command in [
        "serve", "build", "check", "hint", "measure", "reset", "verify",
    ] {
        course.run(&[command, "--help"]).says(0, &["Example"]);
    }
}

#[test]
fn colours_are_for_those_who_want_them() {
    let course = Course::sound();
    let escapes = |variables: &[(&str, &str)]| {
        course
            .run_in("", &["hint", "tiny"], variables)
            .out
            .contains('\u{1b}')
    };
    assert!(!escapes(&[]), "colours in a pipe");
    assert!(
        escapes(&[("CLICOLOR_FORCE", "1")]),
        "no colours although they are forced"
    );
    assert!(
        !escapes(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]),
        "colours against NO_COLOR"
    );
}

#[test]
fn a_loop_that_every_test_runs_into_is_told_after_a_few() {
    let course = Course::solved();
    course.edit(LIB, "number.checked_mul(2)", "loop {}");
    let ran = course.run(&["check", "tiny", "--test-limit", "3"]);
    ran.says(
        1,
        &["tests did not end, so those that were still to come were not run: "],
    );
    // Of ten that would, three or four have spun: each CPU has one under way.
    assert!(ran.out.matches("usual cause").count() <= 1, "{}", ran.out);
    assert!(
        ran.out
            .contains("not run: too many tests before it did not end"),
        "{}",
        ran.out
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_test_that_takes_the_memory_is_stopped_before_the_machine_is() {
    let course = Course::solved();
    course.edit(
        LIB,
        "number.checked_mul(2)",
        "let mut kept: Vec<Vec<u8>> = Vec::new();\n    while number == 127 {\n        kept.push(Vec::with_capacity(1 << 30));\n    }\n    std::hint::black_box(&kept);\n    number.checked_mul(2)",
    );
    course.run(&["check", "tiny"]).says(
        1,
        &[
            "Stage 1 of 2, What fits is doubled: 9 of 10 hold.",
            "stops_at_the_limit the test asked for more than 2 GiB of memory",
            "something grows without end",
        ],
    );
}

#[test]
fn a_lab_that_is_built_for_a_named_target_is_graded_as_well() {
    let course = Course::solved();
    let version = std::process::Command::new("rustc")
        .arg("-vV")
        .output()
        .unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    course
        .run_in("", &["check", "tiny"], &[("CARGO_BUILD_TARGET", host)])
        .says(0, &["The core is done"]);
    assert!(course.path("target").join(host).is_dir());
}
