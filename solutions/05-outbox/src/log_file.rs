//! Batches of records in a file.
//!
//! A batch is written after the last one and starts at a sector boundary: a device writes a sector whole
//! or not at all, so a batch which is being written can damage itself and nothing before it. Its header
//! holds the first record's offset, the number of records, their length, and a checksum of all that and
//! of the records.
//!
//! This is the format of the file, and it makes no decisions. When to sync, what readers may see and
//! what to do with a damaged end is up to the [stream](crate::stream).
//!
//! The file is never trimmed. A log that runs for years is cut into segments, and the oldest are dropped
//! once no reader needs them; which readers do is a question that chapter 6 comes back to.

use crate::message::{Message, Record};
use domain::Offset;
use redb::StorageBackend;
use std::io;

/// What a device writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// The checksum, the first offset, how many records, and their bytes.
const HEAD_BYTES: usize = 32;

/// The file: its batches and its end.
#[derive(Debug)]
pub struct LogFile {
    storage: Box<dyn StorageBackend>,
    /// For each batch, its first offset and where it starts in the file.
    batches: Vec<(u64, u64)>,
    /// The offset of the next record.
    end: u64,
    /// Where in the file the next batch goes.
    length: u64,
}

/// What follows the last whole batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tail {
    /// Nothing.
    Clean,
    /// A batch that is not whole, and no whole one after it: a crash tore it while it was written.
    Torn,
    /// A batch that is not whole, and a whole one after it. The later one was written when this one was
    /// durable, so this one has been damaged since.
    Damaged,
}

impl LogFile {
    /// Reads the file, up to the last batch that is whole.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn open(storage: Box<dyn StorageBackend>) -> io::Result<(Self, Tail)> {
        let mut file = Self {
            storage,
            batches: Vec::new(),
            end: 0,
            length: 0,
        };
        let found = file.storage.len()?;
        while let Some(batch) = Batch::read(&*file.storage, file.length, found)? {
            if batch.first != file.end || batch.count == 0 {
                break;
            }
            file.batches.push((file.end, file.length));
            file.end += batch.count;
            file.length = (file.length + batch.room).min(found);
        }
        let tail = file.tail(found)?;
        Ok((file, tail))
    }

    fn tail(&self, found: u64) -> io::Result<Tail> {
        if self.length >= found {
            return Ok(Tail::Clean);
        }
        let mut at = self.length + SECTOR_BYTES as u64;
        while at < found {
            let later = Batch::read(&*self.storage, at, found)?;
            if later.is_some_and(|later| later.count > 0 && later.first > self.end) {
                return Ok(Tail::Damaged);
            }
            at += SECTOR_BYTES as u64;
        }
        Ok(Tail::Torn)
    }

    /// The offset after the last record, whether it is durable or not.
    pub fn end(&self) -> Offset {
        Offset(self.end)
    }

    /// Writes a batch after the last one. It can be read at once, and is durable after the next
    /// [`sync`](Self::sync) that succeeds.
    ///
    /// # Errors
    /// When the storage fails; then the end of the file is unknown.
    pub fn append(&mut self, batch: &[Message]) -> io::Result<()> {
        let bytes = encode(self.end, batch);
        self.storage.write(self.length, &bytes)?;
        self.batches.push((self.end, self.length));
        self.end += batch.len() as u64;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes durable what was appended. After a sync that failed, a later one that succeeds proves
    /// nothing about what was appended before.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn sync(&self) -> io::Result<()> {
        self.storage.sync_data()
    }

    /// Makes durable what was found when the file was opened: cuts off what follows the last whole
    /// batch, writes that batch again, since an earlier sync of it may have failed, and syncs.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn settle(&mut self) -> io::Result<()> {
        if let Some(&(_, at)) = self.batches.last() {
            let length = usize::try_from(self.length - at).map_err(io::Error::other)?;
            let mut bytes = vec![0; length];
            self.storage.read(at, &mut bytes)?;
            bytes.resize(length.next_multiple_of(SECTOR_BYTES), 0);
            self.length = at + bytes.len() as u64;
            self.storage.set_len(self.length)?;
            self.storage.write(at, &bytes)?;
        } else {
            self.storage.set_len(0)?;
        }
        self.storage.sync_data()
    }

    /// The records from `from` on, at most `max`, including those that are not durable yet.
    ///
    /// # Errors
    /// When the storage fails, or a batch has been damaged since it was written.
    pub fn read(&self, from: Offset, max: usize) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        let behind = self.batches.partition_point(|(first, _)| *first <= from.0);
        for &(first, at) in &self.batches[behind.saturating_sub(1)..] {
            if records.len() >= max {
                break;
            }
            let batch = Batch::read(&*self.storage, at, self.length)?;
            let batch = batch.filter(|batch| batch.first == first);
            let batch = batch.ok_or_else(|| io::Error::other("a batch has been damaged"))?;
            let all = batch.records()?.into_iter();
            records.extend(all.filter(|record| record.offset >= from));
        }
        records.truncate(max);
        Ok(records)
    }
}

/// A whole batch, as it was found in the file.
struct Batch {
    first: u64,
    count: u64,
    /// Its length in the file, in bytes.
    room: u64,
    body: Vec<u8>,
}

impl Batch {
    /// The batch that starts at `at` and ends before `limit`, if there is a whole one.
    fn read(storage: &dyn StorageBackend, at: u64, limit: u64) -> io::Result<Option<Self>> {
        let Some(room) = limit.checked_sub(at + HEAD_BYTES as u64) else {
            return Ok(None);
        };
        let mut head = [0; HEAD_BYTES];
        storage.read(at, &mut head)?;
        let [sum, first, count, length] = numbers(&head);
        // A length is trusted only up to the end of the file.
        if length > room {
            return Ok(None);
        }
        let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        storage.read(at + HEAD_BYTES as u64, &mut body)?;
        let whole = checksum(&[&head[8..], &body]) == sum;
        Ok(whole.then(|| Self {
            first,
            count,
            room: (HEAD_BYTES as u64 + length).next_multiple_of(SECTOR_BYTES as u64),
            body,
        }))
    }

    fn records(&self) -> io::Result<Vec<Record>> {
        let mut rest = &self.body[..];
        let mut records = Vec::new();
        for offset in self.first..self.first + self.count {
            let cut_short = || io::Error::other("a batch is shorter than its header says");
            let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(cut_short)?;
            let length = u32::from_le_bytes(*length) as usize;
            let (bytes, behind) = behind.split_at_checked(length).ok_or_else(cut_short)?;
            records.push(Record {
                offset: Offset(offset),
                message: Message::from_bytes(bytes).ok_or_else(cut_short)?,
            });
            rest = behind;
        }
        Ok(records)
    }
}

/// A batch as bytes, in whole sectors.
fn encode(first: u64, batch: &[Message]) -> Vec<u8> {
    let mut bytes = vec![0; HEAD_BYTES];
    for message in batch {
        let message = message.to_bytes();
        let length = u32::try_from(message.len()).expect("the stream has limited the size");
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&message);
    }
    let length = (bytes.len() - HEAD_BYTES) as u64;
    for (at, number) in [first, batch.len() as u64, length].into_iter().enumerate() {
        bytes[8 * (at + 1)..8 * (at + 2)].copy_from_slice(&number.to_le_bytes());
    }
    let sum = checksum(&[&bytes[8..HEAD_BYTES], &bytes[HEAD_BYTES..]]);
    bytes[..8].copy_from_slice(&sum.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(SECTOR_BYTES), 0);
    bytes
}

fn numbers(head: &[u8; HEAD_BYTES]) -> [u64; 4] {
    let (numbers, _) = head.as_chunks::<8>();
    std::array::from_fn(|at| u64::from_le_bytes(numbers[at]))
}

/// Eight bytes at a time, each step a bijection: one changed word always changes the sum, and several do
/// except one time in 2⁶⁴. It detects damage; it is not a signature.
fn checksum(parts: &[&[u8]]) -> u64 {
    let mut sum = 0x6f75_7462_6f78_2131;
    let mut add = |word: u64| {
        sum = (sum ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    };
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        add(u64::from_le_bytes(last));
        add(part.len() as u64);
    }
    sum
}
