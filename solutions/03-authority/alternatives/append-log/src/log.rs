//! The file: an area with a snapshot and the groups since.
//!
//! A group is one frame, appended and synced. When an area is full, the state goes as a snapshot into
//! another part of the file, and a [slot](crate::slot) then points there: the file holds two areas,
//! used in turn, and grows only with what it has to hold.
//!
//! What cannot be read at the end of an area is either a group that a crash has torn, of which nobody
//! has been told, or a group that was whole and has been damaged since. The first has to be passed over
//! and the second refused. A frame is written only after the one before it is durable; so damage with a
//! whole frame behind it is damage, and damage at the very end is a torn tail. To make that true of the
//! last group as well, an empty frame is put behind it when the store is closed: the seal.
//!
//! What is left open: damage to the last group of a store that was *not* closed is taken for a torn
//! tail. Nothing in one file can tell the two apart.

use crate::fact::OpenError;
use crate::frame::{self, Frame, SECTOR_BYTES};
use crate::slot::{AREAS_AT, Slot};
use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;

/// The least that an area holds: some hundred groups between one snapshot and the next.
const MIN_AREA_BYTES: u64 = 64 * 1024;

/// How much larger an area is than its snapshot: a snapshot is written once for so many times as much
/// in groups.
const AREA_IN_SNAPSHOTS: u64 = 4;

/// A log that is open for appending.
#[derive(Debug)]
pub(crate) struct Log {
    file: Box<dyn StorageBackend>,
    area: Slot,
    /// Where the next frame goes.
    end: u64,
    /// The next frame's number; the snapshot's is 0.
    next: u64,
    /// Whether a seal would say nothing new: nothing has been appended since the last one.
    sealed: bool,
    /// Whether something was begun and has not succeeded. Then nothing more is written: what the disk
    /// holds is not known, and a later sync that succeeds says nothing about an earlier one.
    in_doubt: bool,
}

/// What a log held when it was opened.
pub(crate) struct Found {
    pub(crate) snapshot: Vec<u8>,
    pub(crate) groups: Vec<Vec<u8>>,
}

impl Log {
    /// Opens the log in `file`, or makes one that holds `empty` as its snapshot.
    pub(crate) fn open(
        file: Box<dyn StorageBackend>,
        empty: Vec<u8>,
    ) -> Result<(Self, Found), OpenError> {
        match file.try_lock_range(Bound::Unbounded, Bound::Unbounded) {
            Ok(true) | Err(BackendError::Unsupported) => {}
            Ok(false) => return Err(OpenError::InUse),
            Err(error) => return Err(OpenError::Disk(error.to_string())),
        }
        let len = file.len().map_err(failed)?;
        if len == 0 {
            let log = Self::make(file, &empty).map_err(failed)?;
            let groups = Vec::new();
            let snapshot = empty;
            return Ok((log, Found { snapshot, groups }));
        }
        let area = Slot::current(&*file, len)?;
        let (frames, end) = frames(&*file, area)?;
        let mut log = Self {
            file,
            area,
            end,
            next: frames.len() as u64,
            sealed: frames.last().is_none_or(|last| last.body.is_empty()),
            in_doubt: false,
        };
        log.settle(&frames).map_err(failed)?;
        let mut bodies = frames.into_iter().map(|frame| frame.body);
        let snapshot = bodies.next().unwrap_or_default();
        let groups = bodies.filter(|body| !body.is_empty()).collect();
        Ok((log, Found { snapshot, groups }))
    }

    fn make(file: Box<dyn StorageBackend>, empty: &[u8]) -> io::Result<Self> {
        let area = Slot::new(1, AREAS_AT, MIN_AREA_BYTES);
        let mut log = Self {
            file,
            area,
            end: area.start,
            next: 0,
            sealed: true,
            in_doubt: false,
        };
        log.file.set_len(area.end)?;
        log.put(empty)?;
        log.file.sync_data()?;
        // Both slots from the start, so that one without sense is always damage.
        let before = Slot {
            generation: 0,
            ..area
        };
        before.write(&*log.file)?;
        area.write(&*log.file)?;
        log.file.sync_data()?;
        Ok(log)
    }

    /// Makes sure that what was read is durable, before anybody is shown it.
    ///
    /// After a kill, or a sync that failed, the last group may be there for readers of the file only.
    /// A sync alone does not help: one that succeeds says nothing about a write for which an earlier
    /// one failed. So what may be in doubt is written again, as it was.
    fn settle(&mut self, frames: &[Frame]) -> io::Result<()> {
        if let [before @ .., last] = frames
            && let Some(before) = before.last()
        {
            let bytes = frame::encode(self.area.salt, last.sequence, &last.body);
            self.file.write(before.end, &bytes)?;
        }
        self.area.write(&*self.file)?;
        self.file.sync_data()
    }

    /// Makes a group durable. `snapshot` is the state without it, and is asked for when the area is full.
    pub(crate) fn append(
        &mut self,
        group: &[u8],
        snapshot: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        if self.in_doubt {
            return Err(io::Error::other("the disk has failed before"));
        }
        self.in_doubt = true;
        let bytes = frame::encode(self.area.salt, self.next, group);
        // There is always room left for the seal.
        if self.end + frame::room(&bytes) + SECTOR_BYTES <= self.area.end {
            self.put(group)?;
            self.file.sync_data()?;
        } else {
            self.move_on(&snapshot()?, group)?;
        }
        self.sealed = false;
        self.in_doubt = false;
        Ok(())
    }

    /// Goes on in another area. Until the slot is durable all of the old one holds.
    fn move_on(&mut self, snapshot: &[u8], group: &[u8]) -> io::Result<()> {
        let needed = (snapshot.len() + group.len()) as u64 + 4 * SECTOR_BYTES;
        let wanted = AREA_IN_SNAPSHOTS * snapshot.len() as u64;
        let capacity = needed.max(wanted).max(MIN_AREA_BYTES).next_power_of_two();
        let in_front = AREAS_AT + capacity <= self.area.start;
        let start = if in_front { AREAS_AT } else { self.area.end };
        self.area = Slot::new(self.area.generation + 1, start, capacity);
        (self.end, self.next) = (start, 0);
        if self.file.len()? < self.area.end {
            self.file.set_len(self.area.end)?;
        }
        self.put(snapshot)?;
        self.put(group)?;
        self.file.sync_data()?;
        self.area.write(&*self.file)?;
        self.file.sync_data()
    }

    /// Writes the next frame, and does not sync it.
    fn put(&mut self, body: &[u8]) -> io::Result<()> {
        let bytes = frame::encode(self.area.salt, self.next, body);
        self.file.write(self.end, &bytes)?;
        self.end += frame::room(&bytes);
        self.next += 1;
        Ok(())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if !self.in_doubt && !self.sealed {
            // If it fails, the last group is as safe as without a seal.
            let _ = self.put(&[]).and_then(|()| self.file.sync_data());
        }
        let _ = self.file.close();
    }
}

/// The whole frames of an area, and where the last one ends.
fn frames(file: &dyn StorageBackend, area: Slot) -> Result<(Vec<Frame>, u64), OpenError> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut end = area.start;
    while let Some(frame) = frame::read(file, area.salt, end, area.end).map_err(failed)? {
        if frame.sequence != frames.len() as u64 {
            break;
        }
        end = frame.end;
        frames.push(frame);
    }
    if frames.is_empty() {
        return Err(corrupt("its snapshot is damaged"));
    }
    let mut at = end + SECTOR_BYTES;
    while at < area.end {
        let later = frame::read(file, area.salt, at, area.end).map_err(failed)?;
        if later.is_some_and(|later| later.sequence > frames.len() as u64) {
            return Err(corrupt("a group is damaged, and a later one is whole"));
        }
        at += SECTOR_BYTES;
    }
    Ok((frames, end))
}

pub(crate) fn corrupt(what: &str) -> OpenError {
    OpenError::Corrupt(what.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn failed(error: io::Error) -> OpenError {
    OpenError::Disk(error.to_string())
}
