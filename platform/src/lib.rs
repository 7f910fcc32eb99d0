//! The stage on which the course's parts run as one system: *browser → edge → API and its cache →
//! authority → outbox and stream → workers → view*.
//!
//! It knows the parts by small [traits](parts) and nothing about how they work. Its own is what stands
//! around them: the HTTP API, the page, switches that disturb the calls between parts, traces,
//! a seeded load, scenarios, and an observer that judges from outside whether the promises hold.
//!
//! It is not a framework: no product should be built on it. It listens on loopback only.
//!
//! In reading order:
//!
//! 1. [`parts`]: what each part does for the others
//! 2. [`switch`] and [`ways`]: the calls between parts, and what may go wrong with them
//! 3. `api`, `problem`, [`catalogue`]: what answers requests
//! 4. [`observer`]: what must hold, and how that is judged
//! 5. [`browser`], [`load`]: who uses it
//! 6. [`stage`], [`arrivals`], [`scenario`], [`front`] and [`serve`]: all of it together, its page, and its sockets
//! 7. [`doubles`] and [`planted`]: parts in memory, and parts that are wrong in one way, for tests

mod api;
pub mod arrivals;
pub mod bounds;
pub mod browser;
pub mod catalogue;
pub mod doubles;
pub mod front;
pub mod http;
pub mod load;
pub mod observer;
pub mod parts;
pub mod planted;
mod problem;
pub mod scenario;
pub mod serve;
pub mod stage;
pub mod switch;
pub mod trace;
pub mod ways;
