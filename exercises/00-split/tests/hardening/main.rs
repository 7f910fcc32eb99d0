//! What else a product needs: one property against a model, and what a property cannot express.
//!
//! The model is a system without a cache and without a worker. Whatever happens, in whatever order, the
//! lab's answers have to equal the model's.

mod model;
mod outside;
mod schedules;
#[path = "../world/mod.rs"]
mod world;
