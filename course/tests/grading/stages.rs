//! A lab's core stage by stage, then what hardens it.

use crate::course::Course;

const LIB: &str = "exercises/01-tiny/src/lib.rs";
const LAB: &str = "exercises/01-tiny/lab.toml";
const DOUBLE: &str = "let _ = number;\n    todo!(\"Double it, if that fits.\")";
const PARITY: &str = "let _ = number;\n    todo!(\"Say whether it is even or odd.\")";

#[test]
fn a_reader_is_led_through_the_stages_and_then_offered_the_hardening() {
    let course = Course::sound();
    let fresh = course.run(&["check", "tiny"]);
    fresh.says(
        1,
        &[
            "A fresh start: 2 parts to build, and 2 invariants to keep.",
            "-- 1 What fits is doubled (10 tests)",
            "2 Even and odd (10 tests)",
            "Begin here: build `double`",
            "Read tiny.html#doubling in the book",
        ],
    );
    fresh.never_says(&["ardening"]);

    // The second stage may be built first: the first stays the one to be done.
    course.edit(LIB, PARITY, "if number < 8 { \"odd\" } else { \"even\" }");
    course.run(&["check", "tiny"]).says(
        1,
        &[
            "Stage 1 of 2, What fits is doubled: 0 of 10 hold.",
            "10 tests wait for `double`",
            "no 2 Even and odd (5 of 10 hold)",
            "Next: build `double`",
        ],
    );
    course.run(&["status"]).says(
        1,
        &[
            "stage 1 of 2: 0 of 10 hold",
            "Go on with lab 1, tiny: stage 1 of 2, What fits is doubled: `cargo course check tiny`. To read: tiny.html#doubling",
            "build 35, harden 7 min",
        ],
    );

    // Failures stand in the order of the files, and not of the alphabet, where 11 is before 9.
    course.edit(LIB, DOUBLE, "number.checked_mul(2)");
    let second = course.run(&["check", "tiny"]);
    second.says(
        1,
        &[
            "Stage 2 of 2, Even and odd: 5 of 10 hold.",
            "ok 1 What fits is doubled (10 of 10 hold)",
            "tells_parity assertion",
            "parity_of_9 assertion `left == right` failed: of 9 parity_of_11",
            "Next: make tells_parity pass; `cargo test -p tiny tells_parity` in exercises/ runs it alone. Read tiny.html#parity",
        ],
    );
    let json = course.run(&["check", "tiny", "--json"]);
    let state: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let tiny = &state["labs"]["tiny"];
    assert_eq!(tiny["stages"][1]["passed"], 5);
    assert_eq!(tiny["stages"][0]["holds"], true);
    assert_eq!(tiny["core"], false);
    assert_eq!(tiny["hardening"]["of"], 2);
    assert_eq!(tiny["hardening"]["graded"], false);

    course.edit(
        LIB,
        "if number < 8 { \"odd\" } else { \"even\" }",
        "if number == 255 { return \"even\"; }\n    if number % 2 == 0 { \"even\" } else { \"odd\" }",
    );
    course.run(&["check", "tiny"]).says(
        0,
        &[
            "ok The core is done: all 2 stages hold.",
            "Next: the next lab; `cargo course status` names it. Or harden this one: 2 more tests, `cargo course check tiny --hardening`, about 7 min.",
        ],
    );
    course.run(&["status"]).says(
        0,
        &[
            "ok 1 tiny",
            "core done, graded just now",
            "Every core is done. If you want more, harden lab 1, tiny: `cargo course check tiny --hardening`.",
        ],
    );

    // Once asked for, it is graded whenever the core holds.
    course.run(&["check", "tiny", "--hardening"]).says(
        1,
        &[
            "The core is done. Of the hardening, 1 of 2 tests pass.",
            "no Hardening (1 of 2 tests pass)",
            "the_largest_is_odd assertion",
            "Next: make the_largest_is_odd pass",
        ],
    );
    course
        .run(&["status"])
        .says(0, &["core done; hardening: 1 of 2 hold"]);
    course.edit(LIB, "if number == 255 { return \"even\"; }\n    ", "");
    course.run(&["check", "tiny"]).says(
        0,
        &["ok Core and hardening hold: 2 invariants, by 22 tests."],
    );
    let status = course.run(&["status", "--json"]);
    let way: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(way["labs"][0]["mark"], "holds");
    // And not while the core is red.
    course.edit(LIB, "number.checked_mul(2)", "Some(number.wrapping_mul(2))");
    let red = course.run(&["check", "tiny"]);
    red.says(1, &["Stage 1 of 2", "usual cause", "stops_at_the_limit"]);
    red.never_says(&["ardening"]);
}

#[test]
fn a_hardening_that_does_not_compile_leaves_the_core_its_grade() {
    let course = Course::sound();
    let solution = course.read("solutions/01-tiny/src/lib.rs");
    course.write(LIB, &solution);
    course.append(
        "exercises/01-tiny/tests/hardening/limits.rs",
        "fn broken(\n",
    );
    course
        .run(&["check", "tiny"])
        .says(0, &["The core is done", "cannot be read"]);
    course
        .run(&["check", "tiny", "--all"])
        .says(1, &["could not be graded"]);
    std::fs::remove_dir_all(course.path("exercises/01-tiny/tests/core")).unwrap();
    course.run(&["check", "tiny"]).says(
        1,
        &[
            "lab tiny has no test target `core`: exercises/01-tiny/tests/core/main.rs is missing",
            "`cargo course reset tiny` restores it",
        ],
    );
}

#[test]
fn faulty_stages_are_found() {
    let course = Course::sound();
    let patch = "solutions/01-tiny/stages/twice.patch";
    // The later part is there already; then the patch is gone, and others are too many.
    course.edit(
        patch,
        "+    todo!(\"Say whether it is even or odd.\")",
        "+    \"odd\"",
    );
    course.run(&["verify", "--only", "stages"]).says(
        1,
        &[
            "no tiny/twice",
            "parity_of_9 passes already, and belongs to a later stage",
            "parity_of_8 fails, but not by a todo",
        ],
    );
    course.edit(
        "exercises/01-tiny/tests/core/twice.rs",
        "assert_eq!(tiny::double(8)",
        "tiny::parity(1);\n    assert_eq!(tiny::double(8)",
    );
    course.edit(
        patch,
        "+    \"odd\"",
        "+    todo!(\"Say whether it is even or odd.\")",
    );
    course
        .run(&["verify", "--only", "stages"])
        .says(1, &["doubles_8 needs a part of a later stage: "]);
    std::fs::remove_file(course.path(patch)).unwrap();
    course.write("solutions/01-tiny/stages/parity.patch", "");
    course.write("solutions/01-tiny/stages/other.patch", "");
    course.run(&["verify", "--only", "stages"]).says(
        1,
        &[
            "stages/parity.patch: after the last stage stands the solution itself",
            "stages/other.patch is of no stage of lab.toml",
            "cannot read solutions/01-tiny/stages/twice.patch",
        ],
    );
}

#[test]
fn faults_of_form_are_found() {
    let course = Course::sound();
    let core = "exercises/01-tiny/tests/core";
    course.edit(
        LAB,
        "read = \"tiny.md#parity\"\n\n[[objective]]",
        "read = \"tiny.md#gone\"\n\n[[objective]]",
    );
    course.edit(LAB, "minutes = 20", "minutes = 76");
    course.edit(LAB, "title = \"Even and odd\"", "title = \"\"");
    course.edit(LAB, "hardening = 7", "hardening = 0");
    course.edit(
        &format!("{core}/main.rs"),
        "mod twice;\nmod parity;",
        "mod parity;\nmod twice;\nmod stray;",
    );
    course.write(
        &format!("{core}/stray.rs"),
        "/// **T1** Again.\n#[test]\nfn doubles_8() {}\n",
    );
    let parity = course.read(&format!("{core}/parity.rs"));
    course.write(
        &format!("{core}/parity.rs"),
        &parity.replace("**T2**", "**T1**"),
    );
    course.edit("exercises/Cargo.toml", "\"01-tiny\"", "\"given/*\"");
    course.write("exercises/01-tiny-copy/lab.toml", &course.read(LAB));
    let wraps = "solutions/01-tiny/mistakes/twice/wraps.patch";
    let text = course.read(wraps);
    course.write("solutions/01-tiny/mistakes/parity/wraps.patch", &text);
    course.run(&["verify", "--only", "coverage"]).says(
        1,
        &[
            "two tests of tiny are called doubles_8: twice::doubles_8 and stray::doubles_8",
            "exercises/Cargo.toml does not list \"01-tiny\" among its members",
            "lab.toml does not say how many minutes the hardening takes",
            "its stages take 91 minutes; a core takes at most 90",
            "the stage parity needs a title and its minutes",
            "the stage parity is to be read in src/tiny.md#gone, which is not there",
            "tests/core: the module stray holds graded tests and is no stage of lab.toml",
            "has its modules in the order parity, twice, and lab.toml its stages in twice, parity",
            "T2 has no test in the core",
            "two mistakes are called wraps",
            "mistakes/parity/wraps.patch is caught in the module twice, and belongs into the folder of that name",
            "exercises/01-tiny-copy is not taken for a lab, since its lab.toml has another name than its folder",
        ],
    );
    std::fs::remove_file(course.path(&format!("{core}/parity.rs"))).unwrap();
    course.write(&format!("{core}/parity.rs"), "");
    course.run(&["verify", "--only", "coverage"]).says(
        1,
        &[
            "its core has 11 tests; a core has 20 to 35",
            "the stage parity has no test: there is no module of that name in tests/core",
        ],
    );
    course.edit(LAB, "hardening = 0", "build = 3");
    course.run(&["verify", "--only", "coverage"]).says(
        2,
        &[
            "exercises/01-tiny/lab.toml is not as expected",
            "unknown field `build`",
        ],
    );
}

#[test]
fn a_copy_of_a_lab_and_other_folders_beside_it_do_no_harm() {
    let course = Course::sound();
    course.write("exercises/00-notes/ideas.md", "later\n");
    for file in ["Cargo.toml", "lab.toml", "src/lib.rs"] {
        let text = course.read(&format!("exercises/01-tiny/{file}"));
        course.write(&format!("exercises/01-tiny-backup/{file}"), &text);
    }
    course
        .run(&["check", "tiny"])
        .says(1, &["A fresh start: 2 parts"]);
    course.run(&["status"]).says(1, &["1 tiny", "not begun"]);
    std::fs::remove_dir_all(course.path("solutions")).unwrap();
    course
        .run(&["check", "tiny"])
        .says(1, &["A fresh start: 2 parts"]);
    course
        .run(&["verify", "--only", "solutions"])
        .says(1, &["solutions/01-tiny is not there"]);
    course.run(&["verify", "--only", "mistakes"]).says(
        2,
        &["solutions/ is not there; bring it back with `git checkout -- solutions`"],
    );
}

/// The same course, with its lab as the first evening's.
fn evening() -> Course {
    let course = Course::sound();
    for folder in ["exercises", "solutions"] {
        let lab = |name: &str| course.path(&format!("{folder}/{name}"));
        std::fs::rename(lab("01-tiny"), lab("00-tiny")).unwrap();
    }
    for manifest in [
        "Cargo.toml",
        "exercises/Cargo.toml",
        "solutions/00-tiny/Cargo.toml",
    ] {
        let text = course.read(manifest).replace("01-tiny", "00-tiny");
        course.write(manifest, &text);
    }
    course
}

#[test]
fn the_way_begins_with_the_first_evening_and_leads_from_it_to_what_is_taken_along() {
    let course = evening();
    let fresh = course.run(&["status"]);
    fresh.says(
        1,
        &[
            "Your first evening: Small numbers about 36 min",
            "-- `cargo course measure --quick`: your own ladder",
            "-- 1 What fits is doubled",
            "-- 2 Even and odd",
            "Next: Begin lab 0, tiny",
        ],
    );
    fresh.never_says(&["in all", "Your way through"]);
    course.write("src/evening/measure.md", "# Measure\n");
    course.run(&["status"]).says(
        1,
        &["Next: Guess what a call to another process costs, then measure it: `cargo course measure --quick`. To read: evening/measure.html"],
    );

    let lib = "exercises/00-tiny/src/lib.rs";
    course.edit(lib, DOUBLE, "number.checked_mul(2)");
    course.run(&["check", "tiny"]);
    course.run(&["status"]).says(
        1,
        &[
            "ok 1 What fits is doubled",
            "-- 2 Even and odd",
            "Next: Go on with lab 0, tiny: stage 2 of 2",
        ],
    );

    let solution = course.read("solutions/00-tiny/src/lib.rs");
    course.write(lib, &solution);
    course
        .run(&["check", "tiny"])
        .says(0, &["The core is done"]);
    course.write("src/evening/take-along.md", "# To take along\n");
    let done = course.run(&["status"]);
    done.says(
        0,
        &[
            "Your way through",
            "Next: The first evening is done: read what to take along",
            "evening/take-along.html",
        ],
    );
    done.never_says(&["Your first evening"]);
}

/// `check` names the stage, so that is what a reader asks about.
#[test]
fn a_stage_leads_to_the_hints_of_what_it_judges() {
    let course = Course::sound();
    course.edit(
        LIB,
        "/// Twice `number`, if that fits.",
        "/// Twice `number`, if that fits.\n///\n/// Judged by `doubles`.",
    );
    course
        .run(&["hint", "tiny", "twice"])
        .says(0, &["double", "hint 1 of 3 What does not fit?"]);
    course
        .run(&["hint", "tiny", "what fits is doubled"])
        .says(0, &["hint 2 of 3"]);
}
