//! What a lab measures: its rungs, and curves over something that varies.
//!
//! Everything runs in child processes, also what stays within one: then a `todo!` in the measured
//! code ends that process only, and can be distinguished from a fault.

use std::path::Path;

use crate::child::{Probe, Seat, Side};
use crate::record::Record;
use crate::slice::Samples;

/// All that one bench measures.
pub struct Suite {
    /// The stem of the file of figures, such as `ladder`.
    pub what: &'static str,
    /// The words for it above the table: `The ladder`.
    pub title: &'static str,
    /// What the rungs' ratios are against, for the table: `raw TCP`.
    pub against: &'static str,
    /// The package and the bench, for the help.
    pub command: [&'static str; 2],
    /// In the order in which they are shown.
    pub rungs: Vec<Rung>,
    /// What is measured at several points.
    pub curves: Vec<Curve>,
    /// A few sentences that follow from the figures.
    pub lessons: fn(&Record) -> Vec<String>,
    /// Where the picture of the reference figures lies below the repository, and what draws it.
    pub picture: Option<Picture>,
}

/// See [`Suite::picture`].
pub type Picture = (&'static str, fn(&Record) -> String);

/// One step, measured by itself.
pub struct Rung {
    /// The words for it in the file and the book.
    pub title: &'static str,
    /// The words for it in the table, at most 26 characters.
    pub short: &'static str,
    /// Whether it is measured in both placements.
    pub crosses: bool,
    /// The rung that it is compared with in the same round; empty for none.
    pub base: &'static str,
    /// Whether it is only there to measure the noise, and not shown.
    pub control: bool,
    /// The rung without which this one makes no sense: when that broke, this is not even started.
    pub needs: Option<&'static str>,
    /// Take at least this many samples a slice.
    pub least: u64,
    /// Take at most this many.
    pub most: u64,
    /// What to know of the figure, said by the coordinator that knows the folder.
    pub note: fn(&Path) -> String,
    /// What runs in the child processes; its id is the rung's.
    pub side: Side,
}

impl Rung {
    /// A rung that stays within one process.
    pub fn within(
        id: &'static str,
        client: fn(&Seat) -> Result<Probe, String>,
        title: &'static str,
        short: &'static str,
    ) -> Self {
        let side = Side {
            id,
            server: None,
            client,
        };
        Self {
            title,
            short,
            crosses: false,
            base: "",
            control: false,
            needs: None,
            least: 1,
            most: u64::MAX,
            note: |_| String::new(),
            side,
        }
    }
}

/// How something changes with something else.
pub struct Curve {
    /// Its stable name: `{{#chart ID}}` in the book.
    pub id: &'static str,
    /// The words for it.
    pub title: &'static str,
    /// What varies.
    pub x: Axis,
    /// What follows.
    pub y: Axis,
    /// What is compared.
    pub series: Vec<Series>,
}

/// What an axis of a curve shows.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Such as `writes in a group`.
    pub name: &'static str,
    /// Such as `µs`; empty for a plain number.
    pub unit: &'static str,
    /// Whether equal steps on the axis are equal factors.
    pub logarithmic: bool,
}

/// One line of a curve.
pub struct Series {
    /// The words for it.
    pub title: &'static str,
    /// What runs in the child processes; [`Seat::at`] gives its place on the x axis. Its id is
    /// the series'.
    pub side: Side,
    /// The points, rising.
    pub at: &'static [u64],
    /// Take at least this many samples a slice.
    pub least: u64,
    /// Whether one round is enough: counts that are the same each time.
    pub once: bool,
    /// The y value of a round's samples.
    pub value: fn(&Samples) -> f64,
}
