//! The book and the README show exactly what the command prints, and lab 10's chapter lists exactly the
//! rules that exist. `BOUNDARIES_WRITE=1` writes the files again.

use boundaries::rules::ALL;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SHOWN: [(&str, &[&str]); 5] = [
    ("bookinfo", &["lint", "bookinfo.toml"]),
    ("booksapp", &["lint", "booksapp.toml"]),
    ("planted", &["lint", "planted.toml"]),
    (
        "online-boutique",
        &["lint", "online-boutique.imported.toml"],
    ),
    (
        "online-boutique-answered",
        &["lint", "online-boutique.toml"],
    ),
];

#[test]
fn what_is_shown_is_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outputs = root.join("../src/boundaries/output");
    let write = std::env::var_os("BOUNDARIES_WRITE").is_some();
    for (name, arguments) in SHOWN {
        let output = Command::new(env!("CARGO_BIN_EXE_boundaries"))
            .current_dir(root.join("tests/ledgers"))
            .args(arguments)
            .args(["--today", "2026-11-29"])
            .output()
            .expect("it runs");
        let printed = String::from_utf8(output.stdout).expect("text");
        assert!(
            !printed.is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let file = outputs.join(format!("{name}.txt"));
        if write {
            fs::write(&file, &printed).expect("written");
        }
        let shown = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            shown,
            printed,
            "{} is behind; BOUNDARIES_WRITE=1 writes it",
            file.display()
        );
    }
}

/// The files of a folder, or of the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The first of these ids that a text contains in quotation marks.
fn id_in<'a>(text: &str, ids: &[&'a str]) -> Option<&'a str> {
    let at = |id: &&str| text.find(&format!("\"{id}\""));
    let found = ids.iter().filter(|id| at(id).is_some());
    found.min_by_key(|id| at(id)).copied()
}

/// What lab 10's chapter says about its rules: which of the linter's rules a reader writes, how many
/// kinds of fault the hardening tests plant for each, and how many known mistakes it has.
fn table(root: &Path) -> String {
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (lab, solution) = (
        root.join("exercises/10-review"),
        root.join("solutions/10-review"),
    );
    let ids: Vec<_> = ALL.iter().map(|known| known.rule.id).collect();
    // The rules of the lab, by their files. A `todo!` in the starter is what a reader writes.
    let mut by_file = BTreeMap::new();
    let mut written = Vec::new();
    for file in files(&solution.join("src/rules")) {
        let name = file
            .file_name()
            .and_then(|it| it.to_str())
            .expect("a name")
            .to_owned();
        if name == "mod.rs" {
            continue;
        }
        let id = id_in(&read(&file), &ids);
        let id = id.unwrap_or_else(|| panic!("{name} has no rule that the linter knows"));
        if read(&lab.join("src/rules").join(&name)).contains("todo!(") {
            written.push(id);
        }
        by_file.insert(format!("b/src/rules/{name}"), id);
    }
    let timeouts = by_file["b/src/rules/timeouts_fit.rs"];
    by_file.insert("b/src/steps.rs".to_owned(), timeouts);

    let mut mistakes: BTreeMap<&str, usize> = BTreeMap::new();
    for patch in files(&solution.join("mistakes")) {
        let text = read(&patch);
        let file = text.lines().find_map(|line| line.strip_prefix("+++ "));
        let id = file.and_then(|file| by_file.get(file));
        let id = id.unwrap_or_else(|| panic!("{} is in no rule", patch.display()));
        *mistakes.entry(id).or_default() += 1;
    }
    let systems = read(&lab.join("tests/hardening/systems.rs"));
    let (_, faults) = systems.split_once("const FAULTS").expect("the faults");
    let (faults, _) = faults.split_once("\n];").expect("their end");
    let mut planted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = 0;
    for fault in faults.split("\n    (\"").skip(1) {
        let id = id_in(fault, &ids).unwrap_or_else(|| panic!("plants no known rule: {fault}"));
        *planted.entry(id).or_default() += 1;
        all += 1;
    }

    let mut table = "| rule | kinds of fault planted in made-up systems, each found | its twin | \
                     mistakes rejected |\n|---|---|---|---|\n"
        .to_owned();
    for known in ALL.iter().filter(|known| written.contains(&known.rule.id)) {
        let (id, name) = (known.rule.id, known.rule.name);
        let of = |counted: &BTreeMap<_, usize>| counted.get(id).copied().unwrap_or(0);
        let (planted, mistakes) = (of(&planted), of(&mistakes));
        assert!(
            planted > 0 && mistakes > 0,
            "{id} is planted, but has no known mistake"
        );
        let _ = writeln!(table, "| {id} {name} | {planted} | silent | {mistakes} |");
    }
    let (pairs, mistakes) = (all * (all - 1) / 2, mistakes.values().sum::<usize>());
    let _ = writeln!(
        table,
        "| *all, the four given ones included* | *{all}, alone and in {pairs} pairs* | *silent on \
         10,000 made-up clean systems* | *{mistakes}* |"
    );
    table
}

#[test]
fn the_rules_that_the_chapter_lists_are_those_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let table = table(&root);
    let file = root.join("src/boundaries/output/rules-table.md");
    if std::env::var_os("BOUNDARIES_WRITE").is_some() {
        fs::write(&file, &table).expect("written");
    }
    let shown = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        shown,
        table,
        "{} is behind; BOUNDARIES_WRITE=1 writes it",
        file.display()
    );
    let chapter = fs::read_to_string(root.join("src/boundaries/review.md")).expect("the chapter");
    assert!(
        chapter.contains("{{#include output/rules-table.md}}"),
        "The chapter shows the table."
    );
}
