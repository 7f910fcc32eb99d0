//! HTTP messages, their directives and dates, and the way to an origin.
//!
//! What every design of an HTTP cache needs and none has to decide, so it is provided. Sockets are not
//! here; `web-server` has them.
//!
//! In reading order:
//!
//! 1. [`message`]: requests and responses, and bodies that are whole or still arriving
//! 2. [`origin`]: the way to the origin, and how it fails
//! 3. [`directives`]: `Cache-Control`, parsed
//! 4. [`date`]: the dates of HTTP
//! 5. [`clock`]: the time, in tests as well
//! 6. [`hop`]: headers that concern one connection, and no other

pub mod clock;
pub mod date;
pub mod directives;
pub mod hop;
pub mod message;
pub mod origin;

pub use bytes::Bytes;
pub use clock::Clock;
pub use directives::Directives;
pub use http;
pub use message::{Body, BodyBroken, Read, Request, Response};
pub use origin::{Origin, OriginError};
