//! The form in which a measurement is recorded.
//!
//! A bench writes a [`record`], and the terminal and the book show it: the same figure in the same
//! [`units`], dated by the same [`moment`]. So their form is defined once, here, and this crate knows
//! nothing about how anything is measured or drawn.

pub mod moment;
pub mod record;
pub mod sample;
pub mod units;
