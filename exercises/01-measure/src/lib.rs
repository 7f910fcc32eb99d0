//! Lab 1: the price of a boundary.
//!
//! A remote call over one connection, built from the stream up, small enough to measure and honest
//! enough to keep: frames, a client that many callers share, a server that stays bounded, a batch
//! call, and a recorder for latencies that hides nothing.
//!
//! In reading order, which is also the order to build in:
//!
//! 1. [`frame`]: bytes to messages and back
//! 2. [`client`]: one connection, many callers
//! 3. [`server`]: many requests, bounded work
//! 4. [`progress`]: what the platform says over it, one key or a batch
//! 5. [`samples`]: what a call cost, with nothing left out
//!
//! It is not a product: there is no encryption, no reconnecting, no deadline that travels and no
//! retry. Deadlines and retries are a subject of their own, and come with the question that this
//! lab only raises: what does a caller know when no reply came?

pub mod client;
pub mod frame;
mod outbox;
pub mod progress;
pub mod samples;
pub mod server;
