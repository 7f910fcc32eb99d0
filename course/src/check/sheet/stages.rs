//! The lab stage by stage, and then the hardening.

use std::fmt::Write as _;

use super::{Sheet, in_the_book, is_red, sentence};
use crate::grade::{HardeningReport, Outcome, StageReport, TestReport};
use crate::lab::Target;
use crate::terminal::{BAD, HEADING, QUIET, counted, painted};

/// Further failing tests of the hardening that are named: a cause often fails a dozen.
const NAMED: usize = 6;

impl<'a> Sheet<'a> {
    /// Where the reader stands, in one line.
    pub(super) fn summary(&mut self) {
        let report = self.report;
        let stages = report.stages.len();
        let (mark, line) = match (report.stage(), &report.hardening) {
            (Some((number, stage)), _) => {
                let line = format!(
                    "Stage {number} of {stages}, {}: {} of {} hold.",
                    stage.title, stage.passed, stage.of
                );
                (String::new(), line)
            }
            (None, _) if report.all_hold() => {
                let tests = counted(report.graded().count(), "test");
                let what = match &report.hardening {
                    Some(_) => "Core and hardening hold",
                    None => "The core is done",
                };
                let line = format!("{what}: {}, by {tests}.", counted(report.of, "invariant"));
                (self.terminal.good(), line)
            }
            (None, Some(hardening)) if report.core && hardening.graded => {
                let line = format!(
                    "The core is done. Of the hardening, {} of {} pass.",
                    hardening.passed,
                    counted(hardening.of, "test")
                );
                (String::new(), line)
            }
            (None, _) if report.core => {
                let line = format!("The core is done: all {stages} stages hold.");
                (self.terminal.good(), line)
            }
            (None, _) => (String::new(), format!("All {stages} stages hold.")),
        };
        let first = match mark.as_str() {
            "" => String::new(),
            mark => format!("{mark} "),
        };
        self.say(&first, &line);
    }

    /// A line for each stage; for the first that does not hold, everything there is to know.
    pub(super) fn stages(&mut self, fresh: bool) {
        let report = self.report;
        let current = report.stage().map(|(number, _)| number);
        for (stage, number) in report.stages.iter().zip(1..) {
            let tests = self.tests_of(|test| is_of(stage, test));
            let red = tests.iter().any(|test| is_red(test));
            let mark = match (stage.holds, red, current == Some(number)) {
                (true, ..) => self.terminal.good(),
                (_, true, _) => self.terminal.bad(),
                (_, _, true) => self.terminal.open(),
                _ => " ".repeat(if self.terminal.unicode { 1 } else { 2 }),
            };
            let first = format!("  {mark} {number}  ");
            let indent = " ".repeat(if self.terminal.unicode { 7 } else { 8 });
            let count = match (stage.of, stage.passed) {
                (0, _) => "no test judges it".to_owned(),
                (of, 0) => counted(of, "test"),
                (of, passed) => format!("{passed} of {of} hold"),
            };
            let line = format!("{} {}", stage.title, painted(QUIET, &format!("({count})")));
            self.out
                .push_str(&self.terminal.wrapped(&first, &indent, &line));
            if current != Some(number) || fresh {
                continue;
            }
            if stage.of == 0 {
                let line = format!(
                    "tests/core is not as given (`cargo course reset {}` restores it and keeps a copy of your work)",
                    self.lab.name
                );
                self.out
                    .push_str(&self.terminal.wrapped(&indent, &indent, &line));
            }
            self.details(&tests, &indent);
            let line = format!("read {} in the book", in_the_book(&stage.read));
            let _ = writeln!(self.out, "{indent}{}", painted(QUIET, &line));
        }
        if let Some(hardening) = &report.hardening {
            self.hardening(hardening);
        }
    }

    fn hardening(&mut self, hardening: &HardeningReport) {
        if !hardening.wanted || (!hardening.graded && hardening.message.is_empty()) {
            return;
        }
        let tests = self.tests_of(|test| test.target == Some(Target::Hardening));
        let mark = if hardening.holds {
            self.terminal.good()
        } else if tests.iter().any(|test| is_red(test)) || !hardening.graded {
            self.terminal.bad()
        } else {
            self.terminal.open()
        };
        let line = format!(
            "{mark} Hardening ({} of {} pass)",
            hardening.passed,
            counted(hardening.of, "test")
        );
        let _ = writeln!(self.out, "  {line}");
        let indent = " ".repeat(7);
        if !hardening.message.is_empty() {
            let line = format!("could not be graded: {}", sentence(&hardening.message));
            self.out
                .push_str(&self.terminal.wrapped(&indent, &indent, &line));
        }
        self.details(&tests, &indent);
    }

    /// What fails, and what waits for which part.
    fn details(&mut self, tests: &[&'a TestReport], indent: &str) {
        let failing: Vec<&TestReport> = tests.iter().copied().filter(|test| is_red(test)).collect();
        let named = failing.len().min(NAMED + 1);
        self.failures(&failing[..named], indent);
        if failing.len() > named {
            let line = format!("and {} more", failing.len() - named);
            let _ = writeln!(self.out, "{indent}{}", painted(BAD, &line));
        }
        let waiting: Vec<&TestReport> = tests
            .iter()
            .copied()
            .filter(|test| test.outcome == Outcome::NotBuilt)
            .collect();
        self.waiting(&waiting, indent);
    }

    /// The graded tests that count, in the order in which the lab is built.
    fn tests_of(&self, counts: impl Fn(&TestReport) -> bool) -> Vec<&'a TestReport> {
        let built = self.report.as_built().into_iter();
        built
            .map(|(_, test)| test)
            .filter(|test| counts(test))
            .collect()
    }

    /// The core holds: that is enough for the next lab, and there is more for those who want it.
    pub(super) fn offer(&mut self, hardening: &HardeningReport) {
        let lab = self.lab;
        let mut line = format!(
            "the next lab; `cargo course status` names it. Or harden this one: {}, `cargo course check {} --hardening`",
            counted(hardening.of, "more test"),
            lab.name
        );
        if lab.minutes.hardening > 0 {
            let _ = write!(
                line,
                ", about {}",
                crate::lab::duration(lab.minutes.hardening)
            );
        }
        line.push('.');
        let start = painted(HEADING, "Next: ");
        self.out
            .push_str(&self.terminal.wrapped(&start, "  ", &line));
        let line = format!(
            "Our code is in solutions/{}; the mistakes that yours does not make are in the book, on the page after {}.",
            lab.folder,
            in_the_book(&lab.chapter)
        );
        self.out.push_str(&self.terminal.wrapped("  ", "  ", &line));
    }
}

/// Whether a test is one of this stage.
pub(super) fn is_of(stage: &StageReport, test: &TestReport) -> bool {
    test.target == Some(Target::Core) && test.module == stage.module
}
