//! Waits for files to change, and decides what that requires: a new book, or a new grade.

mod work;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result};
use notify::event::{AccessKind, AccessMode, MetadataKind, ModifyKind};
use notify::{Event, EventKind, PollWatcher, RecursiveMode, Watcher};

use super::Say;
use super::grading::Grading;
use super::hub::Hub;
use super::site::Site;
use crate::lab;
use crate::repo::Repo;
use work::{request, work_of};

/// An editor saves in several steps (write, rename, touch). After the last one, wait this long.
const QUIET: Duration = Duration::from_millis(80);

/// Files that change all the time (an editor's log, say) must not hold up the others forever.
const MAX_ROUNDS: u32 = 10;

/// Paths to remember. Beyond this, so much has changed that it is not worth distinguishing.
const MAX_PATHS: usize = 1_000;

/// Where the system reports no events, look this often.
const POLL: Duration = Duration::from_secs(1);

/// The folders whose files matter, below the repository's root.
const FOLDERS: [&str; 6] = [
    "src",
    "theme",
    "exercises",
    "solutions",
    ".course",
    "course/reference",
];

pub(super) struct Watch {
    repo: Repo,
    changed: Arc<Changed>,
    watcher: Option<Box<dyn Watcher + Send>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Changed {
    paths: Mutex<Paths>,
    wake: Condvar,
}

#[derive(Default)]
struct Paths {
    changed: BTreeSet<PathBuf>,
    /// There were more than are remembered, or the system lost some.
    too_many: bool,
    /// The book that was built is not there any more.
    book_lost: bool,
    closed: bool,
}

/// What was noticed since the last time.
struct Noticed {
    paths: BTreeSet<PathBuf>,
    too_many: bool,
    book_lost: bool,
}

impl Watch {
    /// Begins to watch. Where the system cannot report changes, or the reader asked for it by `poll`, the
    /// files are looked at once a second; where even that fails the reader gets a message.
    pub fn new(repo: &Repo, poll: bool, say: &Arc<Say>) -> Self {
        let changed = Arc::new(Changed::default());
        let mut watch = Self {
            repo: repo.clone(),
            changed,
            watcher: None,
            thread: None,
        };
        let silent = silent_file_system(repo.root());
        if let (Some(kind), false) = (&silent, poll) {
            say(&format!(
                "This folder is on a {kind} file system, which may not report changes: files are looked at once \
                 a second instead."
            ));
        }
        if !poll && silent.is_none() {
            let events = notify::recommended_watcher(watch.changed.handler());
            let Err(error) = watch.arm_with(events) else {
                return watch;
            };
            say(&format!(
                "The system does not report changes here ({error:#}): files are looked at once a second instead."
            ));
        }
        let config = notify::Config::default()
            .with_poll_interval(POLL)
            // A file system that reports nothing may keep dates only to the second, or to two.
            .with_compare_contents(true);
        let looks = PollWatcher::new(watch.changed.handler(), config);
        if let Err(error) = watch.arm_with(looks) {
            say(&format!(
                "Files cannot be watched ({error:#}), so reload the page yourself after a change."
            ));
        }
        watch
    }

    /// Makes the book be built again when `hub` finds it gone.
    pub fn rebuild_for(&self, hub: &Hub) {
        let changed = Arc::clone(&self.changed);
        hub.on_lost(move || {
            changed.lock().book_lost = true;
            changed.wake.notify_all();
        });
    }

    /// Hands the site and the grades to a thread that acts on every change.
    pub fn run(mut self, mut site: Site, grading: Arc<Grading>) -> Result<Self> {
        let changed = Arc::clone(&self.changed);
        let repo = self.repo.clone();
        let mut watcher = self.watcher.take();
        let included = site.included();
        // On a thread of its own: a save during a build of the book must not wait for its end.
        let (rebuild, due) = mpsc::channel();
        let books = thread::Builder::new()
            .name("book".to_owned())
            .spawn(move || {
                while let Ok(lost) = due.recv() {
                    // One build covers everything that came meanwhile.
                    let lost = due.try_iter().fold(lost, |any, lost| any || lost);
                    if lost {
                        site.forget();
                    }
                    site.build();
                }
            })
            .context("cannot start a thread for building the book")?;
        let thread = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || {
                while let Some(Noticed {
                    paths,
                    too_many,
                    book_lost,
                }) = changed.next()
                {
                    if let Some(watcher) = &mut watcher {
                        rearm(&repo, watcher.as_mut(), &paths, too_many);
                    }
                    let labs = lab::all(&repo).unwrap_or_default();
                    let work = work_of(&repo, &labs, &paths, too_many, |path| {
                        included.contains(path)
                    });
                    request(&grading, &work);
                    if work.book || book_lost {
                        let _ = rebuild.send(book_lost);
                    }
                }
                drop(rebuild);
                let _ = books.join();
            })
            .context("cannot start a thread for watching files")?;
        self.thread = Some(thread);
        Ok(self)
    }

    fn arm_with<W: Watcher + Send + 'static>(&mut self, watcher: notify::Result<W>) -> Result<()> {
        let mut watcher = watcher?;
        watcher.watch(self.repo.root(), RecursiveMode::NonRecursive)?;
        for folder in FOLDERS {
            let folder = self.repo.root().join(folder);
            if folder.is_dir() {
                watcher.watch(&folder, RecursiveMode::Recursive)?;
            }
        }
        self.watcher = Some(Box::new(watcher));
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.changed.lock().closed = true;
        self.changed.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // It ends after the build that it may be in.
            let _ = thread.join();
        }
    }
}

impl Changed {
    fn handler(self: &Arc<Self>) -> impl FnMut(notify::Result<Event>) + Send + 'static {
        let changed = Arc::clone(self);
        move |event| {
            let mut paths = changed.lock();
            match event {
                Ok(event) if event.need_rescan() => paths.too_many = true,
                Ok(event) if is_change(event.kind) => {
                    if paths.changed.len() + event.paths.len() > MAX_PATHS {
                        paths.too_many = true;
                    } else {
                        paths.changed.extend(event.paths);
                    }
                }
                // An event that could not be read may have been about any file.
                Err(_) => paths.too_many = true,
                Ok(_) => return,
            }
            drop(paths);
            changed.wake.notify_all();
        }
    }

    /// Waits for changes and then for quiet; none when nobody watches any more.
    fn next(&self) -> Option<Noticed> {
        let mut paths = self.lock();
        while !paths.closed && paths.changed.is_empty() && !paths.too_many && !paths.book_lost {
            paths = self
                .wake
                .wait(paths)
                .unwrap_or_else(PoisonError::into_inner);
        }
        for _ in 0..MAX_ROUNDS {
            if paths.closed {
                return None;
            }
            let (guard, timeout) = self
                .wake
                .wait_timeout(paths, QUIET)
                .unwrap_or_else(PoisonError::into_inner);
            paths = guard;
            if timeout.timed_out() {
                break;
            }
        }
        if paths.closed {
            return None;
        }
        Some(Noticed {
            paths: std::mem::take(&mut paths.changed),
            too_many: std::mem::take(&mut paths.too_many),
            book_lost: std::mem::take(&mut paths.book_lost),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Paths> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kind of file system that `root` is on, if it is one that does not report changes made from outside:
/// a Windows drive in WSL2, a container's mount, a network share.
fn silent_file_system(root: &Path) -> Option<String> {
    kind_among_silent(&std::fs::read_to_string("/proc/self/mounts").ok()?, root)
}

fn kind_among_silent(mounts: &str, root: &Path) -> Option<String> {
    const SILENT: [&str; 12] = [
        "9p",
        "drvfs",
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "virtiofs",
        "vboxsf",
        "prl_fs",
        "fuse.grpcfuse",
        "fakeowner",
    ];
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        // A space in a path is written as its octal number.
        let at = fields.next()?.replace("\\040", " ");
        Some((PathBuf::from(at), fields.next()?))
    });
    let (_, kind) = mounted
        .filter(|(at, _)| root.starts_with(at))
        .max_by_key(|(at, _)| at.components().count())?;
    SILENT.contains(&kind).then(|| kind.to_owned())
}

/// Reading a file is an event as well, and we read them all.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_)
        | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
        _ => true,
    }
}

/// A watched folder that was removed is not watched any more, even when it comes back. So each whose own
/// name is among the changes is watched anew.
fn rearm(
    repo: &Repo,
    watcher: &mut (dyn Watcher + Send),
    paths: &BTreeSet<PathBuf>,
    too_many: bool,
) {
    for folder in FOLDERS {
        let folder = repo.root().join(folder);
        if too_many || paths.contains(&folder) {
            let _ = watcher.unwatch(&folder);
            if folder.is_dir() {
                let _ = watcher.watch(&folder, RecursiveMode::Recursive);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_share_or_a_container_s_mount_is_known_to_be_silent() {
        let mounts = "overlay / overlay rw 0 0\nC:\\134 /mnt/c 9p rw 0 0\n/dev/sdb /home ext4 rw 0 0\nhost:/x /home/me/my\\040course nfs4 rw 0 0\n";
        let kind = |path: &str| super::kind_among_silent(mounts, std::path::Path::new(path));
        assert_eq!(kind("/mnt/c/course").as_deref(), Some("9p"));
        assert_eq!(kind("/home/me/my course/book").as_deref(), Some("nfs4"));
        assert_eq!(kind("/home/me/other"), None);
        assert_eq!(kind("/srv"), None);
    }
}
