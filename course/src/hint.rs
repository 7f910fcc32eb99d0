//! `cargo course hint`: one hint at a time, from a question to the shape of the answer.
//!
//! It remembers how far a reader has looked, so that asking again is a decision to see more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::grade::TestReport;
use crate::lab::{HintSection, Lab, Stub, about};
use crate::memory::{self, Recalled};
use crate::repo::Repo;
use crate::terminal::{HEADING, OPEN, QUIET, Terminal, painted};

/// How much to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// One hint more than last time.
    Next,
    /// What has been shown already.
    Again,
    /// Everything.
    All,
}

/// Topics of each lab, and how many hints of each have been shown.
type Shown = BTreeMap<String, BTreeMap<String, usize>>;

/// The text for `cargo course hint LAB [TOPIC]`.
pub(crate) fn run(repo: &Repo, lab: &Lab, topic: Option<&str>, depth: Depth) -> Result<String> {
    let sections = lab.hints(repo)?;
    ensure!(
        !sections.is_empty(),
        "exercises/{}/hints.md has no hints",
        lab.folder
    );
    let mut shown = read(repo);
    let terminal = Terminal::of_stdout();
    let of_lab = shown.entry(lab.name.clone()).or_default();
    let Some(topic) = topic else {
        if depth == Depth::All {
            return Ok(everything(lab, &sections, terminal));
        }
        return Ok(topics(repo, lab, &sections, of_lab, terminal));
    };
    let section = find(repo, lab, &sections, topic)?;
    let so_far = of_lab
        .get(&section.topic())
        .copied()
        .unwrap_or(0)
        .min(section.hints.len());
    let (from, until) = match depth {
        Depth::All => (0, section.hints.len()),
        Depth::Again => (0, so_far),
        // Nothing is left to reveal: show them all once more.
        Depth::Next if so_far == section.hints.len() => (0, so_far),
        Depth::Next => (so_far, so_far + 1),
    };
    let mut out = format!("\n{}\n", painted(HEADING, &section.topic()));
    for (index, hint) in section.hints.iter().enumerate().take(until).skip(from) {
        out.push_str(&numbered(index, section.hints.len(), hint, terminal));
    }
    let again = format!("cargo course hint {} {}", lab.name, shell_word(topic));
    let closing = match (until, section.hints.len()) {
        (0, _) => format!("Nothing shown so far; `{again}` shows the first hint."),
        (until, all) if until == all && from == 0 && depth == Depth::Next => {
            "That was all that there is about it.".to_owned()
        }
        (until, all) if until == all => "That was the last hint about it.".to_owned(),
        (until, all) => format!(
            "{} of {all} shown. Try before you look: `{again}` shows the next.",
            until.max(so_far)
        ),
    };
    let _ = write!(out, "\n{}", terminal.wrapped("", "", &closing));
    if until > so_far {
        of_lab.insert(section.topic(), until);
        if let Err(error) = write(repo, &shown) {
            let line = format!(
                "What was shown is not remembered ({error:#}), so the next call shows the same; `--all` shows \
                 the rest."
            );
            out.push_str(&terminal.wrapped("note: ", "      ", &line));
        }
    }
    Ok(out)
}

fn topics(
    repo: &Repo,
    lab: &Lab,
    sections: &[HintSection],
    shown: &BTreeMap<String, usize>,
    terminal: Terminal,
) -> String {
    let here = where_the_reader_stands(repo, lab).and_then(|stub| about(sections, &stub));
    let heading = format!("Hints for lab {}, {}", lab.number, lab.title);
    let heading = terminal.wrapped("", "", &painted(HEADING, &heading));
    let mut out = format!("\n{heading}\n");
    let titles: Vec<String> = sections.iter().map(HintSection::topic).collect();
    let width = titles
        .iter()
        .map(|title| title.chars().count())
        .max()
        .unwrap_or(0)
        .min(44);
    for (index, (section, title)) in sections.iter().zip(&titles).enumerate() {
        let seen = shown
            .get(title)
            .copied()
            .unwrap_or(0)
            .min(section.hints.len());
        let note = format!("{seen} of {} shown", section.hints.len());
        let arrow = if here == Some(index) {
            painted(OPEN, "  <- you are here")
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "  {:>2}  {title:<width$}  {}{arrow}",
            index + 1,
            painted(QUIET, &note)
        );
    }
    let example = here.map_or(1, |index| index + 1);
    let line = format!(
        "Ask by number or by a word of the title: `cargo course hint {} {example}`. Each call shows one hint more.",
        lab.name
    );
    let _ = write!(out, "\n{}", terminal.wrapped("", "", &line));
    out
}

fn everything(lab: &Lab, sections: &[HintSection], terminal: Terminal) -> String {
    let mut out = format!(
        "\n{}\n",
        painted(HEADING, &format!("All hints for lab {}", lab.number))
    );
    for section in sections {
        let _ = write!(out, "\n{}\n", painted(HEADING, &section.topic()));
        for (index, hint) in section.hints.iter().enumerate() {
            out.push_str(&numbered(index, section.hints.len(), hint, terminal));
        }
    }
    out
}

fn numbered(index: usize, of: usize, hint: &str, terminal: Terminal) -> String {
    let mut out = format!(
        "\n{}\n",
        painted(QUIET, &format!("  hint {} of {of}", index + 1))
    );
    for block in blocks(hint) {
        match block {
            Block::Prose(text) => out.push_str(&terminal.wrapped("  ", "  ", &text)),
            Block::Code(line) => {
                let _ = writeln!(out, "{}", format!("      {line}").trim_end());
            }
            Block::Gap => out.push('\n'),
        }
    }
    out
}

enum Block {
    Prose(String),
    Code(String),
    Gap,
}

/// Joins a hint's lines into paragraphs; code stays as it is.
fn blocks(hint: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut fenced = false;
    for line in hint.lines() {
        let text = line.trim();
        if text.starts_with("```") {
            fenced = !fenced;
            if fenced && matches!(blocks.last(), Some(Block::Prose(_))) {
                blocks.push(Block::Gap);
            }
        } else if fenced {
            blocks.push(Block::Code(line.to_owned()));
        } else if text.is_empty() {
            blocks.push(Block::Gap);
        } else if let (Some(Block::Prose(paragraph)), false) =
            (blocks.last_mut(), text.starts_with("- "))
        {
            paragraph.push(' ');
            paragraph.push_str(text);
        } else {
            blocks.push(Block::Prose(text.to_owned()));
        }
    }
    blocks
}

/// A topic by its number, its title, a word of it, or the stage that asks for it.
fn find<'a>(
    repo: &Repo,
    lab: &Lab,
    sections: &'a [HintSection],
    topic: &str,
) -> Result<&'a HintSection> {
    if let Some(section) = topic
        .parse::<usize>()
        .ok()
        .and_then(|number| sections.get(number.checked_sub(1)?))
    {
        return Ok(section);
    }
    let wanted = topic.to_lowercase();
    let title = |section: &HintSection| section.topic().to_lowercase();
    if let Some(section) = sections.iter().find(|section| title(section) == wanted) {
        return Ok(section);
    }
    let mut found: Vec<_> = sections
        .iter()
        .filter(|section| section.mentions(topic))
        .collect();
    if found.is_empty() {
        found = sections
            .iter()
            .filter(|section| title(section).contains(&wanted))
            .collect();
    }
    let mut stages = lab.stages.iter();
    let stage = stages.find(|stage| stage.module == topic || stage.title.to_lowercase() == wanted);
    if let (true, Some(stage)) = (found.is_empty(), stage) {
        let functions = lab.judged_in(repo, stage)?;
        let asked_for =
            |section: &&HintSection| functions.iter().any(|name| section.mentions(name));
        found = sections.iter().filter(asked_for).collect();
    }
    match found.as_slice() {
        [section] => Ok(section),
        [] => bail!(
            "no hint of lab {} is about `{topic}`; `cargo course hint {}` lists what there is",
            lab.name,
            lab.name
        ),
        several => {
            let titles: Vec<String> = several.iter().map(|section| section.topic()).collect();
            bail!(
                "`{topic}` could be any of: {}; ask by one of these",
                titles.join(", ")
            )
        }
    }
}

/// The stub that the last `check` sent the reader to.
fn where_the_reader_stands(repo: &Repo, lab: &Lab) -> Option<Stub> {
    let Recalled::Known(memory) = memory::recall(repo, lab) else {
        return None;
    };
    let stubs = lab.stubs(repo).ok()?;
    let report = &memory.report;
    let red: Vec<&TestReport> = if let Some((_, stage)) = report.stage() {
        let built = report.as_built().into_iter().map(|(_, test)| test);
        built.filter(|test| test.module == stage.module).collect()
    } else {
        let mut invariants = report.invariants.iter();
        let red = invariants.find(|invariant| !invariant.holds)?;
        red.tests.iter().collect()
    };
    let places = red.iter().filter_map(|test| test.place.as_ref());
    places
        .filter_map(|place| {
            stubs.iter().find(|stub| {
                repo.relative(&stub.file) == place.file && stub.line == place.line as usize
            })
        })
        .min_by_key(|stub| (stub.file.clone(), stub.line))
        .cloned()
}

/// A topic as it is typed.
pub(crate) fn shell_word(topic: &str) -> String {
    if topic.contains(char::is_whitespace) {
        format!("'{topic}'")
    } else {
        topic.to_owned()
    }
}

fn path(repo: &Repo) -> PathBuf {
    repo.state_dir().join("hints.json")
}

/// What was shown so far. If the file is damaged or cannot be read, only that memory is lost.
fn read(repo: &Repo) -> Shown {
    let text = std::fs::read_to_string(path(repo)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn write(repo: &Repo, shown: &Shown) -> Result<()> {
    std::fs::create_dir_all(repo.state_dir()).context("cannot make .course/")?;
    std::fs::write(path(repo), serde_json::to_string_pretty(shown)?)
        .context("cannot write .course/hints.json")
}
