//! A disk that crashes.
//!
//! "Acknowledged means durable" cannot be tested by killing the process: what it has written stays in
//! the kernel's memory and reaches the device a little later, as if nothing had happened. What a
//! killed process never shows, a lost power supply does: writes that were not synced may be there,
//! may be gone, may be there in part, and in any order.
//!
//! So this disk keeps a log of what was asked of it. After a run, [`Disk::crash`] gives the disk as it
//! would be found if the power had failed before any entry of that log, with the unsynced writes
//! [lost, kept, torn or mixed](Loss). A store is opened on it again, and has to hold its promises.
//!
//! A failed sync is modelled as it was found to be on real systems (Rebello et al. 2020): the writes
//! that it should have made durable are not retried by the next sync. That one succeeds, and they are
//! not there.
//!
//! - [`log`](mod@log) is what was asked of the disk, and what of it survives a crash
//! - [`Disk`] is the disk; it counts, fails and stalls on order
//!
//! It is not a model of a file system: there is one file, and its length is as volatile as its bytes.

mod disk;
pub mod log;

pub use disk::{Disk, Handle};
pub use log::{Loss, Op};
