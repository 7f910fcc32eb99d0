//! Lab 4 solved: acceleration that may vanish.
//!
//! A bounded read-through cache in front of an authority. It makes reads cheaper and decides nothing:
//! whatever it holds may be thrown away at any moment, and then only latency and load change.
//!
//! In reading order:
//!
//! 1. [`source`]: where the truth is read
//! 2. [`settings`]: what a cache promises, as numbers, and what a read may come back with
//! 3. [`session`]: what a user was told, and must not see taken back
//! 4. `entries`: what has been loaded, bounded in number
//! 5. `flights`: what is being loaded
//! 6. `places`: how many loads run at once, and how many wait
//! 7. [`cache`]: the cache
//!
//! The eviction policy comes from `quick_cache`; who may see which value, and which value may be kept,
//! is decided here.

pub mod cache;
mod entries;
mod flights;
mod places;
pub mod session;
pub mod settings;
pub mod source;
