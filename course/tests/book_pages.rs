//! What a reader finds on the built pages.
#![cfg(feature = "tool")]

mod fixture;

use std::fs;

use course::book::build::{BuiltBook, Purpose, build_into};
use fixture::Course;

fn built(course: &Course, purpose: Purpose) -> (tempfile::TempDir, BuiltBook) {
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
        "<title id=\"chart-scope-measure-sharing-title\">Sharing a sync</title>",
        "raw append: 4,000 at 1; 200,000 at 64.",
        "Sharing <em>pays</em>. <strong>Reference machine</strong>: Reference CPU, 2 CPUs, Linux 6.18, 2026-11-23.",
        "<td>90,000 (80,000–95,000)</td>",
        "id=\"steps-walk\"",
        "<strong>2.</strong> Foot 2",
        "<figcaption><em>Two</em> steps.</figcaption>",
        "Ten times <em>each</em>.",
        "A function call: 1.0 ns on the reference machine;",
        "<th scope=\"row\">A function call</th><td><span",
        "Part I. 1 · The price of a boundary: core 4 h, needs no other lab.",
        "<figcaption>The <em>way</em>.</figcaption>",
        "<course-place class=\"hc-place\" data-page=\"scope/measure\">",
        "<p class=\"hc-prompt\">The ticks: inside; none</p>",
        "<li data-scope=\"1\"><strong>outside?</strong> <span>It has to scale.</span></li>",
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
fn a_sentence_takes_its_figures_from_the_reference_machine() {
    let course = Course::sound();
    course.append(
        "src/introduction.md",
        "\nA call takes {{#measured tcp-loopback one-cpu}}, **{{#measured tcp-loopback two-cpus / tcp-loopback one-cpu}} times** that across two; {{#measured fn-call}} is a function. `{{#measured x}}`\n",
    );
    let html = page(&course, "introduction.html");
    assert!(
        html.contains("A call takes 6.4 µs, <strong>9.4 times</strong> that across two; 1.0 ns is a function. <code>{{#measured x}}</code>"),
        "{html}"
    );
    // It's the course's figure, whoever reads it.
    course.measure();
    assert!(page(&course, "introduction.html").contains("A call takes 6.4 µs"));

    course.edit(
        "course/reference/ladder.json",
        "\"p50_ns\": 60000.0,",
        "\"p50_ns\": 60000.0, \"ratio\": { \"to\": \"fn-call\", \"median\": 1.18, \"low\": 1.07, \"high\": 12.34 },",
    );
    course.append(
        "src/introduction.md",
        "\n| {{#measured tcp-loopback two-cpus in rounds}} |\n|---|\n| {{#measured tcp-loopback two-cpus over rounds}} |\n",
    );
    let html = page(&course, "introduction.html");
    assert!(
        html.contains("1.2</th>") && html.contains("1.1–12</td>"),
        "{html}"
    );
}

#[test]
fn a_figure_that_nobody_measured_is_no_figure() {
    for (wrong, said) in [
        ("", "needs a rung"),
        ("tea", "has measured no `tea`"),
        (
            "tcp-loopback",
            "in several placements; say which: one-cpu, two-cpus",
        ),
        (
            "tcp-loopback unpinned",
            "was measured one-cpu, two-cpus, and not `unpinned`",
        ),
        ("tcp-loopback one-cpu today", "what is `today`?"),
        ("rpc / fn-call", "no median of `rpc`"),
        ("fn-call in rounds", "no base to compare it with"),
    ] {
        let course = Course::sound();
        course.append(
            "src/introduction.md",
            &format!("\nIt took {{{{#measured {wrong}}}}}.\n"),
        );
        let folder = tempfile::tempdir().unwrap();
        let error = build_into(course.repo(), folder.path(), Purpose::Static).unwrap_err();
        assert!(format!("{error:#}").contains(said), "{wrong}: {error:#}");
    }
}

#[test]
fn directives_in_code_are_left_alone() {
    let html = page(&Course::sound(), "introduction.html");
    assert!(html.contains("{{#quiz}}") && html.contains("<code>{{#hints measure}}</code>"));
}

#[test]
fn a_reader_without_figures_is_told_how_to_get_them_and_sees_the_reference() {
    let html = page(&Course::sound(), "numbers.html");
    assert!(
        html.contains("You have no figures yet. Run <code>cargo course measure --quick</code>")
    );
    assert!(html.contains("<span class=\"hc-flag\">virtual machine</span>"));
    assert!(html.contains("6.4 µs") && html.contains("60 µs") && html.contains("6,400 calls"));
    assert!(html.contains("<a href=\"bibliography.html#rigtorp\">6 µs</a>"));
    assert!(html.contains("not built yet") && !html.contains("lab 1 is not built yet"));
    assert!(html.contains(
        "<summary>What the reference machine measured, for after your predictions</summary>"
    ));
    let chapter = page(&Course::sound(), "scope/measure.html");
    assert!(chapter.contains(
        "You have no figure for this yet. Run <code>cargo course measure --quick</code>"
    ));
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

    // What a broken run left behind must not break the book.
    course.write(".course/measurements/ladder.json", "{ \"format\": 1,");
    assert!(page(&course, "numbers.html").contains("You have no figures yet"));
}

#[test]
fn a_chart_is_the_readers_own_once_it_is_whole() {
    let course = Course::sound();
    let reference = course.read("course/reference/ladder.json");
    let own = reference.replace("90000", "45000");
    course.write(".course/measurements/ladder.json", &own);
    let html = page(&course, "scope/measure.html");
    assert!(html.contains("<strong>Your machine</strong>: Reference CPU"));
    assert!(html.contains("45,000 at 64") && !html.contains("90,000 at 64"));

    let half = own.replace(
        "\"title\": \"the authority\", \"status\": \"measured\"",
        "\"title\": \"the authority\", \"status\": \"not-built\"",
    );
    course.write(".course/measurements/ladder.json", &half.replace("{ \"x\": 1, \"y\": 3500, \"low\": 3500, \"high\": 3500 }, { \"x\": 64, \"y\": 45000, \"low\": 80000, \"high\": 95000 }", ""));
    let html = page(&course, "scope/measure.html");
    assert!(
        html.contains("<strong>Reference machine</strong>"),
        "{html}"
    );
    assert!(html.contains("Yours lacks “the authority”, which is not built yet."));
}

#[test]
fn a_second_bench_has_a_table_of_its_own_and_its_rungs_answer_predictions() {
    let course = Course::sound();
    course.write(
        "exercises/03-authority/lab.toml",
        "name = \"authority\"\ntitle = \"Truth\"\nchapter = \"introduction.md\"\nminutes = { read = 1, measure = 1 }\n[measure]\nbench = \"commits\"\n",
    );
    course.append("src/numbers.md", "\n{{#numbers authority}}\n");
    course.append("src/introduction.md", "\n{{#predict synced}}\n");
    course.write(
        "src/introduction.predict.toml",
        "[[prediction]]\nid = \"synced\"\nprompt = \"How long is a commit?\"\nkind = \"number\"\nunit = \"µs\"\nrungs = [\"commit-1\"]\n",
    );
    // Never measured by anybody: reported, but not a failure.
    let html = page(&course, "numbers.html");
    assert!(
        html.contains("There are no figures yet. Run <code>cargo course measure authority</code>.")
    );
    assert!(page(&course, "introduction.html").contains("You have no figure for this yet."));

    let figures = r#"{ "format": 1, "what": "authority", "measured_at": "2026-11-24T03:30:00Z", "by": "the authors",
      "machine": { "cpu": "Other CPU", "logical_cpus": 4, "os": "Linux 6.18", "virtual_machine": false }, "build": { "optimised": true, "rustc": "1.95.0" },
      "rungs": [ { "id": "commit-1", "title": "A commit", "placement": "one-cpu", "status": "measured", "p50_ns": 250000.0, "p99_ns": 300000.0, "samples": 400,
        "ratio": { "to": "append-fdatasync", "median": 1.25, "low": 1.1, "high": 1.3 }, "counts": { "commits": 1204, "syncs": 1204 } } ] }"#;
    course.write("course/reference/authority.json", figures);
    let html = page(&course, "numbers.html");
    for part in [
        "250 µs <span class=\"hc-tail\">p99 300 µs</span> <span class=\"hc-tail\">1.25× append-fdatasync</span>",
        "<span class=\"hc-tail\">1,204 commits</span> <span class=\"hc-tail\">1,204 syncs</span>",
        "Other CPU (4 CPUs)",
        "How long is a commit?",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert_eq!(
        html.matches("How long is a commit?").count(),
        1,
        "in its own table only"
    );
    let chapter = page(&course, "introduction.html");
    assert!(
        chapter.contains("Run <code>cargo course measure authority</code>, and it appears here")
    );
    assert!(chapter.contains("On the reference machine (Other CPU, 2026-11-24)"));
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
            "nothing measures `primes`; the tables of figures are: ladder",
        ),
        ("{{#chart}}", "needs the id of a curve"),
        (
            "{{#chart shared}}",
            "nothing measures a curve `shared`; there are: sharing",
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

#[test]
fn an_answer_that_is_run_names_its_command_and_a_teachers_table_finds_it() {
    let course = Course::sound();
    course.edit(
        "exercises/01-measure/lab.toml",
        "text = \"Name what each step costs.\"",
        "text = \"Name what each step costs.\"\ninvariants = [\"M1\"]\nshown_by = \"measurement\"",
    );
    let run = "run = { lab = \"measure\", test = \"frames_survive\" }\nprompt";
    course.edit("src/scope/measure.quiz.toml", "prompt", run);
    course.append("src/introduction.md", "\n{{#coverage}}\n");
    let html = page(&course, "scope/measure.html");
    assert!(
        html.contains("$ cargo test -p measure frames_survive"),
        "{html}"
    );
    assert!(html.contains("<strong>M1</strong></a> Frames survive."));
    assert!(html.contains("cargo test -p measure-solution frames_survive"));
    let html = page(&course, "introduction.html");
    for needle in [
        "Lab 1: The price of a boundary (1 objective, 2 invariants, 1 test)",
        "<a href=\"scope/measure.html#invariant-scope-measure-M1\">M1</a> (1), <a href=\"numbers.html\">own figures</a>",
        "<a href=\"scope/measure.html#quiz-scope-measure-loopback\">loopback</a> (run)",
        "<li><code>frames_survive</code></li>",
    ] {
        assert!(html.contains(needle), "the page lacks {needle}\n{html}");
    }

    let mistaken = "test = \"frames_survive\", mistake = \"trusting\"";
    course.edit(
        "src/scope/measure.quiz.toml",
        "test = \"frames_survive\"",
        mistaken,
    );
    let html = page(&course, "scope/measure.html");
    let patch =
        "--directory=solutions/01-measure solutions/01-measure/mistakes/frame/trusting.patch";
    assert!(html.contains(&format!("$ git apply {patch}")), "{html}");
    assert!(html.contains(&format!("$ git apply --reverse {patch}")));
    assert!(html.contains("a solution that trusts the announced length."));
}
