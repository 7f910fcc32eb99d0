//! Every fault that is planted in a sound course is found by `cargo course verify`.

use crate::course::{Course, PARITY, SAYS_EVEN, TWICE, WRAPS};

const STARTER: &str = "exercises/01-tiny/src/lib.rs";
const SOLUTION: &str = "solutions/01-tiny/src/lib.rs";
const LAB: &str = "exercises/01-tiny/lab.toml";

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
