//! A file of measurements: the reader's own, or the reference machine's.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::repo::Repo;

/// What `cargo course measure` writes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Ladder {
    /// The version of this format.
    pub format: u32,
    /// Which measurement it is: `ladder`.
    pub what: String,
    /// When, in UTC.
    pub measured_at: String,
    /// Whether it was a short run, whose figures are rough.
    #[serde(default)]
    pub quick: bool,
    /// Where.
    pub machine: Machine,
    /// With which build.
    pub build: Build,
    /// Who measured; in the reference file only.
    pub by: Option<String>,
    /// In the order of the ladder. A rung appears once for each placement.
    pub rungs: Vec<Rung>,
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

/// One step of the ladder in one placement.
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
}

/// The version of the file's format that this code reads.
const FORMAT: u32 = 1;

impl Ladder {
    /// Where `cargo course measure` leaves the reader's figures.
    pub fn readers_file(repo: &Repo) -> PathBuf {
        repo.state_dir().join("measurements/ladder.json")
    }

    /// Where the reference machine's figures are.
    pub fn reference_file(repo: &Repo) -> PathBuf {
        repo.root().join("course/reference/ladder.json")
    }

    /// Reads a file; none if there is none.
    ///
    /// # Errors
    /// When it is there but cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let ladder: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is not as expected", path.display()))?;
        ensure!(
            ladder.format == FORMAT,
            "{} has format {}, and this version of the course reads format {FORMAT}",
            path.display(),
            ladder.format
        );
        Ok(Some(ladder))
    }

    /// The reader's figures. A file that cannot be read counts as none: it is the reader's machine
    /// that wrote it, and `cargo course measure` writes it afresh; a book must not fail over it.
    pub fn readers(repo: &Repo) -> Option<Self> {
        Self::read(&Self::readers_file(repo)).ok().flatten()
    }

    /// The reference machine's figures.
    ///
    /// # Errors
    /// When the file cannot be read: that one is part of the course.
    pub fn reference(repo: &Repo) -> Result<Option<Self>> {
        Self::read(&Self::reference_file(repo))
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

    /// What a reader must know before trusting the figures: short labels with their reasons.
    pub fn flags(&self) -> Vec<(&'static str, &'static str)> {
        let unpinned = self.rungs.iter().any(|rung| rung.placement == "unpinned");
        let unoptimised = !self.build.optimised;
        let virtual_machine = self.machine.virtual_machine == Some(true);
        [
            (unoptimised, "debug build", "measured without optimisation, so the code's own share is far too large"),
            (virtual_machine, "virtual machine", "wake-ups across CPUs and syncs cost what the host makes them cost"),
            (self.quick, "quick run", "few samples, so expect the figures to move by a third from run to run"),
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
}

/// A duration with two significant digits or three: `1.3 ns`, `43 µs`, `4.0 ms`.
pub fn duration(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 999.5 => (ns, "ns"),
        ns if ns < 999_500.0 => (ns / 1e3, "µs"),
        ns if ns < 999_500_000.0 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    if value < 9.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// A number as a reader expects it: thousands set off, no digits that nobody measured.
pub fn number(value: f64) -> String {
    if value < 9.95 {
        let text = format!("{value:.1}");
        return text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
    }
    // Three significant digits are more than a measurement of this kind can bear.
    let magnitude = 10_f64.powf((value.log10().floor() - 2.0).max(0.0));
    let digits = format!("{:.0}", (value / magnitude).round() * magnitude);
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{duration, number};

    #[test]
    fn figures_are_rounded_to_what_was_measured() {
        let shown = [1.04, 17.0, 999.6, 6_400.0, 43_210.0, 4e6, 2.5e9].map(duration);
        assert_eq!(
            shown,
            [
                "1.0 ns", "17 ns", "1.0 µs", "6.4 µs", "43 µs", "4.0 ms", "2.5 s"
            ]
        );
        let shown = [4.0, 6.25, 96.4, 6_437.2, 1_234_567.0].map(number);
        assert_eq!(shown, ["4", "6.2", "96", "6,440", "1,230,000"]);
    }
}
