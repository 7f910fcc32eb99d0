//! Lab 0: one request, and who decides.
//!
//! Four roles, all in one process: an authority that decides, a cache that may vanish, a worker that
//! follows later, and the API that connects them. Where they run is another question; what each of them
//! may do does not depend on it.
//!
//! In reading order, which is also the order of the stages:
//!
//! 1. [`authority`]: the one place that makes versions
//! 2. [`session`]: what a user was told
//! 3. [`cache`]: answers that were right a moment ago, and cost nothing
//! 4. [`worker`]: a view that is derived from events, later
//! 5. [`api`]: what connects them
//!
//! It is not a product: the cache has no bound on its size or its age (lab 4), nothing survives the
//! process (lab 3), and a retry gets "stale" instead of "done already" (lab 3).

pub mod api;
pub mod authority;
pub mod cache;
pub mod session;
pub mod worker;
