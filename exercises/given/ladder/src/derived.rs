//! What follows from figures by a reader's own code: a line computed from the points of another.
//!
//! It is computed in the coordinator, where a `todo!` would end the run after minutes of measuring. So
//! a panic is caught there, and reported in the same sentence as one in a child. A child for a
//! computation of microseconds would be the other way; it would need the figures sent to it, and guard
//! against nothing more but code that never returns.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use crate::child::{Broken, last_word};
use crate::record::{Curve, Point, Record, Series, Status};

/// Adds a series to a curve of the record, with the points that `points` computes from the curve.
///
/// As a measured one it says why it has none: that a part isn't built yet, or what the `Err` says.
pub fn add(
    record: &mut Record,
    curve: &str,
    id: &str,
    title: &str,
    points: impl FnOnce(&Curve) -> Result<Vec<Point>, String>,
) {
    let Some(curve) = record.curves.iter_mut().find(|known| known.id == curve) else {
        return;
    };
    let computed = attempt(|| points(curve)).and_then(|points| points.map_err(Broken::unavailable));
    let (status, message, points) = match computed {
        Ok(points) => (Status::Measured, String::new(), points),
        Err(broken) => (broken.status, broken.message, Vec::new()),
    };
    curve.series.push(Series {
        id: id.to_owned(),
        title: title.to_owned(),
        status,
        message,
        points,
        counts: std::collections::BTreeMap::new(),
    });
}

/// A point that was computed, and has nothing around it.
pub const fn exact(x: f64, y: f64) -> Point {
    Point {
        x,
        y,
        low: y,
        high: y,
    }
}

/// Runs code of a reader's here, in the coordinator.
///
/// # Errors
/// If it panics: a `todo!` is `NotBuilt`, anything else says where it was.
pub fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, Broken> {
    let said = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&said);
    // The hook knows the place of a panic, which the caught payload does not.
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(last_word(panic));
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(usual);
    outcome.map_err(|_| {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.take()
            .unwrap_or_else(|| Broken::unavailable("it panicked"))
    })
}
