//! The dashboard: lab 6's view, its projector, and where its checkpoints are.

use crate::medium::{blocking, lock};
use crate::news::News;
use domain::Offset;
use platform::bounds;
use platform::parts::{Dashboard, Fut, NoAnswer, NotStarted, Part, Stream as _, View};
use platform::stage::Ground;
use platform::ways::Ways;
use projection::checkpoint;
use projection::dashboard::{Dashboard as Reading, Lag, TooOld};
use projection::log::{Body, Log as _, Recorded};
use projection::plan::{Counting, Plan, PlanVersion, Subject};
use projection::projector::{Projector, ProjectorError, Settings};
use projection::rebuild::rebuild;
use projection::shelf::Shelf;
use projection::store::{Store, StoreError};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The wait after a step that did nothing.
const AGAIN: Duration = Duration::from_millis(500);

/// How many lessons the dashboard names.
const TOP: usize = 5;

/// Lab 6's view. Clones are the same.
#[derive(Clone)]
pub(crate) struct Figures(Arc<Inner>);

struct Inner {
    ways: Ways,
    news: News,
    shelf: Shelf,
    keep: Keep,
    plan: Mutex<Plan>,
    /// When the view last had every event.
    level_at: Mutex<Instant>,
    running: Mutex<Option<JoinHandle<()>>>,
}

fn settings() -> Settings {
    Settings {
        batch: NonZeroUsize::new(64).expect("not zero"),
        checkpoint_every: NonZeroU64::new(64).expect("not zero"),
    }
}

impl Figures {
    pub(crate) fn open(ways: &Ways, news: &News, ground: &Ground) -> Self {
        let keep = Keep::new(ground);
        let plan = Plan {
            version: keep.newest().unwrap_or(PlanVersion(1)),
            counting: Counting::Completed,
        };
        let figures = Self(Arc::new(Inner {
            ways: ways.clone(),
            news: news.clone(),
            shelf: Shelf::new(),
            keep,
            plan: Mutex::new(plan),
            level_at: Mutex::new(Instant::now()),
            running: Mutex::new(None),
        }));
        figures.run(None);
        figures
    }

    fn run(&self, projector: Option<Projector<News, Keep>>) {
        let figures = self.clone();
        let running = tokio::spawn(async move { figures.project(projector).await });
        if let Some(before) = lock(&self.0.running).replace(running) {
            before.abort();
        }
    }

    /// Keeps the view up to date, for ever.
    async fn project(&self, projector: Option<Projector<News, Keep>>) {
        let inner = &self.0;
        let mut projector = match projector {
            Some(projector) => projector,
            None => self.started().await,
        };
        loop {
            let (began, before) = (Instant::now(), projector.watermark());
            let step = async { projector.step().await.map_err(Stumble::Projector) };
            match inner.ways.derive(step).await {
                Ok(step) if step.moved > 0 => self.trace(before, step.moved, began).await,
                Ok(_) => {
                    self.lag();
                    inner.news.wait().await;
                }
                Err(Stumble::Projector(ProjectorError::Superseded { .. })) => return,
                Err(stumble) => {
                    if let Stumble::Projector(error) = &stumble {
                        tracing::debug!(%error, "the view cannot continue");
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    async fn started(&self) -> Projector<News, Keep> {
        let inner = &self.0;
        loop {
            let plan = *lock(&inner.plan);
            let (log, keep, place) = (inner.news.clone(), inner.keep.clone(), inner.shelf.clone());
            match Projector::start(plan, log, keep, place, settings()).await {
                Ok(projector) => return projector,
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Notes, in the traces, which events have become part of the view.
    async fn trace(&self, from: Offset, moved: u64, began: Instant) {
        let at_most = usize::try_from(moved).unwrap_or(usize::MAX);
        if let Ok(records) = self.0.news.read(from, at_most).await {
            for Recorded { body, .. } in records {
                if let Body::Event(event) = body {
                    self.0.ways.derived(event.id(), began);
                }
            }
        }
        self.lag();
    }

    /// How many events the view lacks, including those that are not published yet.
    fn lag(&self) -> u64 {
        let there = self.0.news.published() + self.0.news.waiting();
        let lag = there.saturating_sub(self.watermark());
        if lag == 0 {
            *lock(&self.0.level_at) = Instant::now();
        }
        lag
    }
}

/// Why a step failed.
enum Stumble {
    Projector(ProjectorError),
    Away,
}

impl From<NoAnswer> for Stumble {
    fn from(_: NoAnswer) -> Self {
        Self::Away
    }
}

impl Part for Figures {
    fn stop(&self) -> Fut<'_, ()> {
        if let Some(running) = lock(&self.0.running).take() {
            running.abort();
        }
        // What was in memory is gone.
        self.0.shelf.delete();
        Box::pin(async {})
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.run(None);
        Box::pin(async { Ok(()) })
    }
}

impl View for Figures {
    fn look(&self) -> Fut<'_, Result<Dashboard, NoAnswer>> {
        Box::pin(async move {
            let reading = Reading::new(self.0.news.clone(), self.0.shelf.clone());
            let answer = reading.read(0, TooOld::Label).await;
            let answer = answer.map_err(|_| NoAnswer::Absent)?;
            let late = self.lag() > 0 && lock(&self.0.level_at).elapsed() > bounds::VIEW_LAG;
            let mut top = Vec::new();
            for (subject, row) in answer.view.rows() {
                if let Subject::Lesson(lesson) = subject {
                    top.push((lesson, row.completed));
                }
            }
            let completed = top.iter().map(|(_, completed)| completed).sum();
            top.sort_by_key(|(lesson, completed)| (u64::MAX - completed, *lesson));
            top.truncate(TOP);
            Ok(Dashboard {
                watermark: answer.view.watermark().0,
                completed,
                top,
                stale: late || answer.lag == Lag::Unknown,
            })
        })
    }

    /// Rebuilds it aside, under a newer plan, and swaps it in.
    fn rebuild(&self) -> Fut<'_, Result<(), NoAnswer>> {
        Box::pin(async move {
            let inner = &self.0;
            let plan = {
                let mut plan = lock(&inner.plan);
                plan.version.0 += 1;
                *plan
            };
            let (log, keep, place) = (inner.news.clone(), inner.keep.clone(), inner.shelf.clone());
            let anew = rebuild(plan, log, keep, place, settings()).await;
            self.run(Some(anew.map_err(|_| NoAnswer::Absent)?));
            Ok(())
        })
    }

    fn watermark(&self) -> u64 {
        let view = self.0.shelf.current();
        view.map_or(0, |view| view.watermark().0)
    }
}

/// Where checkpoints are kept: files in a folder, or a map.
#[derive(Clone)]
pub(crate) enum Keep {
    Folder(PathBuf),
    Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>),
}

impl Keep {
    fn new(ground: &Ground) -> Self {
        match ground {
            Ground::Folder(folder) => Self::Folder(folder.clone()),
            Ground::Memory => Self::Memory(Arc::default()),
        }
    }

    /// The newest plan that has a checkpoint.
    fn newest(&self) -> Option<PlanVersion> {
        let names = self.all().ok()?;
        names
            .iter()
            .filter_map(|name| checkpoint::plan_of(name))
            .max()
    }

    fn all(&self) -> std::io::Result<Vec<String>> {
        match self {
            Self::Memory(kept) => Ok(lock(kept).keys().cloned().collect()),
            Self::Folder(folder) => {
                let mut names = Vec::new();
                for entry in std::fs::read_dir(folder)? {
                    names.push(entry?.file_name().to_string_lossy().into_owned());
                }
                Ok(names)
            }
        }
    }
}

/// Writes a new file next to it, syncs that, and renames it.
fn put(folder: &std::path::Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, folder.join(name))?;
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl Store for Keep {
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        match self {
            Self::Memory(kept) => {
                lock(kept).insert(name.to_owned(), bytes);
                Ok(())
            }
            Self::Folder(folder) => {
                let (folder, name) = (folder.clone(), name.to_owned());
                let done = blocking(move || put(&folder, &name, &bytes)).await;
                match done {
                    Some(Ok(())) => Ok(()),
                    Some(Err(error)) if error.kind() == std::io::ErrorKind::StorageFull => {
                        Err(StoreError::Full)
                    }
                    _ => Err(StoreError::Unavailable),
                }
            }
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Memory(kept) => Ok(lock(kept).get(name).cloned()),
            Self::Folder(folder) => match std::fs::read(folder.join(name)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(_) => Err(StoreError::Unavailable),
            },
        }
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Memory(kept) => {
                lock(kept).remove(name);
                Ok(())
            }
            Self::Folder(folder) => match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(StoreError::Unavailable)
                }
                _ => Ok(()),
            },
        }
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        self.all().map_err(|_| StoreError::Unavailable)
    }
}
