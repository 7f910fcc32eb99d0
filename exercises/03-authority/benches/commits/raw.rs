//! The disk without an authority: records appended to a file, and one sync. No store that keeps its
//! promise can be cheaper, and none of its promises is kept here but that one.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::time::Instant;

use ladder::child::{Probe, Seat};
use ladder::scratch;

/// About what a write of progress takes with its idempotency key.
const RECORD_BYTES: usize = 80;

/// `GROUP` records and a sync; a sample is the time a record.
pub fn append<const GROUP: u64>(seat: &Seat) -> Result<Probe, String> {
    appending(seat, GROUP)
}

/// The same with as many records as the place on the curve says.
pub fn group(seat: &Seat) -> Result<Probe, String> {
    appending(seat, seat.at)
}

fn appending(seat: &Seat, group: u64) -> Result<Probe, String> {
    let mut file = scratch::file(&seat.folder, "append").map_err(|error| error.to_string())?;
    let bytes = usize::try_from(group).map_err(|error| error.to_string())? * RECORD_BYTES;
    // A log gathers its group in memory: many small writes would measure system calls.
    let records = vec![7; bytes];
    Ok(Box::new(move |mut slice| {
        empty(&mut file)?;
        while slice.goes_on() {
            let start = Instant::now();
            file.write_all(&records)
                .and_then(|()| file.sync_data())
                .map_err(|error| error.to_string())?;
            slice.keep(start.elapsed(), group);
        }
        empty(&mut file)?;
        Ok(slice)
    }))
}

/// Each slice starts with an empty file, so that a long run does not fill the disk.
fn empty(file: &mut File) -> Result<(), String> {
    file.set_len(0)
        .and_then(|()| file.rewind())
        .map_err(|error| error.to_string())
}
