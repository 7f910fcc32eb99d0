//! The authority: lab 3's store, with lab 5's outbox in its transactions.

use crate::copy::Accelerator;
use crate::medium::{Medium, Trouble, blocking, lock, opened};
use authority::authority::{Authority, Reader, Settings, open_database, open_in};
use authority::changes::{Changes, Notice};
use authority::fact::{Epoch, IdempotencyKey, OpenError, Write, WriteError};
use authority::group::{Committer, MAX_GROUP};
use domain::{LessonKey, Version};
use outbox::outbox::Outbox;
use platform::parts::{
    Authority as AuthorityPart, Command, Fact, Fut, NoAnswer, NotStarted, NotWritten, Part,
};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;

/// How long a commit takes on a disk in memory.
const COMMIT: Duration = Duration::from_millis(2);

/// How many events may wait to be published. Commands are refused before that.
const MAX_WAITING: u64 = 100_000;

/// The wait before each further try to open a store whose disk has failed.
const HEAL_AGAIN: Duration = Duration::from_secs(1);

/// A store that is open.
struct Up {
    authority: Authority,
    reader: Reader,
    outbox: Outbox,
    committing: Committing,
}

/// What runs the commits.
enum Committing {
    /// A thread of its own: a sync blocks.
    Thread(JoinHandle<()>),
    /// The task that writes, so that one thread is enough and each run is the same.
    Callers(Arc<Mutex<Committer>>),
}

/// Lab 3's authority.
pub(crate) struct Store {
    medium: Medium,
    up: RwLock<Option<Up>>,
    /// Held while the store goes down or comes up.
    turning: tokio::sync::Mutex<()>,
    /// Whether it is meant to be up.
    wanted: RwLock<bool>,
    cache: OnceLock<Weak<Accelerator>>,
    me: Weak<Self>,
    /// Signals each commit.
    pub(crate) committed: Notify,
}

impl Store {
    pub(crate) fn open(medium: Medium) -> Result<Arc<Self>, NotStarted> {
        let up = open(&medium)?;
        Ok(Arc::new_cyclic(|me| Self {
            medium,
            up: RwLock::new(Some(up)),
            turning: tokio::sync::Mutex::default(),
            wanted: RwLock::new(true),
            cache: OnceLock::new(),
            me: me.clone(),
            committed: Notify::new(),
        }))
    }

    /// Notifies the cache of each change.
    pub(crate) fn tell(&self, cache: &Arc<Accelerator>) {
        let _ = self.cache.set(Arc::downgrade(cache));
        self.listen();
    }

    /// The outbox, while the store is up.
    pub(crate) fn outbox(&self) -> Option<Outbox> {
        read(&self.up).as_ref().map(|up| up.outbox.clone())
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

    async fn go_down(&self) {
        let Some(up) = write(&self.up).take() else {
            return;
        };
        drop((up.authority, up.reader, up.outbox));
        match up.committing {
            Committing::Thread(thread) => {
                blocking(move || thread.join()).await;
            }
            Committing::Callers(committer) => drop(committer),
        }
    }

    fn come_up(&self, up: Up) {
        *write(&self.up) = Some(up);
        if let Some(cache) = self.cache.get().and_then(Weak::upgrade) {
            // Changes that were announced while nothing was listening are unknown.
            cache.missed();
        }
        self.listen();
        self.committed.notify_waiters();
    }

    /// The disk has failed: what the store holds is unknown until it has been opened again.
    fn heal(&self) {
        let Some(store) = self.me.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            let Ok(_turning) = store.turning.try_lock() else {
                return;
            };
            tracing::error!("the store's disk has failed; the store is opened again");
            store.go_down().await;
            while *read(&store.wanted) {
                match opened(|| open(&store.medium)).await {
                    Ok(up) => return store.come_up(up),
                    Err(why) => tracing::error!(%why, "the store cannot be opened again yet"),
                }
                tokio::time::sleep(HEAL_AGAIN).await;
            }
        });
    }
}

fn open(medium: &Medium) -> Result<Up, Trouble> {
    let trouble = |error: OpenError| match error {
        OpenError::InUse => medium.in_use(),
        other => medium.trouble(&other),
    };
    let database = open_database(medium.backend()?).map_err(trouble)?;
    let outbox = Outbox::open(Arc::clone(&database), MAX_WAITING);
    let outbox = outbox.map_err(|error| medium.trouble(&error))?;
    let clock = if medium.blocks() { now_ms } else { || 0 };
    let (authority, committer) =
        open_in(database, Settings::default(), outbox.alongside(clock)).map_err(trouble)?;
    let committing = if medium.blocks() {
        let thread = std::thread::Builder::new().name("commits".into());
        let thread = thread.spawn(move || committer.run());
        Committing::Thread(thread.map_err(|error| medium.trouble(&error))?)
    } else {
        Committing::Callers(Arc::new(Mutex::new(committer)))
    };
    let reader = authority.reader();
    Ok(Up {
        authority,
        reader,
        outbox,
        committing,
    })
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
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
    /// With a file: finishes what was begun, and closes. In memory: the power fails.
    fn stop(&self) -> Fut<'_, ()> {
        Box::pin(async move {
            *write(&self.wanted) = false;
            let _turning = self.turning.lock().await;
            self.go_down().await;
            self.medium.power_fails();
        })
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        Box::pin(async move {
            *write(&self.wanted) = true;
            let _turning = self.turning.lock().await;
            self.come_up(opened(|| open(&self.medium)).await?);
            Ok(())
        })
    }
}

impl AuthorityPart for Store {
    fn write(&self, command: Command) -> Fut<'_, Result<Version, NotWritten>> {
        Box::pin(async move {
            let (authority, outbox, committer) = match read(&self.up).as_ref() {
                None => return Err(NotWritten::NotDone),
                Some(up) => {
                    let committer = match &up.committing {
                        Committing::Thread(_) => None,
                        Committing::Callers(committer) => Some(Arc::downgrade(committer)),
                    };
                    (up.authority.clone(), up.outbox.clone(), committer)
                }
            };
            // A full outbox would fail the whole group, so commands are refused while there is room.
            let room = MAX_WAITING - 2 * MAX_GROUP as u64;
            if outbox.waiting().unwrap_or(MAX_WAITING) > room {
                return Err(NotWritten::NotDone);
            }
            drop(outbox);
            let mut writing = pin!(authority.write(wish(command)?));
            let mut said = None;
            if let Some(committer) = committer {
                // Queued, and committed with whatever else has gathered meanwhile.
                said = poll_fn(|cx| match writing.as_mut().poll(cx) {
                    Poll::Ready(said) => Poll::Ready(Some(said)),
                    Poll::Pending => Poll::Ready(None),
                })
                .await;
                if said.is_none() {
                    tokio::time::sleep(COMMIT).await;
                    if let Some(committer) = committer.upgrade() {
                        lock(&committer).commit_waiting();
                    }
                }
            }
            let said = match said {
                Some(said) => said,
                None => writing.await,
            };
            match said {
                Ok(receipt) => {
                    self.committed.notify_waiters();
                    Ok(receipt.version())
                }
                Err(error) => {
                    if matches!(error, WriteError::Unknown | WriteError::Stopped)
                        && *read(&self.wanted)
                    {
                        self.heal();
                    }
                    Err(told(&error))
                }
            }
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

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
