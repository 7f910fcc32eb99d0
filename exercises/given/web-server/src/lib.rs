//! HTTP over sockets, with bounds: a server in front of a handler, and the way to an origin.
//!
//! The other side of a socket is not ours: it may be slow, large, numerous or hostile. So everything
//! that it can make us hold or wait for has a bound, in [`Limits`] and [`Reach`].
//!
//! Both sides work over any stream, so that tests run them in memory and in virtual time.
//!
//! 1. [`server`]: connections in, a handler, responses out
//! 2. [`upstream`]: requests out to an origin, over connections that are kept
//! 3. [`patient`]: a stream that gives up on a side that does not read

pub mod body;
pub mod patient;
pub mod server;
pub mod upstream;

pub use server::{Limits, serve, serve_connection};
pub use upstream::{Reach, Tcp, Upstream};
