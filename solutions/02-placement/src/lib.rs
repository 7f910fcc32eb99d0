//! Lab 2, `placement`: the narrowest sufficient scope.
//!
//! Each night the platform scores which lessons to recommend to whom. This crate does that work on one
//! thread and on many shards, calculates what each could carry, and then decides, for this work and any
//! other, where it belongs: as narrow as its requirements allow, with the reasons.
//!
//! It is not a scheduler: nothing is moved, and nothing is decided while a system runs. A placement is
//! a decision that a person reads, argues with, and reviews when a figure has changed.
//!
//! In reading order:
//!
//! - [`history`]: who completed what (given)
//! - [`scoring`]: the work on one competent thread
//! - [`fabric`]: shards that share nothing, and what crosses to them (given)
//! - [`message`]: messages as bytes (given)
//! - [`sharded`]: the same work over shards, with the same result
//! - [`quantity`]: figures with units, or an error that names what is wrong with them
//! - [`capacity`]: Little's law, and when shards have beaten a thread
//! - [`requirements`]: what a piece of work needs, and what each scope was measured to give (given)
//! - [`decision`]: the form of a decision (given)
//! - [`place`]: which pressure counts, and where the work belongs
//! - [`usl`]: what more shards will bring, fitted to what some have brought (hardening)

pub mod capacity;
pub mod decision;
pub mod fabric;
pub mod history;
pub mod message;
pub mod place;
pub mod quantity;
pub mod requirements;
pub mod scoring;
pub mod sharded;
pub mod usl;
