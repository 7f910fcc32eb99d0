//! The way as a page of text.

use std::fmt::Write as _;

use super::{Earlier, Mark, Next, Standing, Way, joined};
use crate::lab::duration;
use crate::terminal::{HEADING, QUIET, Terminal, painted};
use records::moment::ago;

impl Way {
    /// The page; `now` in seconds since 1970.
    pub fn text(&self, terminal: Terminal, now: u64) -> String {
        let mut out = format!("\n{}\n\n", painted(HEADING, "Your way through"));
        let name = |lab: &Standing| lab.name.chars().count();
        let names = self.labs.iter().map(name).max().unwrap_or(0);
        for lab in &self.labs {
            out.push_str(&place(lab, names, terminal, now));
        }
        if !self.labs.is_empty() {
            let _ = writeln!(out, "\n  {}", painted(QUIET, &self.hours()));
        }
        for note in &self.notes {
            out.push('\n');
            let line = format!("Note: {note}.");
            out.push_str(&terminal.wrapped("  ", "  ", &line));
        }
        out.push('\n');
        out.push_str(&self.next.text(terminal));
        out
    }

    fn hours(&self) -> String {
        let sum = |labs: &mut dyn Iterator<Item = &Standing>| -> u32 {
            labs.map(|lab| lab.minutes.total()).sum()
        };
        let all = sum(&mut self.labs.iter());
        let open = |lab: &&Standing| !lab.mark.is_done() && !lab.left_out;
        let left = sum(&mut self.labs.iter().filter(open));
        if left == all || left == 0 {
            return format!("{} in all.", duration(all));
        }
        format!(
            "{} in all; the labs that are open come to {}.",
            duration(all),
            duration(left)
        )
    }
}

impl Next {
    fn text(&self, terminal: Terminal) -> String {
        let first = format!("{} ", painted(HEADING, "Next:"));
        let mut line = self.sentence.clone();
        if let Some(command) = &self.command {
            let _ = write!(line, ": `{command}`");
        }
        line.push('.');
        match (&self.page, &self.command) {
            (Some(page), None) => {
                let _ = write!(line, " `cargo course` serves it as {}.", html(page));
            }
            (Some(page), Some(_)) => {
                let _ = write!(line, " To read: {} in the book.", html(page));
            }
            _ => {}
        }
        terminal.wrapped(&first, "      ", &line)
    }
}

fn place(lab: &Standing, names: usize, terminal: Terminal, now: u64) -> String {
    let mark = match lab.mark {
        Mark::Holds | Mark::Core => terminal.good(),
        Mark::Open => terminal.open(),
        Mark::Fresh => " ".repeat(if terminal.unicode { 1 } else { 2 }),
    };
    let mut out = format!(
        "  {mark} {:>2}  {:<names$}  {}  {}\n",
        lab.number,
        lab.name,
        lab.title,
        painted(QUIET, &minutes(lab))
    );
    let indent = " ".repeat(if terminal.unicode { 8 } else { 9 } + names + 2);
    out.push_str(&terminal.wrapped(&indent, &indent, &details(lab, now)));
    out
}

fn minutes(lab: &Standing) -> String {
    let parts = [
        ("read", lab.minutes.read),
        ("measure", lab.minutes.measure),
        ("build", lab.minutes.build),
        ("harden", lab.minutes.hardening),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, minutes)| *minutes > 0)
        .map(|(what, minutes)| format!("{what} {minutes}"))
        .collect();
    format!("{} min", parts.join(", "))
}

fn details(lab: &Standing, now: u64) -> String {
    let mut line = lab.stands.clone();
    if let Some(at) = lab.graded_at {
        let _ = write!(line, ", graded {}", ago(at, now));
    }
    if !lab.changed.is_empty() {
        let changed = joined(&lab.changed);
        let _ = write!(line, "; changed since: {}", changed.trim_end_matches(','));
    }
    if lab.left_out {
        line.push_str("; left out: later labs take ours");
    }
    if let Some(day) = &lab.measured {
        let _ = write!(line, "; measured on {day}");
    } else if lab.measures && lab.mark != Mark::Fresh {
        line.push_str("; not measured");
    }
    for Earlier { name, ours } in &lab.builds_on {
        let whose = if *ours { "our" } else { "your" };
        let _ = write!(line, "; builds on {whose} `{name}`");
    }
    line
}

/// `scope/measure.md#frames` as the book's server has it.
fn html(page: &str) -> String {
    page.replacen(".md", ".html", 1)
}
