//! The way as a page of text.

use std::fmt::Write as _;

use super::{Earlier, Evening, Mark, Next, Standing, Way, joined};
use crate::book::predict;
use crate::lab::duration;
use crate::terminal::{HEADING, QUIET, Terminal, painted};
use records::moment::ago;

impl Way {
    /// The page; `now` in seconds since 1970.
    pub fn text(&self, terminal: Terminal, now: u64) -> String {
        let mut out = String::new();
        let mut labs = self.labs.iter();
        if let Some(evening) = &self.evening {
            out.push_str(&evening.text(terminal));
            // It stands above, stage by stage.
            labs.next();
        }
        let heading = if self.evening.is_some() {
            "And then"
        } else {
            "Your way through"
        };
        if labs.len() > 0 || self.evening.is_none() {
            let _ = write!(out, "\n{}\n\n", painted(HEADING, heading));
        }
        let name = |lab: &Standing| lab.name.chars().count();
        let names = self.labs.iter().map(name).max().unwrap_or(0);
        for lab in labs {
            out.push_str(&line(lab, names, terminal));
            // On the first evening the names of the others are enough.
            if self.evening.is_none() || lab.mark != Mark::Fresh {
                let indent = indent(names, terminal);
                out.push_str(&terminal.wrapped(&indent, &indent, &details(lab, now)));
            }
        }
        if !self.labs.is_empty() && self.evening.is_none() {
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

impl Evening {
    fn text(&self, terminal: Terminal) -> String {
        let heading = format!("Your first evening: {}", self.title);
        let time = painted(QUIET, &format!("about {}", duration(self.minutes)));
        let mut out = format!("\n{}  {time}\n\n", painted(HEADING, &heading));
        let mark = |done| {
            if done {
                terminal.good()
            } else {
                terminal.open()
            }
        };
        let what = match &self.measured {
            Some(day) => format!("your own ladder; measured on {day}"),
            None => "your own ladder, ten seconds once it is built".to_owned(),
        };
        let first = format!("  {}     ", mark(self.measured.is_some()));
        let line = format!("`{} --quick`: {what}", predict::MEASURE);
        out.push_str(&terminal.wrapped(&first, "         ", &line));
        for (step, number) in self.stages.iter().zip(1..) {
            let minutes = painted(QUIET, &format!("{} min", step.minutes));
            let mark = mark(step.holds);
            let _ = writeln!(out, "  {mark} {number:>2}  {}  {minutes}", step.title);
        }
        out
    }
}

fn line(lab: &Standing, names: usize, terminal: Terminal) -> String {
    let mark = match lab.mark {
        Mark::Holds | Mark::Core => terminal.good(),
        Mark::Open => terminal.open(),
        Mark::Fresh => " ".repeat(if terminal.unicode { 1 } else { 2 }),
    };
    let first = format!("  {mark} {:>2}  {:<names$}  ", lab.number, lab.name);
    let title = format!("{}  {}", lab.title, painted(QUIET, &minutes(lab)));
    terminal.wrapped(&first, &indent(names, terminal), &title)
}

/// What stands below a lab's title.
fn indent(names: usize, terminal: Terminal) -> String {
    " ".repeat(if terminal.unicode { 8 } else { 9 } + names + 2)
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
