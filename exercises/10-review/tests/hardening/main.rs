//! What a linter needs before a team trusts it: the rules that look at whole systems, the corners of the
//! first seven, and proof that it is silent on clean systems.

#[path = "../world/mod.rs"]
#[allow(dead_code, reason = "the core uses the rest")]
mod world;

mod corners;
mod days;
mod latency;
mod monolith;
mod scale;
mod systems;
mod writes;
