//! `cargo course check`: a grade, printed so that the reader knows what to do next.

mod here;
mod sheet;

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use crate::grade::{self, Extent, Limits, Report, Stop, Verdict};
use crate::lab::Lab;
use crate::memory::{self, Files, Recalled};
use crate::repo::Repo;
use crate::terminal::{OPEN, Terminal, painted};
use sheet::Sheet;

/// What `check` is asked for.
pub(crate) struct CheckRequest {
    pub labs: Vec<Lab>,
    /// The hardening too, whatever the core says.
    pub hardening: bool,
    pub json: bool,
    pub limits: Limits,
}

/// Grades the labs and prints how they stand.
pub(crate) fn run(repo: &Repo, request: &CheckRequest, stop: &Stop) -> Result<ExitCode> {
    let mut graded = Vec::new();
    for lab in &request.labs {
        // Before the grade: what is saved while it runs is not what was graded.
        let files = Files::of(repo, lab);
        let extent = if request.hardening {
            Extent::All
        } else {
            memory::extent(repo, lab)
        };
        let progress = !request.json;
        let report = grade::grade_with(repo, lab, stop, extent, request.limits, progress)?;
        let mut report = report;
        if let Recalled::Known(before) = memory::recall(repo, lab) {
            report.keep_marks(&before.report);
        }
        if let Err(error) = memory::keep(repo, lab, files, &report) {
            // The reader asked for the grade; that it cannot be remembered is only a remark.
            let word = painted(OPEN, "note:");
            anstream::eprintln!("{word} this grade is not remembered: {error:#}");
        }
        graded.push((lab, report));
    }
    let all_hold = graded.iter().all(|(_, report)| report.asked_hold());
    if request.json {
        let labs: serde_json::Map<_, _> = graded
            .iter()
            .map(|(lab, report)| (lab.name.clone(), json!(report)))
            .collect();
        anstream::println!(
            "{}",
            serde_json::to_string_pretty(&json!({ "labs": labs }))?
        );
    } else {
        let terminal = Terminal::of_stdout();
        if let [(lab, report)] = graded.as_slice() {
            anstream::print!("{}", Sheet::new(repo, lab, report, terminal).text());
        } else {
            anstream::print!("{}", overview(repo, &graded, terminal));
        }
    }
    Ok(if all_hold {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// A line for each lab, and the whole page of the first that is not done.
fn overview(repo: &Repo, graded: &[(&Lab, Report)], terminal: Terminal) -> String {
    let mut out = String::new();
    for (lab, report) in graded {
        let mark = if report.core {
            terminal.good()
        } else {
            terminal.open()
        };
        let stands = match report.verdict {
            Verdict::DoesNotCompile => "does not compile".to_owned(),
            _ if report.core && report.hardening.is_some() => "core done".to_owned(),
            _ => match report.stage() {
                Some((number, _)) => format!("stage {number} of {}", report.stages.len()),
                None => format!("all {} stages hold", report.stages.len()),
            },
        };
        let _ = writeln!(
            out,
            "  {mark} {:>2}  {:<14} {stands:<17} {}",
            lab.number, lab.name, lab.title
        );
    }
    if let Some((lab, report)) = graded.iter().find(|(_, report)| !report.asked_hold()) {
        let _ = write!(out, "\n{}", Sheet::new(repo, lab, report, terminal).text());
    }
    out
}
