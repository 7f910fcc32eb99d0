//! The disk without an authority: no store that keeps its promise can be cheaper.

use ladder::append;
use ladder::child::{Probe, Seat};

/// About what a write of progress takes with its idempotency key.
const RECORD_BYTES: usize = 80;

/// `GROUP` records and a sync; a sample is the time a record.
pub fn append<const GROUP: u64>(seat: &Seat) -> Result<Probe, String> {
    append::synced(seat, GROUP, RECORD_BYTES)
}

/// The same with as many records as the place on the curve says.
pub fn group(seat: &Seat) -> Result<Probe, String> {
    append::synced(seat, seat.at, RECORD_BYTES)
}
