//! What something can carry, before it is asked to.

use std::time::Duration;

use crate::quantity::{Rate, Unusable};

/// Given by the lab.
pub use ours::capacity::{Cost, Measured, NoCost};

/// As the lab says.
pub fn in_flight(rate: Rate, stay: Duration) -> f64 {
    stay.as_secs_f64() * rate.each_second()
}

/// As the lab says.
///
/// # Errors
/// As the lab says.
pub fn workers_for(rate: Rate, work: Duration, busy: f64) -> Result<u64, Unusable> {
    let busy = Rate::capacity(busy)?.each_second();
    if busy > 1.0 {
        return Err(Unusable::TooBusy(busy));
    }
    // A little less, so that the rounding error of binary fractions does not add a worker.
    let workers = in_flight(rate, work) / busy * (1.0 - 1e-12);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number that is not negative; beyond the largest u64 it stays there"
    )]
    Ok(workers.ceil() as u64)
}

/// As the lab says.
///
/// # Errors
/// As the lab says.
pub fn cost(thread: Measured, sharded: &[(u32, Measured)]) -> Result<Cost, NoCost> {
    let check = |measured: &Measured| {
        let figures = [measured.lowest, measured.median, measured.highest];
        figures
            .into_iter()
            .try_for_each(|figure| Rate::capacity(figure).map(drop))
    };
    check(&thread)?;
    let mut rising = sharded.to_vec();
    rising.sort_by_key(|(shards, _)| *shards);
    for (_, measured) in &rising {
        check(measured)?;
    }
    let Some(&(up_to, _)) = rising.last() else {
        return Err(NoCost::NotMeasured);
    };
    let first = rising
        .iter()
        .find(|(_, measured)| measured.lowest > thread.highest);
    Ok(first.map_or(Cost::NotWith { up_to }, |(shards, _)| Cost::Shards(*shards)))
}
