//! The command as people use it: files, exit status, formats.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const FAULTY: &str = r#"[[component]]
name = "page"
role = "client"
scope = "edge"

[[component]]
name = "api"
role = "service"
scope = "cluster"

[[component]]
name = "größe"
role = "authority"
scope = "machine"

[[boundary]]
from = "page"
to = "api"
mode = "network"
tries = 4
timeout = "1 s"
pressure = { kind = "geography", metric = "round trips", value = "80 ms", evidence = "rum", measured = 2026-10-01 }
fallback = { when_slow = "a spinner, 1 s at most", when_absent = "an offline page" }

[[boundary]]
from = "api"
to = "größe"
mode = "network"
tries = 3
pressure = { kind = "load", metric = "writes", value = "plenty" }
fallback = { when_slow = "writers wait", when_absent = "writers are told" }
"#;

fn folder(ledger: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("boundaries.toml"), ledger).expect("written");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boundaries"));
    command.current_dir(folder).args(arguments);
    command.output().expect("it runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

const DAY: [&str; 3] = ["lint", "--today", "2026-11-29"];

fn lint(folder: &Path, more: &[&str]) -> Output {
    run(folder, &[&DAY[..], more].concat())
}

fn json(folder: &Path, more: &[&str]) -> Value {
    let output = lint(folder, &[&["--format", "json"], more].concat());
    serde_json::from_str(&out(&output)).unwrap_or_else(|error| panic!("{error}: {}", err(&output)))
}

#[test]
fn findings_exit_with_one_and_none_with_zero() {
    let faulty = folder(FAULTY);
    let output = lint(faulty.path(), &[]);
    assert_eq!(status(&output), 1);
    let text = out(&output);
    for said in [
        "error[B301]",
        "error[B302]",
        "error[B401]",
        "boundaries.toml:29:9",
        "tries = 3",
        "3 errors.",
        "Not checked",
        "boundaries explain",
    ] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    assert!(
        !text.contains('\u{1b}'),
        "no colour if the output is not a terminal"
    );
    assert_eq!(status(&lint(faulty.path(), &["--fail-on", "never"])), 0);
    let clean = folder("");
    assert_eq!(status(&lint(clean.path(), &[])), 0);
    let repaired = FAULTY
        .replace("tries = 3", "tries = 1\ntimeout = \"900 ms\"")
        .replace(
            "\"plenty\"",
            "\"900 a second\", evidence = \"load test\", measured = 2026-09-01",
        );
    let repaired = folder(&repaired);
    let output = lint(repaired.path(), &[]);
    assert_eq!(status(&output), 0, "{}", out(&output));
}

#[test]
fn fail_on_sets_the_least_that_fails() {
    let warned = FAULTY
        .replace("tries = 3", "tries = 2\ntimeout = \"900 ms\"")
        .replace(
            "\"plenty\"",
            "\"900 a second\", evidence = \"load test\", measured = 2026-09-01",
        );
    let folder = folder(&warned);
    assert_eq!(
        status(&lint(folder.path(), &[])),
        1,
        "8 tries are a warning"
    );
    assert_eq!(status(&lint(folder.path(), &["--fail-on", "error"])), 0);
}

#[test]
fn json_has_places_in_characters_and_a_version() {
    let folder = folder(FAULTY);
    let report = json(folder.path(), &[]);
    assert_eq!(report["version"], 1);
    assert_eq!(report["summary"]["errors"], 3);
    let findings = report["findings"].as_array().expect("a list");
    let tries = findings
        .iter()
        .find(|it| it["rule"] == "B301")
        .expect("found");
    assert_eq!(tries["figure"], 12.0);
    assert_eq!(tries["at"], "api -> größe");
    assert_eq!((&tries["line"], &tries["column"]), (&29.into(), &9.into()));
    assert_eq!(tries["end_column"], 10);
}

#[test]
fn sarif_has_one_location_of_one_line_and_a_hash_of_names() {
    let first = folder(FAULTY);
    let output = lint(first.path(), &["--format", "sarif"]);
    assert_eq!(status(&output), 1);
    let log: Value = serde_json::from_str(&out(&output)).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(
        run["tool"]["driver"]["rules"].as_array().map(Vec::len),
        Some(24)
    );
    let results = run["results"].as_array().expect("a list");
    assert_eq!(results.len(), 3);
    for result in results {
        assert_eq!(result["locations"].as_array().map(Vec::len), Some(1));
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert_eq!(region["startLine"], region["endLine"]);
        assert!(region["endColumn"].as_u64() > region["startColumn"].as_u64());
    }
    // Two more lines above, and it is still the same alert.
    let second = folder(&format!("# one\n# two\n{FAULTY}"));
    let moved = lint(second.path(), &["--format", "sarif"]);
    let moved: Value = serde_json::from_str(&out(&moved)).expect("JSON");
    let hashes = |log: &Value| -> Vec<String> {
        let results = log["runs"][0]["results"].as_array().expect("a list");
        let hash = |it: &Value| it["partialFingerprints"]["primaryLocationLineHash"].to_string();
        results.iter().map(hash).collect()
    };
    assert_eq!(hashes(&log), hashes(&moved));
}

#[test]
fn github_gets_at_most_ten_of_a_kind_and_the_total() {
    use std::fmt::Write as _;
    let mut ledger = String::new();
    for at in 0..30 {
        let _ = write!(
            ledger,
            "[[component]]\nname = \"a{at}\"\nrole = \"service\"\nscope = \"cluster\"\n[[copy]]\nof = \
             \"x:y,100%\"\nat = \"a{at}\"\n"
        );
    }
    let folder = folder(&ledger);
    let text = out(&lint(folder.path(), &["--format", "github"]));
    let errors = text.lines().filter(|it| it.starts_with("::error")).count();
    assert_eq!(errors, 10, "{text}");
    assert!(text.contains("and 21 more of these"), "{text}");
    assert!(text.contains("x:y,100%25"), "{text}");
    assert!(text.contains("boundaries: 30 errors"), "{text}");
}

#[test]
fn markdown_is_a_table() {
    let folder = folder(FAULTY);
    let text = out(&lint(folder.path(), &["--format", "markdown"]));
    assert!(text.starts_with("## Boundaries: 3 errors"), "{text}");
    assert!(
        text.contains("| error | B301 retry-amplification | boundaries.toml:29<br>"),
        "{text}"
    );
}

#[test]
fn a_baseline_holds_by_names_and_can_only_shrink() {
    let folder = folder(FAULTY);
    let written = run(
        folder.path(),
        &["baseline", "write", "--today", "2026-11-29"],
    );
    assert_eq!(status(&written), 0, "{}", err(&written));
    let output = lint(folder.path(), &[]);
    assert_eq!(status(&output), 0, "{}", out(&output));
    assert!(out(&output).contains("3 known before"), "{}", out(&output));
    // Lines move, and nothing changes.
    let file = folder.path().join("boundaries.toml");
    fs::write(&file, format!("# one\n\n# two\n{FAULTY}")).expect("written");
    assert_eq!(status(&lint(folder.path(), &[])), 0);
    // A new finding is new.
    let more = format!("{FAULTY}\n[[copy]]\nof = \"x\"\nat = \"api\"\n");
    fs::write(&file, more).expect("written");
    let output = lint(folder.path(), &[]);
    assert_eq!(status(&output), 1);
    assert!(out(&output).contains("B601"), "{}", out(&output));
    // An entry whose finding is gone fails until it is pruned.
    fs::write(
        &file,
        FAULTY.replace("tries = 3", "tries = 3\ntimeout = \"900 ms\""),
    )
    .expect("written");
    let output = lint(folder.path(), &[]);
    assert_eq!(status(&output), 1);
    assert!(
        out(&output).contains("error[B902]: B302 at `api -> größe`"),
        "{}",
        out(&output)
    );
    let pruned = run(
        folder.path(),
        &["baseline", "prune", "--today", "2026-11-29"],
    );
    assert!(
        out(&pruned).starts_with("1 removed, 2 left"),
        "{}",
        out(&pruned)
    );
    assert_eq!(status(&lint(folder.path(), &[])), 0);
    let text = fs::read_to_string(folder.path().join("boundaries.baseline.toml")).expect("there");
    assert!(
        text.contains("rule = \"B301\"\nat = \"api -> größe\""),
        "{text}"
    );
}

fn waived(waiver: &str) -> TempDir {
    folder(&format!(
        "{FAULTY}\n[[waiver]]\nrule = \"B302\"\nat = \"api -> größe\"\n{waiver}"
    ))
}

#[test]
fn a_waiver_holds_through_its_last_day() {
    let whole = "reason = \"the new client\"\nowner = \"learning\"\nexpires = 2027-03-01\n";
    let folder = waived(whole);
    let on = |day: &str| out(&run(folder.path(), &["lint", "--today", day]));
    for day in ["1970-01-01", "2026-11-29", "2027-02-14"] {
        let text = on(day);
        assert!(
            !text.contains("[B302]") && !text.contains("soon:"),
            "{day}: {text}"
        );
        assert!(text.contains("1 waived"), "{day}: {text}");
    }
    let text = on("2027-02-15");
    assert!(
        text.contains("soon: ") && text.contains("in 14 days"),
        "{text}"
    );
    assert!(!on("2027-03-01").contains("[B302]"));
    let text = on("2027-03-02");
    assert!(
        text.contains("error[B302]") && text.contains("error[B901]"),
        "{text}"
    );
}

#[test]
fn a_waiver_says_why_who_and_until_when() {
    for (missing, waiver) in [
        ("reason", "owner = \"learning\"\nexpires = 2027-03-01\n"),
        (
            "owner",
            "reason = \"x\"\nowner = \"TBD\"\nexpires = 2027-03-01\n",
        ),
        ("expires", "reason = \"x\"\nowner = \"learning\"\n"),
    ] {
        let folder = waived(waiver);
        let text = out(&lint(folder.path(), &[]));
        assert!(text.contains("error[B302]"), "it waives nothing: {text}");
        assert!(
            text.contains(&format!("has no `{missing}`")),
            "{missing}: {text}"
        );
    }
}

#[test]
fn a_waiver_of_nothing_fails_and_a_misspelt_rule_is_guessed() {
    let whole = "reason = \"x\"\nowner = \"learning\"\nexpires = 2027-03-01\n";
    let text = FAULTY.to_owned()
        + &format!("[[waiver]]\nrule = \"B601\"\nat = \"api -> größe\"\n{whole}")
        + &format!("[[waiver]]\nrule = \"retry-amplifcation\"\nat = \"api -> größe\"\n{whole}")
        + &format!("[[waiver]]\nrule = \"Vague-Pressure\"\nat = \"api -> größe\"\n{whole}");
    let folder = folder(&text);
    let text = out(&lint(folder.path(), &[]));
    assert!(
        text.contains("no finding of B601 at `api -> größe`"),
        "{text}"
    );
    assert!(
        text.contains("Did you mean `retry-amplification`?"),
        "{text}"
    );
    assert!(
        !text.contains("[B401]"),
        "names of rules are read in any case: {text}"
    );
}

#[test]
fn against_a_revision_only_what_is_new_is_shown() {
    let folder = folder(FAULTY);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .current_dir(folder.path())
            .args(["-c", "user.name=a", "-c", "user.email=a@b"]);
        let done = command.args(arguments).output().expect("git runs");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "one"]);
    let more = format!("# moved\n{FAULTY}\n[[copy]]\nof = \"x\"\nat = \"api\"\n");
    fs::write(folder.path().join("boundaries.toml"), more).expect("written");
    let report = json(folder.path(), &["--against", "HEAD"]);
    assert_eq!(
        report["findings"].as_array().map(Vec::len),
        Some(1),
        "{report}"
    );
    assert_eq!(report["findings"][0]["rule"], "B601");
    assert_eq!(report["summary"]["known"], 3);
    for wrong in ["no-such-thing", "--output=/tmp/x", ""] {
        let output = lint(folder.path(), &[&format!("--against={wrong}")]);
        assert_eq!(status(&output), 2, "{wrong}");
        assert!(
            err(&output).contains("git knows no revision"),
            "{}",
            err(&output)
        );
    }
}

#[test]
fn what_cannot_be_read_exits_with_two_and_a_line() {
    let folder = folder(FAULTY);
    let path = folder.path();
    let write = |name: &str, bytes: &[u8]| fs::write(path.join(name), bytes).expect("written");
    write("latin.toml", b"[[component]]\nname = \"gr\xf6\xdfe\"\n");
    write("cut.toml", &FAULTY.as_bytes()[..50]);
    write(
        "deep.toml",
        format!("a = {}{}", "[".repeat(1_000), "]".repeat(1_000)).as_bytes(),
    );
    write("large.toml", &vec![b'#'; (1 << 24) + 1]);
    write(
        "misspelt.toml",
        FAULTY.replace("tries = 4", "trys = 4").as_bytes(),
    );
    fs::create_dir(path.join("folder.toml")).expect("made");
    for (file, said) in [
        ("missing.toml", "missing.toml: there is no such file"),
        ("folder.toml", "is a directory"),
        ("latin.toml", "latin.toml:2: byte 24 is not UTF-8 (0xf6)"),
        ("cut.toml", "cut.toml:"),
        ("deep.toml", "deep.toml:1:"),
        ("large.toml", "large.toml:1: larger than"),
        ("misspelt.toml", "misspelt.toml:20: unknown field `trys`"),
    ] {
        for format in ["text", "json", "sarif", "github"] {
            let output = lint(path, &[file, "--format", format]);
            assert_eq!(status(&output), 2, "{file}: {}", out(&output));
            assert!(err(&output).contains(said), "{file}: {}", err(&output));
            assert_eq!(
                out(&output),
                "",
                "nothing that could be mistaken for a report"
            );
        }
    }
    for wrong in [
        &["lint", "--fail-on", "some"][..],
        &["lint", "--today", "soon"],
        &["lnt"],
        &[],
    ] {
        assert_eq!(status(&run(path, wrong)), 2, "{wrong:?}");
    }
}

#[test]
fn a_baseline_that_cannot_be_read_or_written_is_an_error() {
    let folder = folder(FAULTY);
    let file = folder.path().join("boundaries.baseline.toml");
    for (text, said) in [
        ("version = 2\n", ":1: a baseline of version 2"),
        (
            "version = 1\n[[finding]]\nrule = \"B1\"\n",
            ":2: missing field `at`",
        ),
        ("nonsense", ":1:"),
    ] {
        fs::write(&file, text).expect("written");
        let output = lint(folder.path(), &[]);
        assert_eq!(status(&output), 2);
        assert!(err(&output).contains(said), "{}", err(&output));
    }
    fs::remove_file(&file).expect("removed");
    assert_eq!(status(&run(folder.path(), &["baseline", "prune"])), 2);
    fs::create_dir(&file).expect("made");
    let output = run(folder.path(), &["baseline", "write"]);
    assert_eq!(status(&output), 2);
    assert!(
        err(&output).contains("cannot be written"),
        "{}",
        err(&output)
    );
}

#[test]
fn explain_and_rules_know_every_rule() {
    let folder = folder("");
    let list = out(&run(folder.path(), &["rules"]));
    assert_eq!(list.lines().count(), 24);
    for line in list.lines() {
        let id = &line[..4];
        let page = run(folder.path(), &["explain", &id.to_lowercase()]);
        assert!(out(&page).starts_with(&format!("# {id}")), "{id}");
    }
    let output = run(folder.path(), &["explain", "timeout-mising"]);
    assert_eq!(status(&output), 2);
    assert!(
        err(&output).contains("Did you mean `timeout-missing`?"),
        "{}",
        err(&output)
    );
}

#[test]
fn diagrams_are_drawn_with_circles_and_odd_names() {
    let ledger = FAULTY.replace("größe", "a<b&\\\"c")
        + "\n[[boundary]]\nfrom = \"api\"\nto = \"page\"\nmode = \"asynchronous\"\n";
    let folder = folder(&ledger);
    let draw = |format: &str| {
        let output = run(folder.path(), &["diagram", "--format", format]);
        assert_eq!(status(&output), 0, "{}", err(&output));
        out(&output)
    };
    let svg = draw("svg");
    assert!(
        svg.starts_with("<svg") && svg.contains("a&lt;b&amp;"),
        "{svg}"
    );
    assert_eq!(svg.matches("<rect").count(), 3);
    assert!(draw("dot").contains("c1 -> c2"));
    let mermaid = draw("mermaid");
    assert!(
        mermaid.contains("c1 -.-> c0") && mermaid.contains("c1 -->|\"3 tries\"| c2"),
        "{mermaid}"
    );
}

#[test]
fn init_writes_a_ledger_and_never_over_one() {
    let empty = tempfile::tempdir().expect("a folder");
    let output = run(empty.path(), &["init"]);
    assert_eq!(status(&output), 0);
    let written = fs::read_to_string(empty.path().join("boundaries.toml")).expect("there");
    let output = run(empty.path(), &["init"]);
    assert_eq!(status(&output), 2);
    assert!(err(&output).contains("exists already"), "{}", err(&output));
    assert_eq!(
        fs::read_to_string(empty.path().join("boundaries.toml")).expect("there"),
        written
    );
    assert_eq!(out(&run(empty.path(), &["init", "-o", "-"])), written);
    assert_eq!(status(&lint(empty.path(), &[])), 1, "it asks at once");
}
