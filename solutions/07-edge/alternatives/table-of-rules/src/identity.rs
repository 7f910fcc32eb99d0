//! Whether to keep a response: a list of objections, and a list of what overrules some of them.

use crate::stored::{Key, Stored};
use web::http::{HeaderMap, Method};
use web::{Directives, Request, Response};

/// The key of what a request asks for.
pub fn key(request: &Request) -> Key {
    let uri = request.uri();
    let mut host = match uri.host() {
        Some(host) => match uri.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        },
        None => text(request.headers(), "host").unwrap_or_default(),
    };
    host.make_ascii_lowercase();
    if host.ends_with(":80") {
        host.truncate(host.len() - 3);
    }
    let target = match uri.query() {
        Some(query) => format!("{}?{query}", uri.path()),
        None => uri.path().to_owned(),
    };
    Key { host, target }
}

/// Whether a shared cache may keep the response to this request.
pub fn may_store(request: &Request, response: &Response) -> bool {
    let (asked, said) = (request.headers(), response.headers());
    let (client, origin) = (Directives::of(asked), Directives::of(said));
    let status = response.status().as_u16();
    let overruled = origin.public || origin.s_maxage.is_some();
    let objections = [
        request.method() != Method::GET,
        asked.contains_key("range"),
        !(200..500).contains(&status) || [206, 304].contains(&status),
        client.no_store || origin.no_store || origin.private,
        everything(&names(said)),
        !overruled && asked.contains_key("authorization"),
        !overruled && asked.contains_key("cookie"),
        !overruled && said.contains_key("set-cookie"),
    ];
    !objections.contains(&true)
}

/// Whether the stored response answers this request, too.
pub fn selects(stored: &Stored, request: &Request) -> bool {
    let names = names(stored.response.headers());
    !everything(&names)
        && names
            .iter()
            .all(|name| text(&stored.request, name) == text(request.headers(), name))
}

/// All names in `Vary`, in lower case.
fn names(headers: &HeaderMap) -> Vec<String> {
    let all = text(headers, "vary").unwrap_or_default();
    let names = all.split(',').filter(|name| !name.is_empty());
    names.map(str::to_ascii_lowercase).collect()
}

fn everything(names: &[String]) -> bool {
    names.iter().any(|name| name == "*")
}

/// A header in normal form: all lines joined by commas, without space around them.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|line| {
            let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
            let parts: Vec<&str> = line.split(',').map(str::trim).collect();
            parts.join(",")
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join(","))
}
