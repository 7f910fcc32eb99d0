//! All files of measurements of one machine, where a rung or a curve is found by its id.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::figures::{self, readers_folder, reference_folder};
use super::page::files;
use crate::repo::Repo;
use records::record::{Curve, Figure, Placement, Record};

/// What one machine has measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    files: Vec<Record>,
}

impl Measured {
    /// The reader's figures. A file that cannot be read counts as none: it is the reader's machine
    /// that wrote it, and `cargo course measure` writes it afresh; a book must not fail over it.
    pub fn readers(repo: &Repo) -> Self {
        let paths = named(&readers_folder(repo)).unwrap_or_default();
        let files = paths.iter().filter_map(|(path, what)| {
            let figures = figures::read(path).ok()?;
            (figures.what == *what).then_some(figures)
        });
        Self {
            files: files.collect(),
        }
    }

    /// The reference machine's figures.
    ///
    /// # Errors
    /// When a file cannot be read: those are part of the course.
    pub fn reference(repo: &Repo) -> Result<Self> {
        let mut files = Vec::new();
        for (path, what) in named(&reference_folder(repo))? {
            let figures = figures::read(&path)?;
            ensure!(
                figures.what == what,
                "{} holds the figures of `{}`",
                repo.relative(&path),
                figures.what
            );
            files.push(figures);
        }
        Ok(Self { files })
    }

    /// The same as [`readers`](Self::readers), from figures that the caller has.
    pub fn from_files(files: Vec<Record>) -> Self {
        Self { files }
    }

    /// The day on which something was measured, as `2026-11-23`.
    pub fn day(&self, what: &str) -> Option<String> {
        let figures = self.files.iter().find(|figures| figures.what == what)?;
        figures.measured_at.get(..10).map(str::to_owned)
    }

    /// What there are files of.
    pub fn whats(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|figures| figures.what.as_str())
    }

    /// The file of one bench.
    pub fn of(&self, what: &str) -> Option<&Record> {
        self.files.iter().find(|figures| figures.what == what)
    }

    /// The file that knows a rung, measured or not.
    pub fn with_rung(&self, id: &str) -> Option<&Record> {
        let knows = |figures: &&Record| figures.rungs.iter().any(|rung| rung.id == id);
        self.files.iter().find(knows)
    }

    /// The measured rung nearest to a wanted placement, with its file.
    pub fn nearest(&self, id: &str, placement: Placement) -> Option<(&Record, &Figure)> {
        let figures = self.with_rung(id)?;
        Some((figures, figures.nearest(id, placement)?))
    }

    /// A curve, measured or not, with its file.
    pub fn curve(&self, id: &str) -> Option<(&Record, &Curve)> {
        self.files.iter().find_map(|figures| {
            let curve = figures.curves.iter().find(|curve| curve.id == id)?;
            Some((figures, curve))
        })
    }

    /// The ids of all curves.
    pub fn curves(&self) -> impl Iterator<Item = &str> {
        let curves = self.files.iter().flat_map(|figures| &figures.curves);
        curves.map(|curve| curve.id.as_str())
    }
}

/// The files of figures in a folder, each with its name. What a run put aside ends in the time of
/// its measurement, `…T033000Z`.
fn named(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let paths = files(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let named = paths.into_iter().filter_map(|path| {
        let json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let what = path.file_stem()?.to_str()?.to_owned();
        (json && !what.ends_with('Z')).then_some((path, what))
    });
    Ok(named.collect())
}
