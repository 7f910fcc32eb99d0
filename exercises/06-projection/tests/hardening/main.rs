//! What a product needs besides.

#[path = "../world/mod.rs"]
mod world;
