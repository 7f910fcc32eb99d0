//! The book as it is served: built, rebuilt, and still there when a page is broken.

use crate::fixture::Course;
use crate::listening::{Events, FAILED, at_once, gated, get, start, state, verdict};

#[test]
fn the_book_is_there_before_the_first_grade() {
    let course = Course::sound();
    let (grader, calls, answer) = gated();
    let (server, said) = start(&course, grader);
    calls.recv_timeout(FAILED).unwrap();
    let page = get(&server, "/scope/measure.html");
    assert_eq!(page.status, 200);
    assert!(
        page.head.contains("content-type: text/html")
            && page.head.contains("cache-control: no-store")
    );
    assert!(
        page.body.contains("id=\"course-live\"") && page.body.contains("The price of a boundary")
    );
    assert_eq!(get(&server, "/").status, 200);

    let mut events = Events::open(&server);
    let grading = state(&server);
    assert_eq!(verdict(&grading), "grading");
    assert_eq!(grading["labs"]["measure"]["of"], 2);
    answer.send(1).unwrap();
    let state = events.wait_until(|state| verdict(state) == "graded");
    let measure = &state["labs"]["measure"];
    assert_eq!(
        (&measure["holds"], &measure["invariants"][0]["holds"]),
        (&1.into(), &true.into())
    );
    assert_eq!(measure["invariants"][1]["id"], "M2");
    assert_eq!(
        *said.lock().unwrap(),
        ["measure: stage 1 of 1: 1 of 2 hold"]
    );
}

#[test]
fn a_saved_page_reloads_and_a_save_that_changes_no_page_does_not() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    events.wait_until(|state| verdict(state) == "graded");
    // Whitespace that no page shows: a build, and no reload.
    course.append("src/SUMMARY.md", "\n");
    course.append("src/introduction.md", "\nA new line.\n");
    events.wait_for("reload");
    assert!(
        get(&server, "/introduction.html")
            .body
            .contains("A new line.")
    );
}

#[test]
fn a_page_that_does_not_build_leaves_the_last_good_book() {
    let course = Course::sound();
    let (server, said) = start(&course, at_once());
    let mut events = Events::open(&server);
    course.append("src/introduction.md", "\n{{#banana}}\n");
    let broken = events.wait_until(|state| state["book"]["ok"] == false);
    assert!(
        broken["book"]["message"]
            .as_str()
            .unwrap()
            .contains("src/introduction.md:11: there is no directive `{{#banana}}`"),
        "{broken}"
    );
    assert_eq!(get(&server, "/introduction.html").status, 200);
    assert!(
        said.lock()
            .unwrap()
            .iter()
            .any(|line| line.contains("does not build") && line.contains("banana"))
    );
    course.edit("src/introduction.md", "\n{{#banana}}\n", "");
    events.wait_until(|state| state["book"]["ok"] == true);
    drop(server);
    assert!(
        said.lock()
            .unwrap()
            .iter()
            .any(|line| line == "The book builds again.")
    );
}

#[test]
fn without_any_book_the_page_says_why_and_waits() {
    let course = Course::sound();
    let whole = course.read("src/SUMMARY.md");
    course.remove("src/SUMMARY.md");
    let (server, _) = start(&course, at_once());
    let page = get(&server, "/");
    assert_eq!(page.status, 503);
    assert!(
        page.body.contains("does not build yet") && page.body.contains("SUMMARY.md"),
        "{}",
        page.body
    );
    let mut events = Events::open(&server);
    course.write("src/SUMMARY.md", &whole);
    events.wait_for("reload");
    assert_eq!(get(&server, "/").status, 200);
}

#[test]
fn a_folder_of_pages_that_is_gone_is_waited_for() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    let mut events = Events::open(&server);
    std::fs::rename(course.path("src"), course.path("elsewhere")).unwrap();
    events.wait_until(|state| state["book"]["ok"] == false);
    assert_eq!(get(&server, "/introduction.html").status, 200);
    std::fs::rename(course.path("elsewhere"), course.path("src")).unwrap();
    events.wait_until(|state| state["book"]["ok"] == true);
    // It is watched again, and not only looked at once.
    course.append("src/introduction.md", "\nStill watched.\n");
    events.wait_for("reload");
    assert!(
        get(&server, "/introduction.html")
            .body
            .contains("Still watched.")
    );
}

#[test]
fn the_readers_figures_appear_after_a_measurement() {
    let course = Course::sound();
    let (server, _) = start(&course, at_once());
    assert!(
        get(&server, "/numbers.html")
            .body
            .contains("You have no figures yet")
    );
    let mut events = Events::open(&server);
    course.measure();
    events.wait_for("reload");
    while !get(&server, "/numbers.html").body.contains("12,800 calls") {
        // The folder was seen before the file in it.
        events.wait_for("reload");
    }
}
