//! What is kept of a response, and under which key.

use std::time::SystemTime;
use web::Bytes;
use web::http::{HeaderMap, Response};

// ANCHOR: stored
/// The address under which a response is kept: what a request asks for, whoever sends it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Key {
    /// The host, in lower case, with its port if that is not 80.
    pub host: String,
    /// The path and the query, as the request has them.
    pub target: String,
}

/// A response that is kept, with what the decisions need to know about its fetch.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The headers of the request that it answers. `Vary` says which of them matter.
    pub request: HeaderMap,
    /// The response, whole.
    pub response: Response<Bytes>,
    /// When the request for it was sent to the origin.
    pub requested_at: SystemTime,
    /// When its headers had arrived.
    pub received_at: SystemTime,
}
// ANCHOR_END: stored
