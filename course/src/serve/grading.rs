//! One grade at a time, the newest save first.
//!
//! A single thread makes all grades: cargo locks the target folder anyway, so a second one would
//! only wait, and take a CPU from the tests of the first.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, anyhow};

use super::hub::{Hub, Last};
use super::{Grader, Say};
use crate::grade::{Report, Stop, Stopped, Verdict};
use crate::lab::{self, Lab};
use crate::memory::{self, Files, Recalled};
use crate::repo::Repo;
use crate::starter::Starter;
use crate::way::{self, LastGrade, Way};
use records::moment;

pub(super) struct Grading {
    repo: Repo,
    hub: Arc<Hub>,
    queue: Arc<Queue>,
    /// Signals that the thread has ended.
    ended: Mutex<mpsc::Receiver<()>>,
}

#[derive(Default)]
struct Queue {
    wanted: Mutex<Jobs>,
    wake: Condvar,
}

#[derive(Default)]
struct Jobs {
    /// The names of labs, each at most once; so it is never longer than the course.
    waiting: VecDeque<String>,
    running: Option<(String, Stop)>,
    closed: bool,
}

impl Grading {
    pub fn start(repo: &Repo, hub: Arc<Hub>, grader: Arc<Grader>, say: Arc<Say>) -> Result<Self> {
        let queue = Arc::new(Queue::default());
        let (end, ended) = mpsc::channel();
        let worker = Worker {
            repo: repo.clone(),
            hub: Arc::clone(&hub),
            grader,
            say,
            queue: Arc::clone(&queue),
            warned: Mutex::default(),
        };
        thread::Builder::new()
            .name("grading".to_owned())
            .spawn(move || {
                worker.run();
                let _ = end.send(());
            })
            .context("cannot start a thread for grading")?;
        Ok(Self {
            repo: repo.clone(),
            hub,
            queue,
            ended: Mutex::new(ended),
        })
    }

    /// Shows what held the last time, and asks for a grade of every lab that has changed since.
    /// What has not changed needs no new grade. Nor does a lab that was not begun: its grade is known, and
    /// compiling it would slow the machine of somebody who has just started, and hold cargo's lock while
    /// they run the next command.
    pub fn begin(&self) {
        let mut changed = Vec::new();
        for lab in lab::all(&self.repo).unwrap_or_default() {
            if !begun(&self.repo, &lab) {
                continue;
            }
            let mut current = false;
            if let Recalled::Known(memory) = memory::recall(&self.repo, &lab)
                && memory.report.graded().next().is_some()
            {
                // One that did not compile is made again: its errors may be those of the toolchain.
                current = memory.report.verdict == Verdict::Graded
                    && memory.files == Files::of(&self.repo, &lab);
                let mut report = memory.report;
                if !current {
                    report.verdict = Verdict::Grading;
                }
                self.hub.graded(Last {
                    report,
                    graded_at: Some(memory.graded_at),
                    from_last_time: true,
                });
            }
            if !current {
                changed.push(lab.name);
            }
        }
        // Before the first request: from then on the worker reports, and what is older must not come
        // after that.
        survey(&self.repo, &self.hub);
        for lab in changed {
            self.queue.request(lab, false);
        }
    }

    /// Asks for a grade of every lab that was begun, after those that are already waiting.
    pub fn request_all(&self) {
        for lab in lab::all(&self.repo).unwrap_or_default() {
            if begun(&self.repo, &lab) {
                self.queue.request(lab.name, false);
            }
        }
    }

    /// Asks for a grade of a lab that depends on what was saved in another, after those that wait.
    pub fn request_later(&self, lab: &str) {
        self.queue.request(lab.to_owned(), false);
    }

    /// Asks for a grade of a lab that was just saved, before all others; a grade of it that is under way
    /// is of the old code, and is stopped.
    pub fn request(&self, lab: &str) {
        self.queue.request(lab.to_owned(), true);
    }

    /// Stops what runs, accepts nothing more, and waits for the end, but not forever.
    pub fn close(&self, grace: Duration) {
        let mut wanted = self.queue.lock();
        wanted.closed = true;
        wanted.waiting.clear();
        if let Some((_, stop)) = &wanted.running {
            stop.stop();
        }
        drop(wanted);
        self.queue.wake.notify_all();
        let _ = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv_timeout(grace);
    }
}

impl Queue {
    fn request(&self, lab: String, urgent: bool) {
        let mut wanted = self.lock();
        if wanted.closed {
            return;
        }
        if urgent {
            // What the reader is working on comes first: a grade of it that is under way is of the old
            // code, and one of another lab is begun again afterwards.
            let interrupted = wanted.running.as_ref().map(|(running, stop)| {
                stop.stop();
                running.clone()
            });
            if let Some(running) = interrupted.filter(|running| !wanted.waiting.contains(running)) {
                wanted.waiting.push_front(running);
            }
            wanted.waiting.retain(|waiting| *waiting != lab);
            wanted.waiting.push_front(lab);
        } else if !wanted.waiting.contains(&lab) {
            wanted.waiting.push_back(lab);
        }
        drop(wanted);
        self.wake.notify_all();
    }

    /// The next lab to grade, as soon as there is one; none when nothing more is to be graded.
    fn next(&self) -> Option<(String, Stop)> {
        let mut wanted = self.lock();
        wanted.running = None;
        loop {
            if wanted.closed {
                return None;
            }
            if let Some(lab) = wanted.waiting.pop_front() {
                let stop = Stop::new();
                wanted.running = Some((lab.clone(), stop.clone()));
                return Some((lab, stop));
            }
            wanted = self
                .wake
                .wait(wanted)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the lab is anything else than its starter; a lab whose starter is not known counts as begun.
fn begun(repo: &Repo, lab: &Lab) -> bool {
    Starter::of(repo, lab).map_or(true, |starter| starter.begun())
}

/// Looks where the reader stands in the whole course, and reports it to the hub.
fn survey(repo: &Repo, hub: &Hub) {
    let labs = lab::all(repo).unwrap_or_default();
    let known = |lab: &Lab| match hub.last(&lab.name) {
        Some(last) if last.graded_at.is_some() => LastGrade::Graded {
            report: Box::new(last.report),
            at: last.graded_at,
            // What changed is being graded already.
            changed: Vec::new(),
        },
        _ => LastGrade::Nothing,
    };
    let way = Way::of(repo, &labs, known);
    hub.stands(serde_json::to_value(way).unwrap_or_default());
}

struct Worker {
    repo: Repo,
    hub: Arc<Hub>,
    grader: Arc<Grader>,
    say: Arc<Say>,
    queue: Arc<Queue>,
    /// Whether it was already reported that grades are not remembered; once is enough.
    warned: Mutex<bool>,
}

impl Worker {
    fn run(&self) {
        while let Some((name, stop)) = self.queue.next() {
            // Read each time: its invariants may be what was just edited.
            match lab::named(&self.repo, &name) {
                Ok(lab) => self.grade(&lab, &stop),
                Err(error) => {
                    self.hub.forget(&name);
                    (self.say)(&format!("{name}: {error:#}"));
                }
            }
            survey(&self.repo, &self.hub);
        }
    }

    fn grade(&self, lab: &Lab, stop: &Stop) {
        let before = self.hub.grading(lab);
        // Before the grade: what is saved while it runs is not what was graded.
        let files = Files::of(&self.repo, lab);
        let outcome =
            std::panic::catch_unwind(AssertUnwindSafe(|| (self.grader)(&self.repo, lab, stop)))
                .unwrap_or_else(|_| {
                    Err(anyhow!(
                        "the grader itself failed; that is a fault of the course, please report it"
                    ))
                });
        let report = match outcome {
            // A newer save: its own grade is next.
            Err(error) if error.is::<Stopped>() => return,
            // Whoever raised the flag does not want an answer either, whatever it is.
            _ if stop.is_stopped() => return,
            Ok(mut report) => {
                if let Some(before) = &before {
                    report.keep_marks(before);
                }
                self.remember(lab, files, &report);
                report
            }
            Err(error) => {
                let mut report = Report::grading(lab);
                report.verdict = Verdict::DoesNotCompile;
                report.message = format!("it cannot be graded: {error:#}");
                if let Some(before) = &before {
                    report.keep_marks(before);
                }
                report
            }
        };
        (self.say)(&line(&report, before.as_ref()));
        self.hub.graded(Last {
            report,
            graded_at: Some(moment::seconds(SystemTime::now())),
            from_last_time: false,
        });
    }

    /// That a grade cannot be kept is no reason not to show it.
    fn remember(&self, lab: &Lab, files: Files, report: &Report) {
        if let Err(error) = memory::keep(&self.repo, lab, files, report) {
            let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::replace(&mut *warned, true) {
                (self.say)(&format!("Grades are not remembered: {error:#}"));
            }
        }
    }
}

/// One line for the terminal: where the lab stands, and what this save changed.
fn line(report: &Report, before: Option<&Report>) -> String {
    let lab = &report.lab;
    let message = report.message.lines().next().unwrap_or_default();
    match report.verdict {
        Verdict::DoesNotCompile => return format!("{lab}: does not compile: {message}"),
        Verdict::TimedOut => return format!("{lab}: {message}"),
        Verdict::Graded | Verdict::Grading => {}
    }
    let mut line = format!("{lab}: {}", way::by_stage(report));
    let held = |report: &Report, id: &str| {
        report
            .invariants
            .iter()
            .any(|known| known.id == id && known.holds)
    };
    if let Some(before) = before {
        let changed = |now: bool| {
            let ids = report
                .invariants
                .iter()
                .filter(|known| known.holds == now && held(before, &known.id) != now);
            ids.map(|known| known.id.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        for (what, ids) in [("new", changed(true)), ("lost", changed(false))] {
            if !ids.is_empty() {
                let _ = write!(line, "; {what}: {ids}");
            }
        }
    }
    let broken = report.given.iter().filter(|test| !test.passed).count();
    if broken > 0 {
        line.push_str("; a provided file is broken");
    }
    line
}
