//! A file of measurements: the reader's own, or the reference machine's.
//!
//! Each bench writes one, named after what it measured. [`super::measured`] has all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::repo::Repo;

/// What `cargo course measure` writes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Figures {
    /// The version of this format.
    pub format: u32,
    /// Which measurement it is, such as `ladder`; the file has this name.
    pub what: String,
    /// When, in UTC.
    pub measured_at: String,
    /// Whether it was a short run, whose figures are rough.
    #[serde(default)]
    pub quick: bool,
    /// Whether the course's solution was measured, for a reader who has not built theirs yet.
    #[serde(default)]
    pub ours: bool,
    /// Where.
    pub machine: Machine,
    /// With which build.
    pub build: Build,
    /// Who measured; in the reference file only.
    pub by: Option<String>,
    /// In the order in which they are shown. A rung appears once for each placement.
    pub rungs: Vec<Rung>,
    /// What was measured at several points.
    #[serde(default)]
    pub curves: Vec<Curve>,
}

/// The machine that was measured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many CPUs the system shows.
    pub logical_cpus: u32,
    /// System and version.
    pub os: String,
    /// Whether it is a virtual machine; none where that cannot be known.
    pub virtual_machine: Option<bool>,
}

/// How the measuring program was built.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Build {
    /// Whether with optimisation. Without it, the figures say little.
    pub optimised: bool,
    /// The compiler's version.
    pub rustc: String,
}

/// One step in one placement.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Rung {
    /// Such as `tcp-loopback`.
    pub id: String,
    /// What it is, for a reader.
    pub title: String,
    /// `in-process`, `one-cpu`, `two-cpus` or `unpinned`.
    pub placement: String,
    /// `measured`, `not-built` or `unavailable`.
    pub status: String,
    /// Why there is no figure.
    #[serde(default)]
    pub message: String,
    /// The median.
    pub p50_ns: Option<f64>,
    /// The 99th percentile.
    pub p99_ns: Option<f64>,
    /// How many samples these are of; none where the file doesn't say.
    pub samples: Option<u64>,
    /// Against a base that was measured in the same rounds.
    pub ratio: Option<Ratio>,
    /// What was counted meanwhile, such as syncs.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
}

/// A ratio, paired within rounds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Ratio {
    /// The base's id.
    pub to: String,
    /// The median over the rounds.
    pub median: f64,
    /// The lowest of the rounds, but for stray ones.
    pub low: f64,
    /// The highest, likewise.
    pub high: f64,
}

/// Something measured at several points.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Curve {
    /// Such as `group-commit`.
    pub id: String,
    /// What it shows, for a reader.
    pub title: String,
    /// What varied.
    pub x: Axis,
    /// What followed.
    pub y: Axis,
    /// What is put beside each other.
    pub series: Vec<Series>,
}

/// An axis of a curve.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Axis {
    /// What it shows.
    pub name: String,
    /// In what; empty for a plain number.
    #[serde(default)]
    pub unit: String,
    /// Whether equal steps are equal factors.
    #[serde(default)]
    pub logarithmic: bool,
}

/// One line of a curve.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Series {
    /// Its stable name.
    pub id: String,
    /// Its words.
    pub title: String,
    /// `measured`, `not-built` or `unavailable`.
    pub status: String,
    /// Why there are no points.
    #[serde(default)]
    pub message: String,
    /// Rising in x.
    pub points: Vec<Point>,
}

/// One point: the median over the rounds with what lies around it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Point {
    /// What varied.
    pub x: f64,
    /// The median.
    pub y: f64,
    /// The lowest of the rounds, but for stray ones.
    pub low: f64,
    /// The highest, likewise.
    pub high: f64,
}

/// The version of the file's format that this code reads.
const FORMAT: u32 = 1;

impl Figures {
    /// Where `cargo course measure` leaves a reader's figures.
    pub fn readers_file(repo: &Repo, what: &str) -> PathBuf {
        readers_folder(repo).join(format!("{what}.json"))
    }

    /// Where the reference machine's figures are.
    pub fn reference_file(repo: &Repo, what: &str) -> PathBuf {
        reference_folder(repo).join(format!("{what}.json"))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not of this format.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let figures: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is not as expected", path.display()))?;
        ensure!(
            figures.format == FORMAT,
            "{} has format {}, and this version of the course reads format {FORMAT}",
            path.display(),
            figures.format
        );
        Ok(figures)
    }

    /// The day of the measurement.
    pub fn day(&self) -> &str {
        self.measured_at.split('T').next().unwrap_or_default()
    }

    /// The rung in exactly this placement, measured or not.
    pub fn rung(&self, id: &str, placement: &str) -> Option<&Rung> {
        self.rungs
            .iter()
            .find(|rung| rung.id == id && rung.placement == placement)
    }

    /// The measured rung nearest to a wanted placement: that one; else in one process, where
    /// placement means nothing; else unpinned, where it is unknown.
    pub fn nearest(&self, id: &str, placement: &str) -> Option<&Rung> {
        [placement, "in-process", "unpinned"]
            .into_iter()
            .find_map(|placement| self.rung(id, placement).filter(|rung| rung.p50().is_some()))
    }

    /// Whether anything was measured at all, and not only tried.
    pub fn has_any(&self) -> bool {
        self.rungs.iter().any(|rung| rung.p50().is_some())
    }

    /// What a reader must know before trusting the figures: short labels with their reasons.
    pub fn flags(&self) -> Vec<(&'static str, &'static str)> {
        let unpinned = self.rungs.iter().any(|rung| rung.placement == "unpinned");
        let unoptimised = !self.build.optimised;
        let virtual_machine = self.machine.virtual_machine == Some(true);
        [
            (unoptimised, "debug build", "measured without optimisation, so the code's own share is far too large"),
            (virtual_machine, "virtual machine", "wake-ups across CPUs and syncs cost what the host makes them cost"),
            (self.quick, "quick run", "few samples, so expect the figures to move by a third from run to run"),
            (self.ours, "our framed call", "yours is not built yet, so what was measured is the solution's"),
            (unpinned, "unpinned", "this system cannot bind a thread to a CPU, so the placement changed while it was measured"),
        ]
        .into_iter()
        .filter_map(|(holds, label, why)| holds.then_some((label, why)))
        .collect()
    }
}

impl Rung {
    /// The median, if it was measured.
    pub fn p50(&self) -> Option<f64> {
        self.p50_ns
            .filter(|ns| self.status == "measured" && ns.is_finite() && *ns > 0.0)
    }

    /// The 99th percentile, where a hundredth part of the samples is one at least.
    pub fn p99(&self) -> Option<f64> {
        self.p99_ns
            .filter(|_| self.samples.is_none_or(|samples| samples >= 100))
    }
}

impl Curve {
    /// Whether each of its series was measured.
    pub fn is_whole(&self) -> bool {
        let mut all = self.series.iter();
        all.all(|series| series.status == "measured" && !series.points.is_empty())
    }
}

pub(super) fn readers_folder(repo: &Repo) -> PathBuf {
    repo.state_dir().join("measurements")
}

pub(super) fn reference_folder(repo: &Repo) -> PathBuf {
    repo.root().join("course/reference")
}
