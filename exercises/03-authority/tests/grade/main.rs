//! What grades lab 3. Each test's comment opens with the invariant that it proves.
//!
//! The disk is a [`crashdisk`]: it counts syncs, fails on order, and can be looked at as it would be
//! found after a crash at any point. Nothing is committed but by the [`Committer`] in the test's hands,
//! so that a test decides which writes wait together.
//!
//! [`Committer`]: authority::group::Committer

// In the starter, what is the reader's to design holds nothing yet, and so has nothing to drop.
#![allow(clippy::drop_non_drop)]

mod days;
mod durable;
mod epochs;
mod facts;
mod group;
mod idempotency;
mod independence;
mod kill;
mod ledger;
mod running;
mod versions;
