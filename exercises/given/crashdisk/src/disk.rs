//! The disk, and a running program's handle on it.

use crate::log::{self, Loss, Op};
use redb::StorageBackend;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A disk with one file. Clones are the same disk.
#[derive(Clone, Default)]
pub struct Disk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Counts the operations of all files of this machine.
    clock: Arc<AtomicUsize>,
    /// Signals every change of `held` and `syncing`.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The content before the log began.
    base: Vec<u8>,
    /// What a running program reads: everything it has written, durable or not.
    image: Vec<u8>,
    log: Vec<Op>,
    /// For each entry of the log, its number among the operations of the whole machine.
    moments: Vec<usize>,
    syncs: usize,
    /// How many of the next syncs fail.
    syncs_to_fail: usize,
    /// The longest that the file may become, if there is a limit.
    capacity_bytes: Option<u64>,
    /// Whether syncs wait for [`Disk::release_syncs`].
    held: bool,
    /// How many syncs are waiting because of `held`.
    syncing: usize,
}

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk with a file that holds `image`, all of it durable.
    #[must_use]
    pub fn holding(image: Vec<u8>) -> Self {
        let disk = Self::new();
        disk.hold(image);
        disk
    }

    fn hold(&self, image: Vec<u8>) {
        let mut state = self.state();
        state.base.clone_from(&image);
        state.image = image;
    }

    /// Does an operation, and logs it.
    fn log(&self, op: Op) {
        self.state().log(op, &self.0.clock);
    }

    /// Another file of the same machine, with a disk of its own: when the power fails, it fails for both.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self(Arc::new(Shared {
            clock: Arc::clone(&self.0.clock),
            ..Shared::default()
        }))
    }

    /// How many operations there have been on all files of this machine: the next crash point of
    /// [`crash_all`](Self::crash_all).
    #[must_use]
    pub fn moment(&self) -> usize {
        self.0.clock.load(Ordering::SeqCst)
    }

    /// The files of one machine as they are after the power failed before its operation number `moment`.
    /// They are files of one machine again.
    #[must_use]
    pub fn crash_all<const FILES: usize>(
        files: [&Self; FILES],
        moment: usize,
        loss: Loss,
    ) -> [Self; FILES] {
        let machine = Self::new();
        files.map(|file| {
            let state = file.state();
            let at = state.moments.partition_point(|at| *at < moment);
            let image = log::after_crash(&state.base, &state.log[..at], loss);
            drop(state);
            let found = machine.beside();
            found.hold(image);
            found
        })
    }

    /// The files of one machine as another process finds them after the one that used them was killed
    /// before the operation number `moment`. Everything that it wrote can be read, but what it had not
    /// synced can still be lost by a crash.
    #[must_use]
    pub fn kill_all<const FILES: usize>(files: [&Self; FILES], moment: usize) -> [Self; FILES] {
        let machine = Self::new();
        files.map(|file| {
            let state = file.state();
            let at = state.moments.partition_point(|at| *at < moment);
            let (base, log) = (state.base.clone(), state.log[..at].to_vec());
            drop(state);
            let found = machine.beside();
            found.hold(base);
            for op in log {
                found.log(op);
            }
            found
        })
    }

    /// A handle for a program that runs on this disk.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.clone())
    }

    /// How many operations there have been: the next crash point.
    #[must_use]
    pub fn position(&self) -> usize {
        self.state().log.len()
    }

    /// How many syncs have succeeded.
    #[must_use]
    pub fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// How long the file is, in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.state().image.len()
    }

    /// What a running program reads.
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        self.state().image.clone()
    }

    /// The disk as it is after the power failed before the operation number `at`.
    ///
    /// # Panics
    /// When there have been fewer operations.
    #[must_use]
    pub fn crash(&self, at: usize, loss: Loss) -> Self {
        let state = self.state();
        Self::holding(log::after_crash(&state.base, &state.log[..at], loss))
    }

    /// Lets the next `syncs` syncs fail.
    pub fn fail_syncs(&self, syncs: usize) {
        self.state().syncs_to_fail = syncs;
    }

    /// Limits the length of the file.
    pub fn set_capacity_bytes(&self, capacity_bytes: Option<u64>) {
        self.state().capacity_bytes = capacity_bytes;
    }

    /// Lets syncs wait until [`release_syncs`](Self::release_syncs).
    pub fn hold_syncs(&self) {
        self.state().held = true;
    }

    /// Lets the syncs that wait continue, and all later ones.
    pub fn release_syncs(&self) {
        self.state().held = false;
        self.0.changed.notify_all();
    }

    /// Waits, in real time, until a sync is held. Returns whether one is: it gives up when `ended` is
    /// true, since then nothing is left that would sync.
    pub fn wait_for_a_held_sync(&self, ended: impl Fn() -> bool) -> bool {
        /// How often to check `ended`.
        const ASK_EVERY: Duration = Duration::from_millis(5);
        let mut state = self.state();
        while state.syncing == 0 {
            if ended() {
                return false;
            }
            (state, _) = self
                .0
                .changed
                .wait_timeout(state, ASK_EVERY)
                .unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Nothing panics while the lock is held, except by a test's own misuse.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Disk")
            .field("len_bytes", &state.image.len())
            .field("operations", &state.log.len())
            .finish_non_exhaustive()
    }
}

/// A running program's handle on a [`Disk`].
#[derive(Clone, Debug)]
pub struct Handle(Disk);

impl StorageBackend for Handle {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.0.state().image.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let state = self.0.state();
        let beyond = || io::Error::new(io::ErrorKind::UnexpectedEof, "a read beyond the end");
        let start = usize::try_from(offset).map_err(|_| beyond())?;
        let end = start.checked_add(out.len()).ok_or_else(beyond)?;
        out.copy_from_slice(state.image.get(start..end).ok_or_else(beyond)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut state = self.0.state();
        if state.capacity_bytes.is_some_and(|capacity| len > capacity) {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the disk is full",
            ));
        }
        state.log(Op::SetLen(len), &self.0.0.clock);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut state = self.0.state();
        state.syncing += 1;
        self.0.0.changed.notify_all();
        state = self
            .0
            .0
            .changed
            .wait_while(state, |state| state.held)
            .unwrap_or_else(PoisonError::into_inner);
        state.syncing -= 1;
        if state.syncs_to_fail > 0 {
            state.syncs_to_fail -= 1;
            state.log(Op::FailedSync, &self.0.0.clock);
            return Err(io::Error::other("the device could not write"));
        }
        state.syncs += 1;
        state.log(Op::Sync, &self.0.0.clock);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut state = self.0.state();
        let end = offset.saturating_add(data.len() as u64);
        if state.capacity_bytes.is_some_and(|capacity| end > capacity) {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the disk is full",
            ));
        }
        let op = Op::Write {
            offset,
            bytes: data.into(),
        };
        state.log(op, &self.0.0.clock);
        Ok(())
    }
}

impl State {
    /// Does an operation, and logs it.
    fn log(&mut self, op: Op, clock: &AtomicUsize) {
        log::apply_whole(&mut self.image, &op);
        self.log.push(op);
        self.moments.push(clock.fetch_add(1, Ordering::SeqCst));
    }
}
