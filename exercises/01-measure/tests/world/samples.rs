//! Samples, and what is near enough.

use measure::samples::Samples;
use std::time::Duration;

pub const MS: Duration = Duration::from_millis(1);
pub const SECOND: Duration = Duration::from_secs(1);

/// Whether `measured` is `exact` to within 0.1%, or to the nanosecond where that is less.
pub fn about(measured: Duration, exact: Duration) -> bool {
    measured.abs_diff(exact) <= exact.div_f64(1000.0) + Duration::from_nanos(1)
}

pub fn of(durations: &[Duration]) -> Samples {
    let mut samples = Samples::new();
    for took in durations {
        samples.record(*took);
    }
    samples
}
