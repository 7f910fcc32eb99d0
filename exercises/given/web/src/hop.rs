//! Headers that concern one connection, and no other.

use http::header::{self, HeaderMap, HeaderName};

/// What RFC 9110 (7.6.1) has a proxy remove, whether `Connection` names it or not.
const ALWAYS: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Leaves only what concerns the two ends: removes what `Connection` names, and `Connection` itself.
///
/// It must not be possible to have a cache remove what it decides by. So what `Connection` names is
/// left in place when it is one of the headers that say what a message means.
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
