//! The rungs of the disk: an append that the system has taken, and one that the disk has.

use std::fs::File;
use std::io::{Seek as _, Write as _};

use super::MESSAGE_BYTES;
use crate::child::{Probe, Seat};
use crate::scratch;

pub fn append(seat: &Seat) -> Result<Probe, String> {
    appending(seat, "append", |file| file.write_all(&[7; MESSAGE_BYTES]))
}

/// `sync_data`: the bytes and the file's new length, but not its time stamps.
pub fn append_synced(seat: &Seat) -> Result<Probe, String> {
    appending(seat, "append-fsync", |file| {
        file.write_all(&[7; MESSAGE_BYTES])?;
        file.sync_data()
    })
}

fn appending(
    seat: &Seat,
    name: &str,
    write: impl Fn(&mut File) -> std::io::Result<()> + 'static,
) -> Result<Probe, String> {
    let mut file = scratch::file(&seat.folder, name).map_err(|e| e.to_string())?;
    Ok(Box::new(move |mut slice| {
        // Each slice starts with an empty file, so that a long run does not fill the disk.
        empty(&mut file)?;
        while slice.goes_on() {
            slice.time(|| write(&mut file)).map_err(|e| e.to_string())?;
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
