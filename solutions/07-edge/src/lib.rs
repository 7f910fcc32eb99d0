//! Lab 7: close to the user.
//!
//! A shared HTTP cache in front of the API: it answers many people, and so must never give one of them
//! what was meant for another. Whether a response may be kept, whether a kept one may be served, and
//! what to do otherwise are pure functions of a request, a stored response and the time. The server
//! around them only carries messages.
//!
//! In reading order:
//!
//! 1. [`stored`]: what is kept of a response, and under which key
//! 2. [`identity`]: who may be given what was meant for whom
//! 3. [`freshness`]: how old a response is, and how old it may be
//! 4. [`validators`]: asking whether it has changed, and being asked
//! 5. [`decision`]: serve, ask, or refuse
//! 6. [`shelf`]: where stored responses are kept, within a bound
//! 7. [`settings`]: the bounds
//! 8. [`edge`]: one fetch for many clients, and no late fills
//!
//! It is not a product: it stores in memory, does not answer ranges itself, and guesses no lifetime
//! where the origin states none.

pub mod decision;
pub mod edge;
pub mod freshness;
pub mod identity;
pub mod settings;
pub mod shelf;
pub mod stored;
pub mod validators;

// Our solution compared with a library: this grades nothing, so it is not among the exercise's tests.
#[cfg(test)]
mod oracle;
