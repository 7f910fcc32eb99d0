//! Files to measure a disk with.
//!
//! They lie where the figures go, in the repository: a temporary folder is memory on many systems,
//! and a sync there proves nothing.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use crate::machine;

/// A file that has lost its name as soon as it is open, so that nothing is left behind, however
/// this process ends.
///
/// # Errors
/// When it cannot be made.
pub fn file(folder: &Path, name: &str) -> std::io::Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{name}-{}.scratch", std::process::id()));
    let file = OpenOptions::new()
        .create_new(true)
        .read(true)
        .write(true)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
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
