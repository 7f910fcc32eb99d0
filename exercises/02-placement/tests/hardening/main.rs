//! Grades what a product needs beyond lab 2's lesson.
//!
//! - `nights`: the same shards, night after night, with whatever goes wrong on the way, against a model
//! - `shard`: what arrives at a shard may be anything
//! - `sizes`: numbers that are large, and memory that is not
//! - `decision`: any requirements and any figures, against a model
//! - `figures`: what is read, and what follows from it at its edges
//! - `curve`, `fit`: the law of what more shards bring

mod curve;
mod decision;
mod figures;
mod fit;
mod nights;
mod shard;
mod sizes;

#[path = "../world/mod.rs"]
mod world;
