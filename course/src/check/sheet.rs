//! One lab's grade as a page of text: what holds, what does not and why, what to do next.

mod stages;

use std::fmt::Write as _;

use super::here::Here;
use crate::grade::{self, InvariantReport, Misconception, Outcome, Report, TestReport, Verdict};
use crate::hint::shell_word;
use crate::lab::{self, HintSection, Lab, Stub};
use crate::repo::Repo;
use crate::starter::Starter;
use crate::terminal::{BAD, HEADING, OPEN, QUIET, Terminal, counted, painted};
use stages::is_of;

/// Lines of a failing test's message that are shown; `cargo test` shows the rest.
const MESSAGE_LINES: usize = 16;

/// Compiler errors that are shown: those after the first few mostly follow from them.
const ERRORS: usize = 3;

/// One lab's grade as text.
pub(super) struct Sheet<'a> {
    lab: &'a Lab,
    report: &'a Report,
    terminal: Terminal,
    hints: Vec<HintSection>,
    stubs: Vec<(String, Stub)>,
    /// Files of the lab that are not there any more.
    gone: Vec<String>,
    here: Here,
    out: String,
}

impl<'a> Sheet<'a> {
    pub fn new(repo: &Repo, lab: &'a Lab, report: &'a Report, terminal: Terminal) -> Self {
        let stubs = lab.stubs(repo).unwrap_or_default();
        Self {
            lab,
            report,
            terminal,
            hints: lab.hints(repo).unwrap_or_default(),
            stubs: stubs
                .into_iter()
                .map(|stub| (format!("{}:{}", repo.relative(&stub.file), stub.line), stub))
                .collect(),
            gone: gone(repo, lab),
            here: Here::of(repo),
            out: String::new(),
        }
    }

    pub fn text(mut self) -> String {
        let dot = if self.terminal.unicode { "·" } else { "-" };
        let title = format!("Lab {} {dot} {}", self.lab.number, self.lab.title);
        let title = self.terminal.wrapped("", "", &painted(HEADING, &title));
        let _ = writeln!(self.out, "\n{title}");
        match self.report.verdict {
            Verdict::DoesNotCompile => self.broken(),
            Verdict::TimedOut if self.report.graded().next().is_none() => {
                let message = format!("{}.", capitalised(&self.report.message));
                self.say("", &message);
            }
            _ => self.graded(),
        }
        self.remarks();
        self.out
    }

    fn broken(&mut self) {
        self.say(
            &painted(BAD, "It does not compile yet, so there is no grade. "),
            "",
        );
        let _ = writeln!(self.out);
        for path in &self.gone {
            let line = format!(
                "exercises/{0}/{path} is gone. `git checkout -- exercises/{0}/{path}` brings back what you \
                 committed last, or the starter's; `cargo course reset {1}` begins the whole lab anew, and \
                 keeps a copy.",
                self.lab.folder, self.lab.name
            );
            self.out.push_str(&self.terminal.wrapped("", "", &line));
        }
        if !self.gone.is_empty() {
            let _ = writeln!(self.out);
        }
        for error in self.report.compiler.iter().take(ERRORS) {
            let _ = writeln!(self.out, "{}\n", error.trim_end());
        }
        let more = self.report.compiler.len().saturating_sub(ERRORS);
        if more > 0 {
            let all = format!(
                "and {}: `cargo test -p {} --no-run` in exercises/ shows all.",
                counted(more, "more error").replace("1 more error", "one more error"),
                self.lab.name
            );
            self.say("", &all);
        }
        if self.report.compiler.len() > 1 {
            self.say(
                "",
                "Fix the first error first; those after it often follow from it.",
            );
        }
    }

    fn graded(&mut self) {
        let fresh = self.report.graded().next().is_some()
            && self
                .report
                .hardening
                .as_ref()
                .is_none_or(|part| !part.graded)
            && self
                .report
                .graded()
                .all(|test| test.outcome == Outcome::NotBuilt)
            && self.report.given.iter().all(|test| test.passed);
        if fresh {
            let stubs = match self.stubs.len() {
                0 => String::new(),
                count => format!("{} to build, and ", counted(count, "part")),
            };
            let line = format!(
                "A fresh start: {stubs}{} to keep.",
                counted(self.report.of, "invariant")
            );
            self.say("", &line);
        } else {
            self.summary();
        }
        if !self.report.message.is_empty() {
            let message = format!("{}.", capitalised(&self.report.message));
            self.say("", &message);
        }
        let _ = writeln!(self.out);
        self.stages(fresh);
        self.given();
        let _ = writeln!(self.out);
        self.next(fresh);
    }

    /// One story at a time: the others mostly have the same cause.
    fn failures(&mut self, failing: &[&TestReport], indent: &str) {
        let (not_run, failing): (Vec<&TestReport>, Vec<&TestReport>) = failing
            .iter()
            .partition(|test| test.outcome == Outcome::NotRun);
        if let Some(first) = failing.first() {
            self.failure(first, indent);
        }
        for test in failing.iter().skip(1) {
            let name = painted(BAD, &test.name);
            let line = format!("{name} {}", first_line(&test.message));
            let deeper = format!("{indent}  ");
            self.out
                .push_str(&self.terminal.wrapped(indent, &deeper, &line));
        }
        if let Some(test) = not_run.first() {
            let line = format!("{}: {}", counted(not_run.len(), "test"), test.message);
            self.out
                .push_str(&self.terminal.wrapped(indent, indent, &line));
        }
    }

    /// One failing test: its name, its story, and the mistake that it usually means.
    fn failure(&mut self, test: &TestReport, indent: &str) {
        let _ = writeln!(self.out, "{indent}{}", painted(BAD, &test.name));
        let deeper = format!("{indent}  ");
        for panic in &test.earlier {
            let place = panic
                .place
                .as_ref()
                .map(|place| format!(" ({})", self.here.path(place)))
                .unwrap_or_default();
            let line = format!(
                "before that, a task panicked{place}: {}",
                first_line(&panic.message)
            );
            self.out
                .push_str(&self.terminal.wrapped(&deeper, &deeper, &line));
        }
        let lines: Vec<&str> = test.message.lines().collect();
        for line in lines.iter().take(MESSAGE_LINES) {
            self.out
                .push_str(&self.terminal.wrapped(&deeper, &deeper, line));
        }
        if lines.len() > MESSAGE_LINES {
            let rest = format!(
                "{} more; {}",
                counted(lines.len() - MESSAGE_LINES, "line"),
                self.run_alone(test)
            );
            let _ = writeln!(self.out, "{deeper}{}", painted(QUIET, &rest));
        }
        if let Some(place) = &test.place {
            let _ = writeln!(
                self.out,
                "{deeper}{}",
                painted(QUIET, &format!("at {}", self.here.path(place)))
            );
        }
        let usual = &test.usual;
        let before = if usual.len() > 1 {
            "a usual cause: "
        } else {
            "usual cause: "
        };
        for Misconception { wrong, tempts } in usual {
            self.out.push_str(&self.terminal.wrapped(
                &format!("{deeper}{}", painted(OPEN, before)),
                &format!("{deeper}  "),
                &sentence(wrong),
            ));
            let tempts = format!("why it tempts: {}", sentence(tempts));
            self.out.push_str(&self.terminal.wrapped(
                &format!("{deeper}  "),
                &format!("{deeper}  "),
                &tempts,
            ));
        }
    }

    /// The stubs that these tests wait for, each once.
    fn waiting(&mut self, tests: &[&TestReport], indent: &str) {
        let mut groups: Vec<(&TestReport, usize)> = Vec::new();
        for test in tests {
            match groups
                .iter_mut()
                .find(|(first, _)| (&first.place, &first.message) == (&test.place, &test.message))
            {
                Some((_, count)) => *count += 1,
                None => groups.push((test, 1)),
            }
        }
        for (test, count) in groups {
            let waits = if count == 1 { "waits" } else { "wait" };
            let line = format!("{} {waits} for {}", counted(count, "test"), self.part(test));
            self.out
                .push_str(&self.terminal.wrapped(indent, indent, &line));
        }
    }

    /// The part that a test waits for, by name where the source shows it.
    fn part(&self, test: &TestReport) -> String {
        let Some(place) = &test.place else {
            return format!("a part that is not built: {}", todo(test));
        };
        let shown = self.here.path(place);
        match self.stub(test) {
            Some(stub) => format!("`{}` ({shown})", stub.name()),
            None => format!("{shown}: {}", todo(test)),
        }
    }

    fn given(&mut self) {
        let report = self.report;
        let broken: Vec<&TestReport> = report.given.iter().filter(|test| !test.passed).collect();
        if !broken.is_empty() {
            let _ = writeln!(self.out);
            self.say("", "A provided file is broken:");
        }
        for test in broken {
            self.failure(test, "  ");
        }
        let failing: Vec<&TestReport> = report
            .others
            .iter()
            .filter(|test| !(test.passed || test.outcome == Outcome::Ignored))
            .collect();
        if !report.others.is_empty() {
            let _ = writeln!(self.out);
            let passed = report.others.iter().filter(|test| test.passed).count();
            let line = format!(
                "In addition, {} that no invariant claims: {passed} passed, {} failed.",
                counted(report.others.len(), "test"),
                failing.len()
            );
            self.say("", &line);
        }
        for test in failing {
            self.failure(test, "  ");
        }
    }

    /// The one thing to do first: fix what is built, then build the next part.
    fn next(&mut self, fresh: bool) {
        let lab = self.lab;
        if self.report.core
            && let Some(hardening) = &self.report.hardening
            && !hardening.graded
        {
            self.offer(hardening);
            return;
        }
        if self.report.all_hold() {
            let line = format!(
                "Next: compare your code with solutions/{}, and read in the book, on the page after {}, which mistakes it does not make.",
                lab.folder,
                in_the_book(&lab.chapter)
            );
            self.say("", &line);
            return;
        }
        let report = self.report;
        let built = report.as_built();
        // Within the stage, what is built and wrong comes first.
        let stage = report.stage().map(|(_, stage)| stage);
        let in_stage = |test: &TestReport| match stage {
            Some(stage) => is_of(stage, test),
            None => true,
        };
        let failing = built
            .iter()
            .copied()
            .find(|(_, test)| is_red(test) && test.outcome != Outcome::NotRun && in_stage(test));
        let start = painted(HEADING, if fresh { "Begin here: " } else { "Next: " });
        let (invariant, hint) = if let Some((invariant, test)) = failing {
            let line = format!("make {} pass; {}.", test.name, self.run_alone(test));
            self.out
                .push_str(&self.terminal.wrapped(&start, "  ", &line));
            (invariant, format!("cargo course hint {}", lab.name))
        } else if let Some((invariant, test, stub)) = self.next_part() {
            let section = stub.and_then(|stub| lab::about(&self.hints, stub));
            let topic = section
                .map(|at| format!(" {}", shell_word(&self.hints[at].topic())))
                .unwrap_or_default();
            // What belongs to no function, such as an answer in the ledger, says itself where it goes.
            let line = match stub {
                Some(_) => format!("build {}.", self.part(test)),
                None => todo(test).to_owned(),
            };
            let is_stub = stub.is_some();
            self.out
                .push_str(&self.terminal.wrapped(&start, "  ", &line));
            if is_stub {
                self.out
                    .push_str(&self.terminal.wrapped("  ", "  ", todo(test)));
            }
            (invariant, format!("cargo course hint {}{topic}", lab.name))
        } else {
            return;
        };
        let page = in_the_book(stage.map_or(&invariant.read, |stage| &stage.read));
        let line = format!("Read {page} in the book; when stuck, `{hint}`.");
        self.out.push_str(&self.terminal.wrapped("  ", "  ", &line));
    }

    /// The part to build next: of all that tests wait for, the one whose hints come first, because
    /// hints stand in the order in which a lab is built.
    fn next_part(&self) -> Option<(&'a InvariantReport, &'a TestReport, Option<&Stub>)> {
        let report: &'a Report = self.report;
        let stage = report.stage().map(|(_, stage)| stage);
        let waiting = report.as_built().into_iter().filter(|(_, test)| {
            let in_stage = stage.is_none_or(|stage| is_of(stage, test));
            in_stage && test.outcome == Outcome::NotBuilt
        });
        let waiting = waiting.map(|(invariant, test)| (invariant, test, self.stub(test)));
        waiting.min_by_key(|(_, test, stub)| {
            let order = stub.and_then(|stub| lab::about(&self.hints, stub));
            (order.unwrap_or(usize::MAX), test.place.clone())
        })
    }

    fn stub(&self, test: &TestReport) -> Option<&Stub> {
        let at = test.place.as_ref()?.to_string();
        self.stubs
            .iter()
            .find(|(place, _)| *place == at)
            .map(|(_, stub)| stub)
    }

    fn remarks(&mut self) {
        let report = self.report;
        if !report.warnings.is_empty() {
            let _ = writeln!(self.out);
            let line = format!(
                "The compiler warns, {}:",
                counted(report.warnings.len(), "time")
            );
            self.say("", &line);
            for warning in report.warnings.iter().take(5) {
                self.out
                    .push_str(&self.terminal.wrapped("  ", "    ", warning));
            }
            if report.warnings.len() > 5 {
                let _ = writeln!(self.out, "  and {} more", report.warnings.len() - 5);
            }
        }
        if !report.notes.is_empty() {
            let _ = writeln!(self.out);
        }
        for note in &report.notes {
            self.out
                .push_str(&self.terminal.wrapped("note: ", "      ", &sentence(note)));
        }
    }

    fn run_alone(&self, test: &TestReport) -> String {
        // The root is another workspace, in which that name is unknown.
        let place = if self.here.in_exercises() {
            ""
        } else {
            " in exercises/"
        };
        format!(
            "`cargo test -p {} {}`{place} runs it alone",
            self.lab.name, test.name
        )
    }

    fn say(&mut self, first: &str, text: &str) {
        self.out.push_str(&self.terminal.wrapped(first, "", text));
    }
}

/// Whether a test fails, and not because a part is not built.
fn is_red(test: &TestReport) -> bool {
    !test.passed && test.outcome != Outcome::NotBuilt
}

fn todo(test: &TestReport) -> &str {
    grade::todo_sentence(&test.message)
}

/// A page's source as the address of the page.
fn in_the_book(page: &str) -> String {
    page.replacen(".md", ".html", 1)
}

/// `text` with a full stop.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '?', '!']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// The files of a lab that a reader has deleted.
fn gone(repo: &Repo, lab: &Lab) -> Vec<String> {
    let folder = lab.dir(repo);
    let Ok(starter) = Starter::of(repo, lab) else {
        return Vec::new();
    };
    let files = starter.files().iter();
    files
        .filter(|file| !folder.join(&file.path).exists())
        .map(|file| file.path.clone())
        .collect()
}
