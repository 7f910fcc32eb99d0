//! The file of figures: its form, and writing it so that no reader ever sees half of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::moment;

/// Raised when a reader of the file must change.
pub const FORMAT: u32 = 1;

/// How many earlier files are kept besides the newest.
const KEPT: usize = 5;

/// One run of a bench.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: u32,
    /// What was measured, such as `ladder`; also the file's name.
    pub what: String,
    /// Who measured, in the reference machine's file; absent from a reader's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// In UTC.
    pub measured_at: String,
    /// Few and short rounds: good for a first impression.
    #[serde(default)]
    pub quick: bool,
    /// The measured code is the course's solution; absent if it is the reader's.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub ours: bool,
    /// Where.
    pub machine: Machine,
    /// With what.
    pub build: Build,
    /// A base against itself, per placement: a smaller difference than this is noise.
    #[serde(default)]
    pub noise: Vec<Ratio>,
    /// In the order in which they are shown, each placement separately.
    pub rungs: Vec<Figure>,
    /// What was measured at several points; the ladder has none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub curves: Vec<Curve>,
}

/// The machine that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// As the system counts them.
    pub logical_cpus: usize,
    /// Name and version of the system.
    pub os: String,
    /// Whether a hypervisor was noticed.
    #[serde(default)]
    pub virtual_machine: bool,
}

/// The build that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// False in a debug build, whose figures mean nothing.
    pub optimised: bool,
    /// The compiler's version.
    pub rustc: String,
}

/// Where a rung's client and server run. The names are those in the file of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// No second process: the rung stays in one.
    InProcess,
    /// Client and server take turns on one CPU.
    OneCpu,
    /// Client and server on a CPU each.
    TwoCpus,
    /// This system cannot pin threads; the scheduler decides, and may move them.
    Unpinned,
}

impl Placement {
    /// The words for it in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::InProcess => "in one process",
            Self::OneCpu => "on one CPU",
            Self::TwoCpus => "on two CPUs",
            Self::Unpinned => "unpinned",
        }
    }

    /// Its name in the file of figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            Self::OneCpu => "one-cpu",
            Self::TwoCpus => "two-cpus",
            Self::Unpinned => "unpinned",
        }
    }

    /// The placement of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        [Self::InProcess, Self::OneCpu, Self::TwoCpus, Self::Unpinned]
            .into_iter()
            .find(|placement| placement.name() == name)
    }
}

/// One rung in one placement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The rung's stable name.
    pub id: String,
    /// The rung in words.
    pub title: String,
    /// Where its two sides ran.
    pub placement: Placement,
    /// Whether there are figures.
    pub status: Status,
    /// Why there are none; empty when there are.
    #[serde(default)]
    pub message: String,
    /// What to know of the figure: the disk, the relay. Often empty.
    #[serde(default)]
    pub note: String,
    /// The median of all samples.
    pub p50_ns: Option<f64>,
    /// Ninety-nine of a hundred samples do not exceed it.
    pub p99_ns: Option<f64>,
    /// How many samples; one sample is a run of a thousand if a single one is too short to time. 0 if
    /// the file does not say.
    #[serde(default)]
    pub samples: u64,
    /// How many slices they were taken in.
    #[serde(default)]
    pub rounds: usize,
    /// Compared with the base of its bench, in the same placement if there is one.
    pub ratio: Option<Ratio>,
    /// What was counted during the run, such as syncs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub counts: BTreeMap<String, u64>,
}

/// Something measured at several points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Its stable name.
    pub id: String,
    /// What it shows, in words.
    pub title: String,
    /// What varies.
    pub x: Axis,
    /// What follows.
    pub y: Axis,
    /// What is compared.
    pub series: Vec<Series>,
}

/// An axis of a curve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// What it shows.
    pub name: String,
    /// Its unit; empty for a plain number.
    #[serde(default)]
    pub unit: String,
    /// Whether equal steps are equal factors.
    #[serde(default)]
    pub logarithmic: bool,
}

/// One line of a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its stable name.
    pub id: String,
    /// Its words.
    pub title: String,
    /// Whether there are points.
    pub status: Status,
    /// Why there are none; empty when there are.
    #[serde(default)]
    pub message: String,
    /// In rising x; a point that could not be measured is left out.
    pub points: Vec<Point>,
    /// What was counted over all points.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub counts: BTreeMap<String, u64>,
}

/// One point: the median over the rounds, with its spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What varied.
    pub x: f64,
    /// The median of the rounds.
    pub y: f64,
    /// The lowest round, without the lowest tenth.
    pub low: f64,
    /// The highest round, without the highest tenth.
    pub high: f64,
}

/// Whether a rung has figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It has.
    Measured,
    /// The reader's part is still a `todo!`.
    NotBuilt,
    /// This machine does not have it, or it failed.
    Unavailable,
}

/// A ratio, paired within rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The id of the base.
    pub to: String,
    /// The placement of the base.
    #[serde(default = "in_process")]
    pub placement: Placement,
    /// The median over the rounds.
    pub median: f64,
    /// The lowest round, without the lowest tenth.
    pub low: f64,
    /// The highest round, without the highest tenth.
    pub high: f64,
}

/// The placement of a base in a file that does not say it.
const fn in_process() -> Placement {
    Placement::InProcess
}

impl Record {
    /// A rung's figure in a placement, measured or not.
    pub fn figure(&self, id: &str, placement: Placement) -> Option<&Figure> {
        let mut rungs = self.rungs.iter();
        rungs.find(|rung| rung.id == id && rung.placement == placement)
    }

    /// A rung's figure in a placement, if it was measured.
    pub fn measured(&self, id: &str, placement: Placement) -> Option<&Figure> {
        self.figure(id, placement)
            .filter(|rung| rung.p50().is_some())
    }

    /// The measured figure nearest to a wanted placement: that one; otherwise in one process, where
    /// placement means nothing; otherwise unpinned, where it is unknown.
    pub fn nearest(&self, id: &str, placement: Placement) -> Option<&Figure> {
        [placement, Placement::InProcess, Placement::Unpinned]
            .into_iter()
            .find_map(|placement| self.measured(id, placement))
    }

    /// A rung's p50 in a placement.
    pub fn p50(&self, id: &str, placement: Placement) -> Option<f64> {
        self.measured(id, placement)?.p50()
    }

    /// Whether anything was measured at all, not only tried.
    pub fn has_any(&self) -> bool {
        self.rungs.iter().any(|rung| rung.p50().is_some())
    }

    /// The day of the measurement.
    pub fn day(&self) -> &str {
        self.measured_at.split('T').next().unwrap_or_default()
    }

    /// What a reader must know before trusting the figures: short labels with their reasons.
    pub fn flags(&self) -> Vec<(&'static str, &'static str)> {
        let unpinned = |rung: &Figure| rung.placement == Placement::Unpinned;
        [
            (!self.build.optimised, "debug build", "measured without optimisation, so the code's own share is far too large"),
            (self.machine.virtual_machine, "virtual machine", "wake-ups across CPUs and syncs cost what the host makes them cost"),
            (self.quick, "quick run", "few samples, so expect the figures to move by a third from run to run"),
            (self.ours, "our framed call", "yours is not built yet, so what was measured is the solution's"),
            (self.rungs.iter().any(unpinned), "unpinned", "this system cannot bind a thread to a CPU, so the placement changed while it was measured"),
        ]
        .into_iter()
        .filter_map(|(holds, label, why)| holds.then_some((label, why)))
        .collect()
    }

    /// Writes the record to `path` in one step, after renaming an earlier one if `keep`.
    ///
    /// # Errors
    /// When the folder cannot be made or the file cannot be written.
    pub fn write(&self, path: &Path, keep: bool) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        let whole = path.with_extension("json.tmp");
        fs::write(&whole, json)?;
        if keep {
            put_aside(path)?;
        }
        fs::rename(&whole, path)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When there is none, or it does not have this format.
    pub fn read(path: &Path) -> io::Result<Self> {
        let record: Self = serde_json::from_str(&fs::read_to_string(path)?)?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            let text = format!("format {} where {FORMAT} is known", record.format);
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
    }
}

impl Figure {
    /// The median, if it was measured.
    pub fn p50(&self) -> Option<f64> {
        self.p50_ns
            .filter(|ns| self.status == Status::Measured && ns.is_finite() && *ns > 0.0)
    }

    /// The 99th percentile, if a hundredth of the samples is at least one.
    pub fn p99(&self) -> Option<f64> {
        self.p99_ns
            .filter(|_| self.samples == 0 || self.samples >= 100)
    }
}

impl Curve {
    /// Whether each of its series was measured.
    pub fn is_whole(&self) -> bool {
        let mut all = self.series.iter();
        all.all(|series| series.status == Status::Measured && !series.points.is_empty())
    }
}

/// Renames an earlier file after the time it was measured at, and drops the oldest of those.
fn put_aside(path: &Path) -> io::Result<()> {
    // A file that cannot be read has no figures to keep.
    let Ok(earlier) = Record::read(path) else {
        return Ok(());
    };
    let stamp = moment::for_a_file_name(&earlier.measured_at);
    // A copy, not a rename: there is a file at `path` at every moment.
    let name = format!("{}-{stamp}.json", stem(path));
    fs::copy(path, path.with_file_name(name))?;
    let mut kept = kept_beside(path)?;
    kept.sort();
    let surplus = kept.len().saturating_sub(KEPT);
    kept.iter().take(surplus).try_for_each(fs::remove_file)
}

fn kept_beside(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let start = format!("{}-", stem(path));
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?.path();
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&start) && name.ends_with("Z.json") {
            kept.push(entry);
        }
    }
    Ok(kept)
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::sample;

    /// A new folder for one test.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ladder-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn the_file_has_the_names_that_the_book_looks_for() {
        let json = serde_json::to_value(sample()).unwrap();
        assert_eq!(json["what"], "ladder");
        assert_eq!(json["machine"]["virtual_machine"], true);
        let rung = &json["rungs"][2];
        assert_eq!(rung["id"], "tcp-loopback");
        assert_eq!(rung["placement"], "one-cpu");
        assert_eq!(rung["status"], "measured");
        assert_eq!(rung["p50_ns"], 6400.0);
        assert_eq!(rung["ratio"]["to"], "tcp-loopback");
        assert!(json.get("by").is_none());
        assert_eq!(json["rungs"][0]["placement"], "in-process");
    }

    #[test]
    fn an_earlier_file_is_put_aside_and_only_a_few_are_kept() {
        let folder = folder("kept");
        let path = folder.join("deep/ladder.json");
        for minute in 0..10 {
            let mut record = sample();
            record.measured_at = format!("2026-11-23T03:{minute:02}:00Z");
            record.write(&path, true).unwrap();
        }
        assert_eq!(
            Record::read(&path).unwrap().measured_at,
            "2026-11-23T03:09:00Z"
        );
        let mut kept = kept_beside(&path).unwrap();
        kept.sort();
        assert_eq!(kept.len(), KEPT);
        assert!(kept[0].ends_with("ladder-20261123T030400Z.json"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_is_replaced() {
        let folder = folder("broken");
        let path = folder.join("ladder.json");
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, "{ half a fi").unwrap();
        sample().write(&path, true).unwrap();
        assert_eq!(Record::read(&path).unwrap(), sample());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn another_format_is_refused() {
        let folder = folder("format");
        let path = folder.join("ladder.json");
        let mut record = sample();
        record.format = 7;
        record.write(&path, false).unwrap();
        assert!(Record::read(&path).is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
