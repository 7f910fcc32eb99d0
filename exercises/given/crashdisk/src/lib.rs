//! A disk that crashes.
//!
//! "Acknowledged means durable" cannot be tested by killing the process: what it has written stays in
//! the kernel's memory and reaches the device a little later, as if nothing had happened. A lost power
//! supply shows what a killed process never does: writes that were not synced may be there, gone, or
//! there in part, in any order.
//!
//! So this disk keeps a log of its operations. After a run, [`Disk::crash`] returns the disk as it would
//! be if the power had failed before any given entry of that log, with the unsynced writes [lost, kept,
//! torn or mixed](Loss). A store is opened on it again, and has to keep its promises.
//!
//! A failed sync is modelled as it was observed on real systems (Rebello et al. 2020): the next sync
//! does not retry the writes that the failed one should have made durable. It succeeds, and they are
//! still missing.
//!
//! - [`log`](mod@log) is the disk's operations, and what of them survives a crash
//! - [`Disk`] is the disk; it counts, and fails and stalls when told to
//!
//! It is not a model of a file system: there is one file, and its length is as volatile as its bytes.

mod disk;
pub mod log;

pub use disk::{Disk, Handle};
pub use log::{Loss, Op};
