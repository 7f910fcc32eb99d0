//! Lab 4: acceleration that may vanish.
//!
//! A bounded read-through cache in front of an authority. It makes reads cheaper and decides nothing:
//! whatever it holds may be thrown away at any moment, and then only latency and load change.
//!
//! In reading order:
//!
//! 1. [`source`]: where the truth is read
//! 2. [`settings`]: what a cache promises, as numbers, and what a read may come back with
//! 3. [`session`]: what a user was told, and must not see taken back
//! 4. `entries`: what has been loaded, bounded in number *(given)*
//! 5. `flights`: what is being loaded *(given)*
//! 6. `places`: how many loads run at once, and how many wait
//! 7. [`cache`]: the cache
//!
//! It is not a product: there is no refreshing ahead of time, no serving of stale values while the
//! authority is down, and no news between caches. Who tells a cache that something has changed is
//! its owner's business; that it may be told late, twice or never is the cache's.

// What is given is called by what you write. The line goes when you have.
#![allow(dead_code)]

pub mod cache;
mod entries;
mod flights;
mod places;
pub mod session;
pub mod settings;
pub mod source;
