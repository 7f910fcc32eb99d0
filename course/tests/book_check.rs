//! The book check finds every fault that is planted, and none in a sound book.
#![cfg(feature = "tool")]

mod fixture;

use course::book::faults::find;
use fixture::Course;

/// Asserts that the check names `file` and says `said`.
#[track_caller]
fn found(course: &Course, file: &str, said: &str) {
    let problems = find(course.repo()).unwrap();
    assert!(
        problems
            .iter()
            .any(|problem| problem.file == file && problem.message.contains(said)),
        "no problem in {file:?} says {said:?}; found: {problems:#?}"
    );
}

#[test]
fn a_sound_book_has_no_problem() {
    assert_eq!(find(Course::sound().repo()).unwrap(), []);
    let measured = Course::sound();
    measured.measure();
    assert_eq!(find(measured.repo()).unwrap(), []);
}

#[test]
fn an_include_of_a_missing_file_is_found() {
    let course = Course::sound();
    course.remove("exercises/01-measure/src/lib.rs");
    found(
        &course,
        "src/scope/measure.md",
        "includes exercises/01-measure/src/lib.rs, which is not there",
    );
}

#[test]
fn an_include_needs_exactly_one_such_anchor() {
    let course = Course::sound();
    course.edit(
        "exercises/01-measure/src/lib.rs",
        "ANCHOR: encode",
        "ANCHOR: decode",
    );
    found(&course, "src/scope/measure.md", "has no `ANCHOR: encode`");

    let course = Course::sound();
    course.edit(
        "exercises/01-measure/src/lib.rs",
        "// ANCHOR_END: encode",
        "",
    );
    found(
        &course,
        "src/scope/measure.md",
        "has no `ANCHOR_END: encode`",
    );

    let course = Course::sound();
    course.append(
        "exercises/01-measure/src/lib.rs",
        "// ANCHOR: encode\n// ANCHOR_END: encode\n",
    );
    found(&course, "src/scope/measure.md", "2 times");

    let course = Course::sound();
    course.edit("src/scope/measure.md", "lib.rs:encode", "lib.rs:2:4");
    found(
        &course,
        "src/scope/measure.md",
        "by line numbers, which drift",
    );
}

#[test]
fn a_warning_of_mdbook_is_found() {
    let course = Course::sound();
    course.append("src/introduction.md", "\n<div>\nnever closed\n");
    found(&course, "", "mdBook warns: unclosed HTML tag");
}

#[test]
fn a_directive_that_reaches_a_reader_is_found() {
    let course = Course::sound();
    // An included page is expanded after our directives.
    course.write("src/snippet.md", "{{#quiz}}\n");
    course.append("src/introduction.md", "\n{{#include snippet.md}}\n");
    found(
        &course,
        "src/introduction.md",
        "a reader sees `{{#quiz}}` there",
    );
}

#[test]
fn a_page_that_does_not_build_is_found() {
    let course = Course::sound();
    course.append("src/introduction.md", "\n{{#banana}}\n");
    found(
        &course,
        "",
        "the book does not build: a directive of the book cannot be rendered",
    );
    course.remove("src/numbers.md");
    found(&course, "", "the book does not build");
}

#[test]
fn a_dead_link_is_found() {
    let course = Course::sound();
    course.append("src/scope/measure.md", "\n[gone](../gone.md) [nowhere](../numbers.md#nowhere) [self](#nothing) ![x](x.png) [up](../../x.md)\n");
    found(
        &course,
        "src/scope/measure.md",
        "links to `../gone.html`, but there is no page gone.md",
    );
    found(
        &course,
        "src/scope/measure.md",
        "links to `../numbers.html#nowhere`, but nothing there has the id `nowhere`",
    );
    found(&course, "src/scope/measure.md", "links to `#nothing`");
    found(
        &course,
        "src/scope/measure.md",
        "loads `x.png`, but there is no file scope/x.png",
    );
    found(
        &course,
        "src/scope/measure.md",
        "links to `../../x.html`, which leads out of the book",
    );
}

#[test]
fn an_id_that_stands_twice_on_a_page_is_found() {
    let course = Course::sound();
    course.append(
        "src/bibliography.md",
        "\n## Rigtorp again {#rigtorp}\n\nThe same once more.\n",
    );
    found(
        &course,
        "src/bibliography.md",
        "has the id `rigtorp` twice, and a link leads to the first of them only",
    );
}

#[test]
fn a_lab_that_sends_readers_nowhere_is_found() {
    let course = Course::sound();
    course.edit(
        "exercises/01-measure/lab.toml",
        "read = \"scope/measure.md#frames\"",
        "read = \"scope/measure.md#framing\"",
    );
    found(
        &course,
        "exercises/01-measure/lab.toml",
        "invariant M2 is at `scope/measure.md#framing`, but nothing there has the id `framing`",
    );
}

#[test]
fn a_lab_without_a_chapter_is_found() {
    let course = Course::sound();
    course.edit(
        "exercises/01-measure/lab.toml",
        "chapter = \"scope/measure.md\"",
        "chapter = \"scope/none.md\"",
    );
    found(
        &course,
        "exercises/01-measure/lab.toml",
        "its chapter is at `scope/none.md`, but there is no page scope/none.md",
    );
}

#[test]
fn questions_that_nobody_sees_are_found() {
    let course = Course::sound();
    course.write(
        "src/scope/gone.quiz.toml",
        &course.read("src/scope/measure.quiz.toml"),
    );
    found(
        &course,
        "src/scope/gone.quiz.toml",
        "there is no page gone.md beside it",
    );

    let course = Course::sound();
    course.edit("src/scope/measure.md", "{{#quiz}}", "");
    found(
        &course,
        "src/scope/measure.quiz.toml",
        "its page never asks",
    );

    let course = Course::sound();
    course.edit("src/scope/measure.md", "{{#predict who-wins}}", "");
    found(
        &course,
        "src/scope/measure.predict.toml",
        "never asks for `who-wins`",
    );

    let course = Course::sound();
    course.append("src/scope/measure.md", "\n{{#predict who-wins}}\n");
    found(
        &course,
        "src/scope/measure.predict.toml",
        "asks for `who-wins` 2 times",
    );
}

#[test]
fn a_page_that_nobody_can_reach_is_found() {
    let course = Course::sound();
    course.write("src/draft.md", "# Draft\n");
    found(&course, "src/draft.md", "no reader can reach this page");
}

#[test]
fn a_request_to_elsewhere_is_found() {
    let course = Course::sound();
    course.append(
        "src/introduction.md",
        "\n<img src=\"https://example.org/x.png\" alt=\"x\">\n",
    );
    found(
        &course,
        "src/introduction.md",
        "loads https://example.org/x.png",
    );

    let course = Course::sound();
    course.append(
        "src/assets/course.css",
        "@import \"//example.org/font.css\";\n",
    );
    let problems = find(course.repo()).unwrap();
    assert!(
        problems
            .iter()
            .any(|problem| problem.message.contains("loads //example.org/font.css")),
        "{problems:?}"
    );

    let course = Course::sound();
    course.edit("book.toml", "runnable = false", "runnable = true");
    course.edit(
        "book.toml",
        "[output.html]",
        "[output.html]\nmathjax-support = true",
    );
    found(&course, "src/introduction.md", "cdnjs.cloudflare.com");
}
