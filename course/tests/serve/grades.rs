//! Grades: made on each save, shown while a new one is made, kept from last time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use course::serve::Grader;
use serde_json::Value;

use crate::fixture::Course;
use crate::listening::{ByHand, Events, FAILED, at_once, grade, start, state, verdict};

const LIB: &str = "exercises/01-measure/src/lib.rs";

#[test]
fn a_save_is_graded_and_a_newer_save_restarts_the_grade() {
    let course = Course::sound();
    let mut page = ByHand::start(&course);
    let first = page.asked();
    course.append(LIB, "// newer\n");
    let second = page.asked();
    assert!(
        first.is_stopped(),
        "the grade of the older code was given up"
    );
    assert!(!second.is_stopped());
    page.answers(2);
}

#[test]
fn what_held_is_shown_until_the_new_grade_is_there() {
    let course = Course::sound();
    let mut page = ByHand::start(&course);
    page.grades(1);
    course.append(LIB, "// newer\n");
    page.asked();
    let grading = page.events.wait_until(|state| verdict(state) == "grading");
    assert_eq!(grading["labs"]["measure"]["holds"], 1);
    page.answers(2);
    assert_eq!(page.last_said(), "measure: core done; new: M2");
}

#[test]
fn a_grade_from_last_time_is_shown_at_once_and_made_again_only_if_a_file_changed() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    let first =
        events.wait_until(|state| state["way"]["labs"][0]["stands"] == "stage 1 of 1: 1 of 2 hold");
    assert_eq!(first["labs"]["measure"]["from_last_time"], false);
    drop(server);

    let page = ByHand::start(&course);
    let back = state(&page.server);
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
        !page.is_asked(),
        "nothing has changed, and yet it is graded"
    );
    assert!(page.said.lock().unwrap().is_empty());
    drop(page);

    course.append(LIB, "// newer\n");
    let mut page = ByHand::start(&course);
    page.asked();
    let again = state(&page.server);
    assert_eq!(
        (verdict(&again), &again["labs"]["measure"]["holds"]),
        ("grading", &1.into())
    );
    page.answers(2);
    page.events
        .wait_until(|state| state["way"]["labs"][0]["mark"] == "holds");
    assert_eq!(*page.said.lock().unwrap(), ["measure: core done; new: M2"]);
}

#[test]
fn a_lab_that_was_not_begun_is_graded_once_it_is() {
    let course = Course::sound();
    let lab = course::lab::named(course.repo(), "measure").unwrap();
    let starter = course::starter::Starter::from_tree(course.repo(), &lab).unwrap();
    starter.write().unwrap();
    let mut page = ByHand::start(&course);
    assert_eq!(state(&page.server)["way"]["labs"][0]["stands"], "not begun");
    assert!(!page.is_asked(), "the untouched starter is graded");
    course.append(LIB, "// mine\n");
    page.grades(1);
    assert_eq!(
        *page.said.lock().unwrap(),
        ["measure: stage 1 of 1: 1 of 2 hold"]
    );
}

#[test]
fn a_grade_that_cannot_be_kept_is_shown_and_the_reader_is_told_once() {
    let course = Course::sound();
    course.write(".course/grades", "somebody's file\n");
    let mut page = ByHand::start(&course);
    for holds in [1, 2] {
        page.grades(holds);
        course.append(LIB, "// newer\n");
    }
    // The third has begun, so everything about the second has been printed.
    page.asked();
    let said = page.said.lock().unwrap();
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
    course.append(LIB, "// 1\n");
    events.wait_until(|state| message(state).contains("a fault of the course"));
    course.append(LIB, "// 2\n");
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
    course.append(LIB, "x\n");
    let broken = events.wait_until(|state| verdict(state) == "does-not-compile");
    let measure = &broken["labs"]["measure"];
    assert_eq!(
        (&measure["stale"], &measure["holds"]),
        (&true.into(), &1.into())
    );
    assert_eq!(measure["invariants"][0]["holds"], true);
    course.append(LIB, "// fixed\n");
    let again = events.wait_until(|state| verdict(state) == "graded");
    assert_eq!(again["labs"]["measure"]["stale"], false);
    assert_eq!(
        said.lock().unwrap().last().unwrap(),
        "measure: stage 1 of 1: 1 of 2 hold"
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
        // The first lab never ends, unless it is asked to stop.
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
    let mut page = ByHand::start(&course);
    page.grades(1);
    for (save, holds) in [(1, 2), (2, 1)] {
        let beside = course.path("exercises/01-measure/src/.lib.rs.new");
        std::fs::write(&beside, format!("{}// {save}\n", course.read(LIB))).unwrap();
        std::fs::rename(&beside, course.path(LIB)).unwrap();
        page.grades(holds);
    }
}

/// The book takes seconds to build, and longer on a busy machine; the grade is what a reader waits for.
#[cfg(unix)]
#[test]
fn a_save_while_the_book_is_built_is_graded_at_once() {
    let course = Course::sound();
    // A page includes a pipe, which mdBook reads until somebody has written to it and closed it.
    let gate = course.path("../gate");
    let made = std::process::Command::new("mkfifo").arg(&gate).status();
    assert!(made.unwrap().success());
    let mut page = ByHand::start(&course);
    page.grades(1);
    let introduction = course.read("src/introduction.md");
    course.append("src/introduction.md", "\n{{#include ../../gate}}\n");
    // Opening it waits for the build that reads it.
    let open = std::fs::File::options().write(true).open(&gate).unwrap();
    course.append(LIB, "// newer\n");
    page.grades(2);
    std::fs::write(course.path("src/introduction.md"), introduction).unwrap();
    drop(open);
}
