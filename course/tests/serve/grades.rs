//! Grades: made on each save, shown while a new one is made, kept from last time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use course::serve::Grader;
use serde_json::Value;

use crate::fixture::Course;
use crate::listening::{Events, FAILED, at_once, gated, grade, start, state, verdict};

#[test]
fn a_save_is_graded_and_a_newer_save_restarts_the_grade() {
    let course = Course::sound();
    let (grader, calls, answer) = gated();
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    let first = calls.recv_timeout(FAILED).unwrap();
    course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    let second = calls.recv_timeout(FAILED).unwrap();
    assert!(
        first.is_stopped(),
        "the grade of the older code was given up"
    );
    assert!(!second.is_stopped());
    answer.send(2).unwrap();
    let state = events.wait_until(|state| verdict(state) == "graded");
    assert_eq!(state["labs"]["measure"]["holds"], 2);
}

#[test]
fn what_held_is_shown_until_the_new_grade_is_there() {
    let course = Course::sound();
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    let mut events = Events::open(&server);
    answer.send(1).unwrap();
    events.wait_until(|state| verdict(state) == "graded");
    calls.recv_timeout(FAILED).unwrap();
    course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    calls.recv_timeout(FAILED).unwrap();
    let grading = events.wait_until(|state| verdict(state) == "grading");
    assert_eq!(grading["labs"]["measure"]["holds"], 1);
    answer.send(2).unwrap();
    events.wait_until(|state| state["labs"]["measure"]["holds"] == 2);
    assert_eq!(
        said.lock().unwrap().last().unwrap(),
        "measure: all 2 invariants hold; new: M2"
    );
}

#[test]
fn a_grade_from_last_time_is_shown_at_once_and_made_again_only_if_a_file_changed() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    let first =
        events.wait_until(|state| state["way"]["labs"][0]["stands"] == "1 of 2 invariants hold");
    assert_eq!(first["labs"]["measure"]["from_last_time"], false);
    drop(server);

    let (grader, calls, _answer) = gated();
    let (server, said) = start(&course, grader);
    let back = state(&server);
    let measure = &back["labs"]["measure"];
    assert_eq!(
        (
            verdict(&back),
            &measure["holds"],
            &measure["from_last_time"]
        ),
        ("graded", &1.into(), &true.into())
    );
    assert_eq!(back["way"]["next"]["page"], "scope/measure.md#frames");
    assert!(
        calls.try_recv().is_err(),
        "nothing has changed, and yet it is graded"
    );
    assert!(said.lock().unwrap().is_empty());
    drop(server);

    course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    calls.recv_timeout(FAILED).unwrap();
    let mut events = Events::open(&server);
    let again = state(&server);
    assert_eq!(
        (verdict(&again), &again["labs"]["measure"]["holds"]),
        ("grading", &1.into())
    );
    answer.send(2).unwrap();
    events.wait_until(|state| state["way"]["labs"][0]["mark"] == "holds");
    assert_eq!(
        *said.lock().unwrap(),
        ["measure: all 2 invariants hold; new: M2"]
    );
}

#[test]
fn a_lab_that_was_not_begun_is_graded_once_it_is() {
    let course = Course::sound();
    let lab = course::lab::named(course.repo(), "measure").unwrap();
    let starter = course::starter::Starter::from_tree(course.repo(), &lab).unwrap();
    starter.write().unwrap();
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    let mut events = Events::open(&server);
    assert_eq!(state(&server)["way"]["labs"][0]["stands"], "not begun");
    assert!(calls.try_recv().is_err(), "the untouched starter is graded");
    course.append("exercises/01-measure/src/lib.rs", "// mine\n");
    calls.recv_timeout(FAILED).unwrap();
    answer.send(1).unwrap();
    events.wait_until(|state| verdict(state) == "graded");
    assert_eq!(*said.lock().unwrap(), ["measure: 1 of 2 invariants hold"]);
}

#[test]
fn a_grade_that_cannot_be_kept_is_shown_and_the_reader_is_told_once() {
    let course = Course::sound();
    course.write(".course/grades", "somebody's file\n");
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    let mut events = Events::open(&server);
    for holds in [1, 2] {
        calls.recv_timeout(FAILED).unwrap();
        answer.send(holds).unwrap();
        events.wait_until(|state| {
            verdict(state) == "graded" && state["labs"]["measure"]["holds"] == holds
        });
        course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    }
    // The third has begun: whatever the second had to say was said.
    calls.recv_timeout(FAILED).unwrap();
    let said = said.lock().unwrap();
    let told = said
        .iter()
        .filter(|line| line.starts_with("Grades are not remembered"));
    assert_eq!(told.count(), 1, "{said:?}");
}

#[test]
fn a_grader_that_fails_or_panics_ends_nothing() {
    let course = Course::sound();
    let calls = AtomicUsize::new(0);
    let grader: Arc<Grader> =
        Arc::new(
            move |_, lab, _| match calls.fetch_add(1, Ordering::SeqCst) {
                0 => anyhow::bail!("cargo is not there"),
                1 => panic!("planted: a grader that panics"),
                _ => Ok(grade(lab, 2)),
            },
        );
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    let message = |state: &Value| {
        state["labs"]["measure"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    events.wait_until(|state| message(state).contains("cargo is not there"));
    course.append("exercises/01-measure/src/lib.rs", "// 1\n");
    events.wait_until(|state| message(state).contains("a fault of the course"));
    course.append("exercises/01-measure/src/lib.rs", "// 2\n");
    events.wait_until(|state| state["labs"]["measure"]["holds"] == 2);
}

#[test]
fn a_lab_that_is_gone_is_forgotten_and_welcomed_back() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    events.wait_until(|state| verdict(state) == "graded");
    let lab = course.read("exercises/01-measure/lab.toml");
    course.remove("exercises/01-measure");
    events.wait_until(|state| {
        state["labs"].as_object().unwrap().is_empty() && state["book"]["ok"] == false
    });
    course.write("exercises/01-measure/lab.toml", &lab);
    events.wait_until(|state| verdict(state) == "graded");
}

#[test]
fn code_that_does_not_compile_for_a_moment_loses_no_mark_and_brings_no_news_when_it_does_again() {
    let course = Course::sound();
    let calls = AtomicUsize::new(0);
    let grader: Arc<Grader> = Arc::new(move |_, lab, _| {
        let mut report = grade(lab, 1);
        if calls.fetch_add(1, Ordering::SeqCst) == 1 {
            report = course::grade::Report::grading(lab);
            report.verdict = course::grade::Verdict::DoesNotCompile;
            report.message = "cannot find value `x` (01-measure/src/lib.rs:3)".into();
        }
        Ok(report)
    });
    let (server, said) = start(&course, grader);
    let mut events = Events::open(&server);
    events.wait_until(|state| verdict(state) == "graded");
    course.append("exercises/01-measure/src/lib.rs", "x\n");
    let broken = events.wait_until(|state| verdict(state) == "does-not-compile");
    let measure = &broken["labs"]["measure"];
    assert_eq!(
        (&measure["stale"], &measure["holds"]),
        (&true.into(), &1.into())
    );
    assert_eq!(measure["invariants"][0]["holds"], true);
    course.append("exercises/01-measure/src/lib.rs", "// fixed\n");
    let again = events.wait_until(|state| verdict(state) == "graded");
    assert_eq!(again["labs"]["measure"]["stale"], false);
    assert_eq!(
        said.lock().unwrap().last().unwrap(),
        "measure: 1 of 2 invariants hold"
    );
}

#[test]
fn what_was_saved_last_is_graded_first_and_the_other_lab_afterwards() {
    let course = Course::sound();
    let lab = course.read("exercises/01-measure/lab.toml");
    let second = lab.replace("name = \"measure\"", "name = \"second\"");
    course.write("exercises/02-second/lab.toml", &second);
    course.write("exercises/02-second/src/lib.rs", "");
    let (called, calls) = std::sync::mpsc::channel();
    let called = std::sync::Mutex::new(called);
    let grader: Arc<Grader> = Arc::new(move |_, lab, stop| {
        called.lock().unwrap().send(lab.name.clone()).unwrap();
        // The first lab takes for ever, unless it is asked to stop.
        while lab.name == "measure" && !stop.is_stopped() {
            std::thread::yield_now();
        }
        if stop.is_stopped() {
            return Err(course::grade::Stopped.into());
        }
        Ok(grade(lab, 2))
    });
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    assert_eq!(calls.recv_timeout(FAILED).unwrap(), "measure");
    course.append("exercises/02-second/src/lib.rs", "// newer\n");
    assert_eq!(calls.recv_timeout(FAILED).unwrap(), "second");
    events.wait_until(|state| state["labs"]["second"]["holds"] == 2);
    assert_eq!(
        calls.recv_timeout(FAILED).unwrap(),
        "measure",
        "what was interrupted is begun again"
    );
}

/// Most editors write a new file beside the old one and move it there.
#[test]
fn a_save_by_a_new_file_in_the_old_ones_place_is_graded() {
    let course = Course::sound();
    let (grader, calls, answer) = gated();
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    calls.recv_timeout(FAILED).unwrap();
    answer.send(1).unwrap();
    events.wait_until(|state| verdict(state) == "graded");
    let lib = "exercises/01-measure/src/lib.rs";
    for (save, holds) in [(1, 2), (2, 1)] {
        let beside = course.path("exercises/01-measure/src/.lib.rs.new");
        std::fs::write(&beside, format!("{}// {save}\n", course.read(lib))).unwrap();
        std::fs::rename(&beside, course.path(lib)).unwrap();
        calls.recv_timeout(FAILED).unwrap();
        answer.send(holds).unwrap();
        events.wait_until(|state| state["labs"]["measure"]["holds"] == holds);
    }
}

/// The book takes seconds to build, and longer on a busy machine; the grade is what a reader waits for.
#[cfg(unix)]
#[test]
fn a_save_while_the_book_is_built_is_graded_at_once() {
    let course = Course::sound();
    // A page takes in a pipe, which mdBook reads until somebody has written to it and closed it.
    let gate = course.path("../gate");
    let made = std::process::Command::new("mkfifo").arg(&gate).status();
    assert!(made.unwrap().success());
    let (grader, calls, answer) = gated();
    let (server, _) = start(&course, grader);
    let mut events = Events::open(&server);
    calls.recv_timeout(FAILED).unwrap();
    answer.send(1).unwrap();
    events.wait_until(|state| verdict(state) == "graded");
    let page = course.read("src/introduction.md");
    course.append("src/introduction.md", "\n{{#include ../../gate}}\n");
    // Opening it waits for the build that reads it.
    let open = std::fs::File::options().write(true).open(&gate).unwrap();
    course.append("exercises/01-measure/src/lib.rs", "// newer\n");
    calls.recv_timeout(FAILED).unwrap();
    answer.send(2).unwrap();
    events.wait_until(|state| state["labs"]["measure"]["holds"] == 2);
    std::fs::write(course.path("src/introduction.md"), page).unwrap();
    drop(open);
}
