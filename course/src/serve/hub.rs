//! What the server, the watcher and the grader share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::grade::{Report, Verdict};
use crate::lab::Lab;

/// Something that an open page has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// There is a new book.
    Reload,
    /// A grade or the state of the book changed.
    State,
}

/// How many events a slow page may be behind. If it falls further behind, it is told to fetch the state
/// once, which is all that it could learn from the events anyway.
const BACKLOG: usize = 16;

pub(super) struct Hub {
    known: Mutex<Known>,
    events: broadcast::Sender<Event>,
    /// Asks for the book to be built again.
    rebuild: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct Known {
    labs: BTreeMap<String, Last>,
    /// Where the reader stands in the whole course.
    way: Value,
    site: Option<PathBuf>,
    /// Counts the books; with the process's id it identifies one.
    build: u64,
    /// Counts the changes of everything that `state` shows.
    version: u64,
    /// Why the last build failed.
    broken: Option<String>,
}

/// The last grade of a lab.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Last {
    #[serde(flatten)]
    pub report: Report,
    /// When it was made, in seconds since 1970; none while the first is being made.
    pub graded_at: Option<u64>,
    /// It was remembered from an earlier run of the server.
    pub from_last_time: bool,
}

impl Hub {
    pub fn new() -> Self {
        Self {
            known: Mutex::default(),
            events: broadcast::Sender::new(BACKLOG),
            rebuild: OnceLock::new(),
        }
    }

    /// Sets what is called when the book has gone; only the first call counts.
    pub fn on_lost(&self, rebuild: impl Fn() + Send + Sync + 'static) {
        let _ = self.rebuild.set(Box::new(rebuild));
    }

    /// The book in `folder` is not there any more, because somebody removed the build folder. Until it
    /// is built again there is none.
    pub fn lost(&self, folder: &Path) {
        let mut known = self.known();
        if known.site.as_deref() != Some(folder) {
            return;
        }
        known.site = None;
        drop(known);
        if let Some(rebuild) = self.rebuild.get() {
            rebuild();
        }
    }

    /// Every event from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The folder of the last book that could be built.
    pub fn site(&self) -> Option<PathBuf> {
        self.known().site.clone()
    }

    /// A name for the book that is served now, other than that of any book before it, also of a
    /// server that ran earlier.
    pub fn build(&self) -> String {
        format!("{}-{}", std::process::id(), self.known().build)
    }

    /// How often the state has changed.
    pub fn version(&self) -> u64 {
        self.known().version
    }

    /// Why the last build failed, if it did.
    pub fn broken(&self) -> Option<String> {
        self.known().broken.clone()
    }

    /// Everything that a page shows in addition to its text.
    pub fn state(&self) -> Value {
        let known = self.known();
        json!({
            "version": known.version,
            "book": { "ok": known.broken.is_none(), "message": known.broken.as_deref().unwrap_or_default() },
            "labs": known.labs,
            "way": known.way,
        })
    }

    /// A new book is ready to be served. Returns the folder of the previous one.
    pub fn publish(&self, site: PathBuf) -> Option<PathBuf> {
        let mut known = self.known();
        known.build += 1;
        known.version += 1;
        let before = known.site.replace(site);
        drop(known);
        self.send(Event::Reload);
        before
    }

    /// The book builds again. Returns whether it did not before.
    pub fn recovered(&self) -> bool {
        let was_broken = self.known().broken.take().is_some();
        if was_broken {
            self.changed();
        }
        was_broken
    }

    /// The book does not build.
    pub fn failed(&self, message: String) {
        self.known().broken = Some(message);
        self.changed();
    }

    /// A grade is being made. The previous marks are shown until it is ready, and are returned.
    pub fn grading(&self, lab: &Lab) -> Option<Report> {
        let mut known = self.known();
        let before = known.labs.get(&lab.name).map(|last| last.report.clone());
        let last = known.labs.entry(lab.name.clone()).or_insert_with(|| Last {
            report: Report::grading(lab),
            graded_at: None,
            from_last_time: false,
        });
        last.report.verdict = Verdict::Grading;
        last.report.message.clear();
        drop(known);
        self.changed();
        before
    }

    /// A grade is ready.
    pub fn graded(&self, graded: Last) {
        let name = graded.report.lab.clone();
        self.known().labs.insert(name, graded);
        self.changed();
    }

    /// The last grade of a lab.
    pub fn last(&self, lab: &str) -> Option<Last> {
        self.known().labs.get(lab).cloned()
    }

    /// The reader's way through the course was worked out again.
    pub fn stands(&self, way: Value) {
        let mut known = self.known();
        if known.way != way {
            known.way = way;
            drop(known);
            self.changed();
        }
    }

    /// A lab is gone.
    pub fn forget(&self, lab: &str) {
        if self.known().labs.remove(lab).is_some() {
            self.changed();
        }
    }

    fn changed(&self) {
        self.known().version += 1;
        self.send(Event::State);
    }

    fn send(&self, event: Event) {
        // Without a page nobody listens.
        let _ = self.events.send(event);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it holds the lock, and what is known stays usable if it did.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
