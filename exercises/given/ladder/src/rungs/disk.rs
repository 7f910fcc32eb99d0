//! The rungs of the disk: an append that the system has taken, and one that the disk has.
//!
//! The file lies where the figures go, in the repository: a temporary folder is memory on many
//! systems, and a sync there proves nothing.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::MESSAGE_BYTES;
use crate::child::{Probe, Seat};
use crate::machine;

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

/// Which file system the figures are of.
pub fn note(folder: &Path) -> String {
    match machine::file_system(folder) {
        Some(kind) if machine::is_memory(&kind) => {
            format!("the file is on {kind}, which is memory: a sync does nothing there")
        }
        Some(kind) => format!("the file is beside the figures, on {kind}"),
        None => "the file is beside the figures".to_owned(),
    }
}

fn appending(
    seat: &Seat,
    name: &str,
    write: impl Fn(&mut File) -> std::io::Result<()> + 'static,
) -> Result<Probe, String> {
    let mut file = nameless(&seat.folder, name).map_err(|e| e.to_string())?;
    Ok(Box::new(move |mut slice| {
        // Each slice starts with an empty file, so that a long run does not fill the disk.
        file.set_len(0).map_err(|e| e.to_string())?;
        while slice.goes_on() {
            slice.time(|| write(&mut file)).map_err(|e| e.to_string())?;
        }
        file.set_len(0).map_err(|e| e.to_string())?;
        Ok(slice)
    }))
}

/// A file that has lost its name as soon as it is open, so that nothing is left behind, however
/// this process ends.
fn nameless(folder: &Path, name: &str) -> std::io::Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{name}-{}.scratch", std::process::id()));
    let file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}
