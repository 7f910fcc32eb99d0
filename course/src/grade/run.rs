//! Runs the tests of one executable, each in its own process, as many at once as there are CPUs.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::output::{self, Panic};
use super::{Limits, Stopped, spoken};
use crate::process::{self, Bounds, End, Finished, Stop};

/// How much memory one test may have: many times what any lab's solution needs, and little enough that a
/// loop which allocates does not bring the machine down.
const MAX_TEST_BYTES: u64 = 2 << 30;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed by a `todo!`: this part is not built yet.
    NotBuilt,
    /// It failed.
    Failed,
    /// Its process died: an abort, a stack overflow, an exit.
    Crashed,
    /// It had not ended when its time was up.
    Spun,
    /// The time for all tests was up before its turn came.
    NotRun,
    /// It is marked `#[ignore]`.
    Ignored,
}

/// One test's run.
#[derive(Debug, Clone)]
pub(crate) struct TestRun {
    pub name: String,
    pub outcome: Outcome,
    pub panics: Vec<Panic>,
    /// What else it printed, or what happened to its process.
    pub said: String,
    /// Whether it did not end: we stopped it, or its own story did.
    pub spun: bool,
    /// The function in which it was then, where that is known.
    pub spun_in: Option<String>,
}

impl TestRun {
    fn new(name: &str, outcome: Outcome, panics: Vec<Panic>, said: String) -> Self {
        Self {
            name: name.to_owned(),
            outcome,
            panics,
            said,
            spun: outcome == Outcome::Spun,
            spun_in: None,
        }
    }

    fn not_run(name: &str, why: &str) -> Self {
        Self::new(name, Outcome::NotRun, Vec::new(), why.to_owned())
    }

    /// The function that it is, whichever modules hold it.
    pub fn function(&self) -> &str {
        self.name.rsplit("::").next().unwrap_or(&self.name)
    }

    /// What it printed, or the panic that ended it.
    pub fn text(&self) -> &str {
        match self.panics.last() {
            Some(panic) if self.said.is_empty() => &panic.message,
            _ => &self.said,
        }
    }
}

/// A test executable and the conditions under which it runs.
#[derive(Clone, Copy)]
pub(crate) struct Runner<'a> {
    pub binary: &'a Path,
    /// The package's folder, as `cargo test` would set it.
    pub folder: &'a Path,
    pub limits: Limits,
    pub stop: &'a Stop,
}

impl Runner<'_> {
    /// Runs every test of the executable; in the order in which libtest lists them.
    pub fn run_all(&self) -> Result<Vec<TestRun>> {
        let names = self.list()?;
        self.run(&names)
    }

    /// The names of the tests, as libtest lists them.
    pub fn list(&self) -> Result<Vec<String>> {
        let mut command = self.command();
        command.args(["--list", "--format", "terse"]);
        let finished = process::run(command, self.limits.test, self.stop, None)
            .with_context(|| format!("cannot run {}", self.binary.display()))?;
        match finished.end {
            End::Stopped => return Err(Stopped.into()),
            _ if finished.succeeded() => {}
            _ => bail!(
                "{} cannot list its tests: {}",
                self.binary.display(),
                finished.stderr.trim()
            ),
        }
        let tests = finished
            .stdout
            .lines()
            .filter_map(|line| line.strip_suffix(": test"));
        Ok(tests.map(str::to_owned).collect())
    }

    /// Runs these tests.
    pub fn run(&self, names: &[String]) -> Result<Vec<TestRun>> {
        let deadline = Instant::now() + self.limits.tests;
        // Each test that is run as a story writes a record of its end here.
        let records = tempfile::tempdir().context("cannot make a temporary folder")?;
        let queue: Mutex<VecDeque<(usize, &String)>> =
            Mutex::new(names.iter().enumerate().collect());
        let runs: Mutex<Vec<(usize, TestRun)>> = Mutex::new(Vec::with_capacity(names.len()));
        let workers = thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let next = || {
            queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
        };
        let spins = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some((index, name)) = next() {
                let enough = self
                    .limits
                    .spins
                    .is_some_and(|enough| spins.load(Ordering::Relaxed) >= enough);
                let run = if enough {
                    TestRun::not_run(name, "not run: too many tests before it did not end")
                } else {
                    let record = records.path().join(index.to_string());
                    self.run_one(name, deadline, &record)?
                };
                spins.fetch_add(usize::from(run.spun), Ordering::Relaxed);
                runs.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((index, run));
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..workers.min(names.len()))
                .map(|_| scope.spawn(work))
                .collect();
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        let mut runs = runs.into_inner().unwrap_or_else(PoisonError::into_inner);
        runs.sort_by_key(|(index, _)| *index);
        Ok(runs.into_iter().map(|(_, run)| run).collect())
    }

    fn run_one(&self, name: &str, deadline: Instant, record: &Path) -> Result<TestRun> {
        let left = deadline.saturating_duration_since(Instant::now());
        let run = |outcome, panics, said| TestRun::new(name, outcome, panics, said);
        if left.is_zero() {
            return Ok(TestRun::not_run(
                name,
                "not run: the time for all tests was up",
            ));
        }
        let limit = self.limits.test.min(left);
        let mut command = self.command();
        // Not `--test-threads=1`: that would run it on the main thread, with another stack.
        command.args([name, "--exact"]).env("STORY_RECORD", record);
        let bounds = Bounds {
            time: limit,
            memory_bytes: Some(MAX_TEST_BYTES),
        };
        let finished = process::run_within(command, bounds, self.stop, None)
            .with_context(|| format!("cannot run {}", self.binary.display()))?;
        Ok(match finished.end {
            End::Stopped => return Err(Stopped.into()),
            End::TimedOut => run(Outcome::Spun, Vec::new(), spun(limit)),
            End::Exited(status) => match output::verdict(&finished.stdout) {
                Some(output::Libtest::Ok) if status.success() => {
                    run(Outcome::Passed, Vec::new(), String::new())
                }
                Some(output::Libtest::Ignored) => run(Outcome::Ignored, Vec::new(), String::new()),
                Some(output::Libtest::Failed) => {
                    let text = std::fs::read_to_string(record).unwrap_or_default();
                    let record = output::Ending::parse(&text);
                    let spun = record.as_ref().is_some_and(|record| record.spin);
                    let (panics, spun_in) = match record {
                        Some(record) => (vec![record.panic], record.function),
                        None => (output::panics_in(&finished.stdout), None),
                    };
                    let todo = panics.iter().any(Panic::is_todo);
                    let outcome = if todo {
                        Outcome::NotBuilt
                    } else {
                        Outcome::Failed
                    };
                    TestRun {
                        spun,
                        spun_in,
                        ..run(outcome, panics, output::captured(&finished.stdout))
                    }
                }
                _ => run(
                    Outcome::Crashed,
                    output::panics_in(&finished.stderr),
                    crashed(&finished),
                ),
            },
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.binary);
        command
            .current_dir(self.folder)
            .env("CARGO_MANIFEST_DIR", self.folder)
            // A backtrace through the runtime hides the one line that matters.
            .env("RUST_BACKTRACE", "0")
            .env_remove("RUST_TEST_THREADS")
            .env_remove("RUST_TEST_NOCAPTURE");
        command
    }
}

fn spun(limit: Duration) -> String {
    format!(
        "still running after {}, so it was stopped: a loop that never ends, a wait for something that never comes, or a thread that \
         blocks (`std::thread::sleep`, a blocking read or lock) where it should `.await`",
        spoken(limit)
    )
}

fn crashed(finished: &Finished) -> String {
    let how = match finished.end {
        End::Exited(status) => ending(status),
        End::TimedOut | End::Stopped => String::new(),
    };
    let said = finished.stderr.trim();
    if said.contains("memory allocation of") {
        return format!(
            "the test asked for more than {} GiB of memory, and was stopped: something grows without end, or \
             as much is reserved as somebody announces\n{said}",
            MAX_TEST_BYTES >> 30
        );
    }
    if said.is_empty() {
        how
    } else {
        format!("{how}\n{said}")
    }
}

#[cfg(unix)]
fn ending(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.signal(), status.code()) {
        (Some(6), _) => "the test's process aborted (signal 6)".to_owned(),
        (Some(9), _) => {
            "the test's process was killed (signal 9); did it run out of memory?".to_owned()
        }
        (Some(11), _) => "the test's process crashed (signal 11)".to_owned(),
        (Some(signal), _) => format!("the test's process died of signal {signal}"),
        (None, code) => left_early(code),
    }
}

#[cfg(not(unix))]
fn ending(status: std::process::ExitStatus) -> String {
    left_early(status.code())
}

fn left_early(code: Option<i32>) -> String {
    format!(
        "the test's process ended with code {} before the test did; does something call `exit`?",
        code.unwrap_or(-1)
    )
}
