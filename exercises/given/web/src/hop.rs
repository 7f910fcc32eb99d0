//! Headers that concern one connection, and no other.

use http::header::{self, HeaderMap, HeaderName};

/// What a proxy removes by RFC 9110 (7.6.1), whether `Connection` names it or not.
const ALWAYS: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Leaves only the headers for the two ends: removes what `Connection` names, and `Connection` itself.
///
/// A client must not be able to make a cache remove the headers that it decides by. So a header that
/// `Connection` names stays if it says what a message means.
pub fn end_to_end(headers: &mut HeaderMap) {
    const NEVER: [HeaderName; 7] = [
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::CONTENT_LENGTH,
        header::COOKIE,
        header::HOST,
        header::SET_COOKIE,
        header::VARY,
    ];
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| !NEVER.contains(name))
        .collect();
    for name in named.iter().chain(&ALWAYS) {
        headers.remove(name);
    }
}
