//! What a measurement is written down as.
//!
//! A bench writes a [`record`], and the terminal and the book show it: the same figure in the same
//! [`units`], dated by the same [`moment`]. So what those look like is said once, here, and this crate
//! knows nothing of how anything is measured or drawn.

pub mod moment;
pub mod record;
pub mod sample;
pub mod units;
