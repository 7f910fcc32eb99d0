//! The authority: lab 3's store, in a file or on a disk in memory.

use crate::copy::Accelerator;
use authority::authority::{Authority, Reader, Settings, open, open_file};
use authority::changes::{Changes, Notice};
use authority::fact::{Epoch, IdempotencyKey, OpenError, Write, WriteError};
use authority::group::Committer;
use crashdisk::{Disk, Loss};
use domain::{LessonKey, Progress, Version};
use platform::doubles::Pipe;
use platform::parts::{
    Authority as AuthorityPart, Command, Fact, Fut, NoAnswer, NotStarted, NotWritten, Part,
};
use platform::stage::Ground;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a commit takes on the disk in memory.
const COMMIT: Duration = Duration::from_millis(2);

/// How often a store is tried that a former one of ours may not have let go of yet.
const OPEN_TRIES: u32 = 20;

/// Before each further try.
const OPEN_AGAIN: Duration = Duration::from_millis(50);

/// Where the store is kept.
enum Place {
    File(PathBuf),
    Disk(Mutex<Disk>),
}

/// A store that is open.
struct Up {
    authority: Authority,
    reader: Reader,
    committing: Committing,
}

/// Who commits.
enum Committing {
    /// A thread of its own: a sync blocks.
    Thread(JoinHandle<()>),
    /// Whoever writes, so that one thread is enough and each run is the same.
    Callers(Arc<Mutex<Committer>>),
}

/// Lab 3's authority.
pub(crate) struct Store {
    place: Place,
    up: RwLock<Option<Up>>,
    pipe: Arc<Pipe>,
    cache: OnceLock<Weak<Accelerator>>,
}

impl Store {
    pub(crate) fn open(ground: &Ground, pipe: Arc<Pipe>) -> Result<Self, NotStarted> {
        let place = match ground {
            Ground::Folder(folder) => Place::File(folder.join("progress.redb")),
            Ground::Memory => Place::Disk(Mutex::new(Disk::new())),
        };
        let store = Self {
            up: RwLock::new(None),
            place,
            pipe,
            cache: OnceLock::new(),
        };
        let up = store.opened().map_err(|error| store.not_started(&error))?;
        *write(&store.up) = Some(up);
        Ok(store)
    }

    /// Has the cache told of each change.
    pub(crate) fn tell(&self, cache: &Arc<Accelerator>) {
        let _ = self.cache.set(Arc::downgrade(cache));
        self.listen();
    }

    fn opened(&self) -> Result<Up, OpenError> {
        let (authority, committing) = match &self.place {
            Place::File(file) => {
                let (authority, committer) = open_file(file, Settings::default())?;
                let thread = std::thread::Builder::new().name("commits".into());
                let thread = thread.spawn(move || committer.run());
                let thread = thread.map_err(|error| OpenError::Disk(error.to_string()))?;
                (authority, Committing::Thread(thread))
            }
            Place::Disk(disk) => {
                let (authority, committer) = open(lock(disk).handle(), Settings::default())?;
                let callers = Arc::new(Mutex::new(committer));
                (authority, Committing::Callers(callers))
            }
        };
        let reader = authority.reader();
        Ok(Up {
            authority,
            reader,
            committing,
        })
    }

    fn not_started(&self, error: &OpenError) -> NotStarted {
        NotStarted(match &self.place {
            Place::File(file) => format!("{}: {error}", file.display()),
            Place::Disk(_) => error.to_string(),
        })
    }

    /// Follows the changes of the store that is open now.
    fn listen(&self) {
        let Some(cache) = self.cache.get().cloned() else {
            return;
        };
        let changes = read(&self.up).as_ref().map(|up| up.reader.changes());
        if let Some(changes) = changes {
            // Ends with the store.
            tokio::spawn(follow(changes, cache));
        }
    }
}

async fn follow(mut changes: Changes, cache: Weak<Accelerator>) {
    while let Some(notice) = changes.next().await {
        let Some(cache) = cache.upgrade() else { return };
        match notice {
            Notice::Changed { key, version } => cache.changed(key, version),
            Notice::Missed => cache.missed(),
        }
    }
}

impl Part for Store {
    /// In a file: ends what was begun, and closes. In memory: the power fails.
    fn stop(&self) -> Fut<'_, ()> {
        Box::pin(async move {
            let up = write(&self.up).take();
            let Some(up) = up else { return };
            drop((up.authority, up.reader));
            match (up.committing, &self.place) {
                (Committing::Thread(thread), _) => {
                    let _ = tokio::task::spawn_blocking(move || thread.join()).await;
                }
                (Committing::Callers(committer), Place::Disk(disk)) => {
                    drop(committer);
                    let mut disk = lock(disk);
                    *disk = disk.crash(disk.position(), Loss::Lost);
                }
                (Committing::Callers(_), Place::File(_)) => {}
            }
        })
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        Box::pin(async move {
            let mut tries = 0;
            let up = loop {
                tries += 1;
                match self.opened() {
                    Ok(up) => break up,
                    Err(OpenError::InUse) if tries < OPEN_TRIES => {
                        tokio::time::sleep(OPEN_AGAIN).await;
                    }
                    Err(error) => return Err(self.not_started(&error)),
                }
            };
            *write(&self.up) = Some(up);
            if let Some(cache) = self.cache.get().and_then(Weak::upgrade) {
                // What was announced while nobody listened is unknown.
                cache.missed();
            }
            self.listen();
            Ok(())
        })
    }
}

impl AuthorityPart for Store {
    fn write(&self, command: Command) -> Fut<'_, Result<Version, NotWritten>> {
        Box::pin(async move {
            let (authority, committer) = match read(&self.up).as_ref() {
                None => return Err(NotWritten::NotDone),
                Some(up) => match &up.committing {
                    Committing::Thread(_) => (up.authority.clone(), None),
                    Committing::Callers(committer) => {
                        (up.authority.clone(), Some(Arc::downgrade(committer)))
                    }
                },
            };
            let (key, steps_done) = (command.key, command.steps_done);
            let mut writing = pin!(authority.write(wish(command)?));
            if let Some(committer) = committer {
                // Handed in, and committed with whatever else has gathered meanwhile.
                let handed = poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await;
                if let Poll::Ready(refused) = handed {
                    return refused
                        .map(|receipt| receipt.version())
                        .map_err(|error| told(&error));
                }
                tokio::time::sleep(COMMIT).await;
                if let Some(committer) = committer.upgrade() {
                    lock(&committer).commit_waiting();
                }
            }
            let version = writing.await.map_err(|error| told(&error))?.version();
            self.pipe.commit(Progress {
                key,
                version,
                steps_done,
                completed: true,
            });
            Ok(version)
        })
    }

    fn read(&self, key: LessonKey) -> Fut<'_, Result<Option<Fact>, NoAnswer>> {
        Box::pin(async move {
            let reader = read(&self.up).as_ref().map(|up| up.reader.clone());
            let record = reader.ok_or(NoAnswer::Absent)?.read(key);
            let record = record.map_err(|_| NoAnswer::Absent)?;
            Ok(record.map(|record| Fact {
                progress: record.progress(),
                note: record.note().to_owned(),
            }))
        })
    }
}

fn wish(command: Command) -> Result<Write, NotWritten> {
    let key = IdempotencyKey::new(command.idempotency_key);
    Ok(Write {
        key: command.key,
        expected: command.expected,
        steps_done: command.steps_done,
        completed: true,
        note: command.note,
        idempotency_key: key.map_err(|error| NotWritten::Invalid(error.to_string()))?,
        epoch: Epoch(1),
    })
}

fn told(error: &WriteError) -> NotWritten {
    match error {
        WriteError::TooLarge { .. } => NotWritten::Invalid(error.to_string()),
        WriteError::Stale { current } => NotWritten::Stale { current: *current },
        WriteError::Conflict => NotWritten::Conflict,
        WriteError::Fenced { .. } | WriteError::Stopped => NotWritten::NotDone,
        WriteError::Unknown => NotWritten::Unknown,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
