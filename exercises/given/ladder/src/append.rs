//! Records appended to a file: the disk without a store or a stream on top of it.
//!
//! No store that keeps its promises can be cheaper, and of all those promises an append with a sync keeps one.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::time::Instant;

use crate::child::{Probe, Seat};
use crate::scratch;

/// Appends `records` of `record_bytes` each and syncs them once, over and over; a sample is the time a record.
///
/// They are written at once: a log gathers its group in memory, and many small writes would measure system
/// calls. The sync is `sync_data`: the bytes and the file's new length, but not its time stamps.
///
/// # Errors
/// When the file cannot be made, or `records` of that size cannot be in memory.
pub fn synced(seat: &Seat, records: u64, record_bytes: usize) -> Result<Probe, String> {
    appending(seat, "append-fsync", records, record_bytes, File::sync_data)
}

/// The same without a sync: the system has taken the record, and the disk may not have it.
///
/// # Errors
/// As [`synced`].
pub fn unsynced(seat: &Seat, records: u64, record_bytes: usize) -> Result<Probe, String> {
    appending(seat, "append", records, record_bytes, |_| Ok(()))
}

fn appending(
    seat: &Seat,
    name: &str,
    records: u64,
    record_bytes: usize,
    end: impl Fn(&File) -> std::io::Result<()> + 'static,
) -> Result<Probe, String> {
    let mut file = scratch::file(&seat.folder, name).map_err(|error| error.to_string())?;
    let bytes = usize::try_from(records)
        .ok()
        .and_then(|records| records.checked_mul(record_bytes))
        .ok_or_else(|| format!("{records} records of {record_bytes} bytes are too many"))?;
    let group = vec![7; bytes];
    Ok(Box::new(move |mut slice| {
        // Each slice starts with an empty file, so that a long run does not fill the disk.
        empty(&mut file)?;
        while slice.goes_on() {
            let start = Instant::now();
            file.write_all(&group)
                .and_then(|()| end(&file))
                .map_err(|error| error.to_string())?;
            slice.keep(start.elapsed(), records);
        }
        empty(&mut file)?;
        Ok(slice)
    }))
}

fn empty(file: &mut File) -> Result<(), String> {
    file.set_len(0)
        .and_then(|()| file.rewind())
        .map_err(|error| error.to_string())
}
