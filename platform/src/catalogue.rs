//! Courses and their assets: what is the same for everybody, and so may be kept by anybody.
//!
//! A course names its assets by their content. So an asset never changes, and may be kept forever; only
//! the page that names it has to be asked for again.

use crate::trace::scattered;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many courses there are.
pub const COURSES: u64 = 4;

/// How large an asset is, in bytes: a small script.
const ASSET_BYTES: usize = 8 << 10;

/// The courses. The latest version of each is kept in a file, if there is one.
pub(crate) struct Catalogue {
    versions: Mutex<BTreeMap<u64, u64>>,
    file: Option<PathBuf>,
}

impl Catalogue {
    pub(crate) fn open(file: Option<PathBuf>) -> std::io::Result<Self> {
        let mut versions: BTreeMap<u64, u64> = (1..=COURSES).map(|course| (course, 1)).collect();
        if let Some(text) = file.as_deref().map(std::fs::read_to_string)
            && let Some(text) = found(text)?
        {
            let kept: BTreeMap<u64, u64> = serde_json::from_str(&text)
                .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
            versions.extend(kept);
        }
        Ok(Self {
            versions: Mutex::new(versions),
            file,
        })
    }

    /// The version of a course.
    pub(crate) fn version(&self, course: u64) -> Option<u64> {
        self.lock().get(&course).copied()
    }

    /// Publishes a course with a new asset, and returns its version.
    pub(crate) fn publish(&self, course: u64) -> Option<std::io::Result<u64>> {
        let mut versions = self.lock();
        let version = versions.get(&course)? + 1;
        let mut next = versions.clone();
        next.insert(course, version);
        if let Some(file) = &self.file
            && let Err(error) = keep(file, &next)
        {
            return Some(Err(error));
        }
        *versions = next;
        Some(Ok(version))
    }

    /// The asset of that name, of whichever course and version.
    pub(crate) fn asset(&self, name: &str) -> Option<Bytes> {
        let versions = self.lock().clone();
        versions.into_iter().find_map(|(course, newest)| {
            // The last few: those that a page still out there may name.
            let versions = newest.saturating_sub(20).max(1)..=newest;
            versions
                .rev()
                .map(|version| asset(course, version))
                .find(|body| name_of(body) == name)
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, u64>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn found(text: std::io::Result<String>) -> std::io::Result<Option<String>> {
    match text {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Beside it, synced, then in its place: after a crash either the old file is there or the new one.
fn keep(file: &Path, versions: &BTreeMap<u64, u64>) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut new = std::fs::File::create(&beside)?;
    new.write_all(serde_json::to_string(versions)?.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&beside, file)?;
    if cfg!(unix)
        && let Some(folder) = file.parent()
    {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// What a course's page says, as JSON.
pub(crate) fn page(course: u64, version: u64) -> String {
    let lessons: Vec<String> = (1..=crate::bounds::LESSONS)
        .map(|lesson| format!("{{\"lesson\":{lesson},\"title\":\"Lesson {lesson}\"}}"))
        .collect();
    format!(
        "{{\"course\":{course},\"version\":{version},\"asset\":\"/assets/{}\",\"lessons\":[{}]}}",
        name_of(&asset(course, version)),
        lessons.join(",")
    )
}

fn asset(course: u64, version: u64) -> Bytes {
    let line = format!("// course {course}, version {version}\n");
    let mut body = line.repeat(ASSET_BYTES / line.len());
    body.push_str("export default {};\n");
    body.into()
}

/// The name of an asset: a digest of its content.
pub(crate) fn name_of(body: &[u8]) -> String {
    let digest = body.chunks(8).fold(body.len() as u64, |digest, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        scattered(digest ^ u64::from_le_bytes(word))
    });
    format!("{digest:016x}.js")
}
