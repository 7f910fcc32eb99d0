//! Which area of the file is in use.
//!
//! Two slots say so, one sector each, and the one with the higher generation counts. They are written
//! in turn: while one is being written the other one holds. A sector is written whole or not at all, so
//! that a slot which is neither old nor new has been damaged, and the file is refused. To go on with the
//! other slot instead would be to open the store as it was some time ago.

use crate::fact::OpenError;
use crate::frame::{SECTOR_BYTES, checksum, numbers};
use crate::log::{corrupt, failed};
use redb::StorageBackend;
use std::hash::{BuildHasher, RandomState};
use std::io;

/// Where the areas begin: behind the two slots.
pub(crate) const AREAS_AT: u64 = 2 * SECTOR_BYTES;

const MAGIC: u64 = u64::from_le_bytes(*b"FACTLOG1");

const BYTES: usize = 48;

/// An area, and how to tell what belongs to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) generation: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) salt: u64,
}

impl Slot {
    /// A slot for an area that nobody has used yet.
    pub(crate) fn new(generation: u64, start: u64, capacity: u64) -> Self {
        Self {
            generation,
            start,
            end: start + capacity,
            salt: RandomState::new().hash_one(generation),
        }
    }

    /// Writes the slot into its sector.
    pub(crate) fn write(&self, file: &dyn StorageBackend) -> io::Result<()> {
        let mut sector = Vec::new();
        for number in [MAGIC, self.generation, self.start, self.end, self.salt] {
            sector.extend_from_slice(&number.to_le_bytes());
        }
        let sum = checksum(MAGIC, &sector);
        sector.extend_from_slice(&sum.to_le_bytes());
        file.write(self.generation % 2 * SECTOR_BYTES, &sector)
    }

    /// The slot that counts in a file of `len` bytes.
    pub(crate) fn current(file: &dyn StorageBackend, len: u64) -> Result<Self, OpenError> {
        if len < AREAS_AT {
            return Err(corrupt("it is too short for a store"));
        }
        let [even, odd] = [Self::read(file, 0, len)?, Self::read(file, 1, len)?];
        if even.generation.abs_diff(odd.generation) != 1 {
            return Err(corrupt("its slots do not follow each other"));
        }
        let newer_first = even.generation > odd.generation;
        Ok(if newer_first { even } else { odd })
    }

    fn read(file: &dyn StorageBackend, parity: u64, len: u64) -> Result<Self, OpenError> {
        let mut bytes = [0; BYTES];
        file.read(parity * SECTOR_BYTES, &mut bytes)
            .map_err(failed)?;
        let [magic, generation, start, end, salt, sum] = numbers(&bytes);
        let (told, _) = bytes.split_at(BYTES - 8);
        if magic != MAGIC || checksum(MAGIC, told) != sum || generation % 2 != parity {
            return Err(corrupt("a slot is damaged, or it is no store"));
        }
        if start < AREAS_AT || end < start || end > len {
            return Err(corrupt("the file has lost its end"));
        }
        Ok(Self {
            generation,
            start,
            end,
            salt,
        })
    }
}
