//! What a reader finds on the built pages.
#![cfg(feature = "tool")]

mod fixture;

use std::fs;

use course::book::build::{Built, Purpose, build_into};
use fixture::Course;

fn built(course: &Course, purpose: Purpose) -> (tempfile::TempDir, Built) {
    let folder = tempfile::tempdir().unwrap();
    let built = build_into(course.repo(), folder.path(), purpose).unwrap();
    assert_eq!(
        built.warnings,
        Vec::<String>::new(),
        "mdBook has nothing to warn of"
    );
    (folder, built)
}

fn page(course: &Course, page: &str) -> String {
    let (_folder, built) = built(course, Purpose::Static);
    fs::read_to_string(built.folder.join(page)).unwrap()
}

#[test]
fn every_directive_becomes_html_that_is_complete_without_javascript() {
    let html = page(&Course::sound(), "scope/measure.html");
    let there = [
        "<course-quiz class=\"hc-quiz\" data-page=\"scope/measure\">",
        "<legend class=\"hc-prompt\">Loopback took <code>6 µs</code>. What does it say of a <strong>network</strong>?</legend>",
        "id=\"quiz-scope-measure-loopback-why-1\"",
        "Loopback has no distance.",
        "<course-predict class=\"hc-predict\" id=\"predict-scope-measure-tcp-vs-fn\"",
        "<label for=\"predict-scope-measure-tcp-vs-fn-value\">",
        "<a href=\"../numbers.html\">numbers</a>",
        "<course-calculator class=\"hc-calculator\"",
        "<table class=\"hc-examples\">",
        "<course-invariants class=\"hc-invariants\" data-lab=\"measure\" data-of=\"2\">",
        "<a class=\"hc-read\" href=\"#frames\"",
        "Lab 1 · The price of a boundary",
        "<dd>3 h</dd>",
        "<summary>trusts the announced length</summary>",
        "one <code>reserve</code> &lt; many",
        "Hint 3 of 3",
        "put_u32(len);\n\nput(bytes);",
        "<figcaption>One <em>hop</em>, there and back.</figcaption>",
        "<title id=\"hop-title\">One hop</title>",
        "id=\"steps-walk\"",
        "<strong>2.</strong> Foot 2",
        "<figcaption><em>Two</em> steps.</figcaption>",
        "todo!",
    ];
    for needle in there {
        assert!(html.contains(needle), "the page lacks {needle}\n{html}");
    }
    // The diff keeps its blank line and its braces, and nobody expanded them.
    assert!(
        html.contains("src/frame.rs\n@@\n \n-    grow(); // {{#include x}}\n+    reserve(n);"),
        "{html}"
    );
    assert!(!html.contains("style=\"text") && !html.contains("onclick"));
}

#[test]
fn directives_in_code_are_left_alone() {
    let html = page(&Course::sound(), "introduction.html");
    assert!(html.contains("{{#quiz}}") && html.contains("<code>{{#hints measure}}</code>"));
}

#[test]
fn a_reader_without_figures_is_told_how_to_get_them_and_sees_the_reference() {
    let html = page(&Course::sound(), "numbers.html");
    assert!(html.contains("You have no figures yet. Run <code>cargo course measure</code>"));
    assert!(html.contains("<span class=\"hc-flag\">virtual machine</span>"));
    assert!(html.contains("6.4 µs") && html.contains("60 µs") && html.contains("6,400 calls"));
    assert!(html.contains("<a href=\"bibliography.html#rigtorp\">6 µs</a>"));
    assert!(html.contains("not built yet: lab 1 is not built yet"));
    let chapter = page(&Course::sound(), "scope/measure.html");
    assert!(
        chapter.contains("You have no figure for this yet. Run <code>cargo course measure</code>")
    );
    assert!(chapter.contains("\"yours\":null"));
}

#[test]
fn a_readers_own_figures_appear_with_their_doubts() {
    let course = Course::sound();
    course.measure();
    let html = page(&course, "numbers.html");
    assert!(
        html.contains("13 µs") && html.contains("12,800 calls") && html.contains("6,400 calls")
    );
    assert!(html.contains("<span class=\"hc-flag\">debug build</span>"));
    let chapter = page(&course, "scope/measure.html");
    assert!(chapter.contains("\"shown\":\"12,800 calls\"") && chapter.contains("\"option\":1"));
    assert!(chapter.contains("TCP loopback on one CPU, yours (13 µs)"));

    // What a broken run left behind must not take the book down.
    course.write(".course/measurements/ladder.json", "{ \"format\": 1,");
    assert!(page(&course, "numbers.html").contains("You have no figures yet"));
}

#[test]
fn only_a_served_page_asks_for_grades() {
    let course = Course::sound();
    let live = "<script type=\"application/json\" id=\"course-live\">{\"events\":\"/course/events\",\"state\":\"/course/state.json\"}</script>";
    let (_folder, served) = built(&course, Purpose::Live);
    assert!(
        fs::read_to_string(served.folder.join("introduction.html"))
            .unwrap()
            .contains(live)
    );
    assert!(!page(&course, "introduction.html").contains("course-live"));
}

#[test]
fn what_is_wrong_with_a_directive_is_said_with_page_and_line() {
    let faults = [
        (
            "{{#quizz}}",
            "src/introduction.md:3: there is no directive `{{#quizz}}`; did you mean `{{#quiz}}`?",
        ),
        (
            "{{#quiz}}",
            "src/introduction.md:3: cannot show this page's quiz: cannot read introduction.quiz.toml",
        ),
        (
            "A {{#lab measure}}",
            "src/introduction.md:3: put `{{#lab}}` on a line of its own",
        ),
        ("{{#lab}}", "`{{#lab}}` needs a lab's name"),
        (
            "{{#hints banana}}",
            "no lab is called `banana`; the labs are: measure (1)",
        ),
        ("{{#figure hop}}", "a figure needs a caption"),
        (
            "{{#figure hip | x}}",
            "cannot read src/assets/figures/hip.svg",
        ),
        (
            "{{#steps hop | x}}",
            "cannot read src/assets/figures/hop-1.svg",
        ),
        ("{{#steps walk}}", "`{{#steps NAME | what it shows}}`"),
        (
            "{{#numbers primes}}",
            "is the only table of figures there is, not `primes`",
        ),
        ("{{#predict x}}", "cannot read introduction.predict.toml"),
    ];
    for (directive, said) in faults {
        let course = Course::sound();
        course.write(
            "src/introduction.md",
            &format!("# Introduction\n\n{directive}\n"),
        );
        let folder = tempfile::tempdir().unwrap();
        let error = build_into(course.repo(), folder.path(), Purpose::Static).unwrap_err();
        assert!(
            format!("{error:#}").contains(said),
            "{directive}: {error:#}"
        );
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let course = Course::sound();
    course.append("src/introduction.md", "\n{{#one}}\n");
    course.append("src/numbers.md", "\n{{#two}}\n");
    let folder = tempfile::tempdir().unwrap();
    let error = build_into(course.repo(), folder.path(), Purpose::Static)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("{{#one}}") && error.contains("{{#two}}") && error.contains("2 directives"),
        "{error}"
    );
}

#[test]
fn mdbook_with_the_plain_preprocessor_makes_the_same_pages() {
    let course = Course::sound();
    let line = course
        .read("book.toml")
        .lines()
        .find(|line| line.starts_with("command = "))
        .unwrap()
        .to_owned();
    let command = format!("command = \"'{}'\"", env!("CARGO_BIN_EXE_mdbook-course"));
    course.edit("book.toml", &line, &command);
    // mdBook runs the command of book.toml if nobody hands it a preprocessor of that name.
    mdbook_driver::MDBook::load(course.repo().root())
        .unwrap()
        .build()
        .unwrap();
    for name in ["introduction.html", "scope/measure.html", "numbers.html"] {
        assert_eq!(
            course.read(&format!("book/{name}")),
            page(&course, name),
            "{name}"
        );
    }

    course.append("src/introduction.md", "\n{{#banana}}\n");
    let failed = mdbook_driver::MDBook::load(course.repo().root())
        .unwrap()
        .build();
    assert!(
        failed.is_err(),
        "mdBook must not publish what the preprocessor refused"
    );
}
