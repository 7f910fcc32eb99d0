//! What is in the log: frames, each with its number and a checksum.
//!
//! A frame starts at a sector. What a device tears are sectors, so that a frame which is being written
//! can damage itself, and none that is there already.
//!
//! The checksum starts from a number that is drawn for each area anew. So frames from an earlier use of
//! the same bytes are none, and neither is what somebody writes into a note that looks like a frame.

use redb::StorageBackend;
use std::io;

/// What a device writes whole or not at all.
pub(crate) const SECTOR_BYTES: u64 = 512;

const HEAD_BYTES: usize = 24;

/// A frame with this body, as bytes that are ready to be written.
pub(crate) fn encode(salt: u64, sequence: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    let checksum = checksum(checksum(salt, &bytes), body);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// How much room a frame takes in the file.
pub(crate) fn room(bytes: &[u8]) -> u64 {
    (bytes.len() as u64).next_multiple_of(SECTOR_BYTES)
}

/// A frame that was found in the file.
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    /// Where it ends, and the next one starts.
    pub(crate) end: u64,
    pub(crate) body: Vec<u8>,
}

/// The frame that starts at `at` and ends before `limit`, if there is a whole one.
pub(crate) fn read(
    file: &dyn StorageBackend,
    salt: u64,
    at: u64,
    limit: u64,
) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD_BYTES];
    let room = limit.saturating_sub(at);
    let Some(most) = room.checked_sub(HEAD_BYTES as u64) else {
        return Ok(None);
    };
    file.read(at, &mut head)?;
    let [sequence, length, sum] = numbers(&head);
    // A length is believed only as far as there is a file behind it.
    let Some(length) = usize::try_from(length).ok().filter(|_| length <= most) else {
        return Ok(None);
    };
    let mut body = vec![0; length];
    file.read(at + HEAD_BYTES as u64, &mut body)?;
    let (told, _) = head.split_at(HEAD_BYTES - 8);
    let whole = checksum(checksum(salt, told), &body) == sum;
    let bytes = (HEAD_BYTES + length) as u64;
    Ok(whole.then(|| Frame {
        sequence,
        end: at + bytes.next_multiple_of(SECTOR_BYTES),
        body,
    }))
}

/// The numbers that stand at the start of `bytes`; 0 where there are none.
pub(crate) fn numbers<const COUNT: usize>(bytes: &[u8]) -> [u64; COUNT] {
    let (numbers, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|at| numbers.get(at).copied().map_or(0, u64::from_le_bytes))
}

/// FNV-1a: one changed byte always changes it, and more do but for one time in 2⁶⁴.
pub(crate) fn checksum(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
