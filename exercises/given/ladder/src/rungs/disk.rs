//! The rungs of the disk: an append that the system has taken, and one that the disk has.

use super::MESSAGE_BYTES;
use crate::append;
use crate::child::{Probe, Seat};

pub fn append(seat: &Seat) -> Result<Probe, String> {
    append::unsynced(seat, 1, MESSAGE_BYTES)
}

pub fn append_synced(seat: &Seat) -> Result<Probe, String> {
    append::synced(seat, 1, MESSAGE_BYTES)
}
