//! The authority, in the test's hands.

use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testbed::{Gate, note};
use tokio::time::Instant;

/// What a load panics with when the test makes it panic.
pub const ASKED_TO: &str = "asked to";

/// Holds progress with its history, and answers loads when the test says so. Clones are the same.
///
/// A load looks at the facts when it begins, and not when it is let go: the answer of a slow authority
/// is an old one. Unless the test lets it look once more: nobody on the other side knows.
#[derive(Clone, Default)]
pub struct Authority(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// When each version was made; version 1 first.
    history: HashMap<LessonKey, Vec<Instant>>,
    loads: Vec<Load>,
    holding: bool,
    failing: bool,
    running: usize,
    most_running: usize,
}

struct Load {
    key: LessonKey,
    began: Instant,
    gate: Gate,
    end: End,
    /// It waits at its gate, or has been let go and has not ended yet.
    parked: bool,
    /// It was let go. Whether it goes is up to whoever drives it.
    let_go: bool,
    /// What it saw when it looked once more.
    looked: Option<u64>,
    stage: Stage,
    /// The version that it brought, if it has ended with a value.
    brought: Option<u64>,
}

/// How far a load is.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    Runs,
    Ended,
    GivenUp,
}

#[derive(Clone, Copy)]
enum End {
    Value,
    Failure,
    Panic,
}

impl Authority {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next version of `key`, without telling anybody.
    pub fn change(&self, key: LessonKey) -> Version {
        let version = {
            let mut state = self.state();
            let history = state.history.entry(key).or_default();
            history.push(Instant::now());
            Version(history.len() as u64)
        };
        note(format!(
            "the authority makes version {} of {}",
            version.0,
            name(key)
        ));
        version
    }

    /// The version that it holds now; 0 for "not begun".
    pub fn version(&self, key: LessonKey) -> u64 {
        self.state().version(key)
    }

    /// From now on each load stops at its gate.
    pub fn hold(&self) {
        self.state().holding = true;
    }

    /// From now on loads are answered at once; those at their gates stay there.
    pub fn stop_holding(&self) {
        self.state().holding = false;
    }

    /// From now on each load fails, or no longer.
    pub fn set_failing(&self, failing: bool) {
        note(if failing {
            "the authority is down"
        } else {
            "the authority is up again"
        });
        self.state().failing = failing;
    }

    /// Lets a load go on; the first is number 1.
    pub fn release(&self, number: usize) {
        self.end(number, End::Value);
    }

    /// Lets a load look at the facts once more, and stay at its gate.
    pub fn look(&self, number: usize) {
        note(format!("load {number} looks only now"));
        let mut state = self.state();
        let version = state.version(state.loads[number - 1].key);
        state.loads[number - 1].looked = Some(version);
    }

    /// Lets a load fail.
    pub fn fail(&self, number: usize) {
        self.end(number, End::Failure);
    }

    /// Lets a load panic.
    pub fn panic(&self, number: usize) {
        self.end(number, End::Panic);
    }

    fn end(&self, number: usize, end: End) {
        let mut state = self.state();
        let begun = state.loads.len();
        let Some(load) = number.checked_sub(1).and_then(|at| state.loads.get_mut(at)) else {
            panic!("Load {number} was expected to have begun, and only {begun} have.");
        };
        load.end = end;
        load.let_go = true;
        load.gate.open();
    }

    /// Lets every load go on that is at its gate.
    pub fn release_all(&self) {
        for load in &mut self.state().loads {
            load.let_go = true;
            load.gate.open();
        }
    }

    /// The numbers of the loads that are at their gates and were not let go, oldest first.
    pub fn parked(&self) -> Vec<usize> {
        let state = self.state();
        let numbered = state.loads.iter().enumerate();
        numbered
            .filter(|(_, load)| load.parked && !load.let_go)
            .map(|(at, _)| at + 1)
            .collect()
    }

    /// How many loads have begun.
    pub fn loads(&self) -> usize {
        self.state().loads.len()
    }

    /// How many loads of `key` have begun.
    pub fn loads_of(&self, key: LessonKey) -> usize {
        let state = self.state();
        state.loads.iter().filter(|load| load.key == key).count()
    }

    /// When a load began.
    pub fn began(&self, number: usize) -> Instant {
        self.state().loads[number - 1].began
    }

    /// Which key a load asks for.
    pub fn key_of(&self, number: usize) -> LessonKey {
        self.state().loads[number - 1].key
    }

    /// Whether a load has neither ended nor been given up.
    pub fn is_running(&self, number: usize) -> bool {
        self.state().loads[number - 1].stage == Stage::Runs
    }

    /// Whether a load was dropped before it had ended.
    pub fn was_given_up(&self, number: usize) -> bool {
        self.state().loads[number - 1].stage == Stage::GivenUp
    }

    /// Whether a load has looked once more.
    pub fn has_looked(&self, number: usize) -> bool {
        self.state().loads[number - 1].looked.is_some()
    }

    /// The version that a load brought; `None` if it did not end with a value.
    pub fn brought(&self, number: usize) -> Option<u64> {
        self.state().loads[number - 1].brought
    }

    /// How many loads run.
    pub fn running(&self) -> usize {
        self.state().running
    }

    /// The most loads that ran at the same time.
    pub fn most_running(&self) -> usize {
        self.state().most_running
    }
}

impl State {
    fn version(&self, key: LessonKey) -> u64 {
        self.history.get(&key).map_or(0, |made| made.len() as u64)
    }
}

impl Source for Authority {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let (running, gate, version) = {
            let mut state = self.state();
            let gate = Gate::closed();
            let parked = state.holding;
            let failing = state.failing;
            state.loads.push(Load {
                key,
                began: Instant::now(),
                gate: gate.clone(),
                end: if failing { End::Failure } else { End::Value },
                parked,
                let_go: false,
                looked: None,
                stage: Stage::Runs,
                brought: None,
            });
            state.running += 1;
            state.most_running = state.most_running.max(state.running);
            let number = state.loads.len();
            let version = state.version(key);
            drop(state);
            note(format!(
                "load {number} of {} begins, and the authority has {}",
                name(key),
                told(version)
            ));
            let running = Running {
                authority: self,
                number,
                done: false,
            };
            (running, parked.then_some(gate), version)
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
        let number = running.number;
        let (end, version) = {
            let mut state = self.state();
            let load = &mut state.loads[number - 1];
            let version = load.looked.unwrap_or(version);
            if matches!(load.end, End::Value) {
                load.brought = Some(version);
            }
            (load.end, version)
        };
        running.done();
        match end {
            End::Value => {
                note(format!("load {number} brings {}", told(version)));
                Ok(value(key, version))
            }
            End::Failure => {
                note(format!("load {number} fails"));
                Err(SourceError)
            }
            End::Panic => {
                note(format!("load {number} panics"));
                // Not `panic!`: this one is part of the test, and no news to its story.
                std::panic::resume_unwind(Box::new(ASKED_TO))
            }
        }
    }
}

/// A load that runs; one that is not done when it is dropped has been given up.
struct Running<'a> {
    authority: &'a Authority,
    number: usize,
    done: bool,
}

impl Running<'_> {
    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.done {
            note(format!("load {} is given up", self.number));
        }
        let mut state = self.authority.state();
        state.running -= 1;
        let load = &mut state.loads[self.number - 1];
        load.parked = false;
        load.stage = if self.done {
            Stage::Ended
        } else {
            Stage::GivenUp
        };
    }
}

/// What the authority answers for `key` at a version.
pub fn value(key: LessonKey, version: u64) -> Option<Progress> {
    (version > 0).then(|| Progress {
        key,
        version: Version(version),
        steps_done: u32::try_from(version).unwrap_or(u32::MAX),
        completed: version.is_multiple_of(2),
    })
}

/// A key's name in a story.
pub fn name(key: LessonKey) -> String {
    match key.learner.0 {
        1 => format!("lesson {}", key.lesson.0),
        learner => format!("lesson {} of learner {learner}", key.lesson.0),
    }
}

/// What the authority has, in a story.
pub fn told(version: u64) -> String {
    match version {
        0 => "no value for it".to_owned(),
        version => format!("version {version}"),
    }
}
