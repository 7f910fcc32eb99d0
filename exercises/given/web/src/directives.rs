//! `Cache-Control`, parsed.
//!
//! The author of this header may be hostile or merely careless, so every doubt is resolved to the safe
//! side: what is not a number is zero where a number permits something, of two different numbers the
//! smaller one counts, a number that is too large is a very long time, and a directive with an argument
//! that it does not need is still the directive.

use http::header::{CACHE_CONTROL, HeaderMap};
use std::time::Duration;

// ANCHOR: directives
/// What `Cache-Control` says, in a request or a response. A missing directive is `false` or `None`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Directives {
    /// Requests and responses: keep nothing of this.
    pub no_store: bool,
    /// Requests and responses: ask the origin before each use. Also set if it has a list of fields.
    pub no_cache: bool,
    /// Responses: for one user. No shared cache keeps it. Also set if it has a list of fields.
    pub private: bool,
    /// Responses: for everybody, whoever asked.
    pub public: bool,
    /// Responses: never serve it stale.
    pub must_revalidate: bool,
    /// Responses: the same, for shared caches only.
    pub proxy_revalidate: bool,
    /// Requests: answer from what you hold, or not at all.
    pub only_if_cached: bool,
    /// Requests: no older than that. Responses: fresh for that long.
    pub max_age: Option<Duration>,
    /// Responses: fresh for that long, for shared caches only; and never serve it stale.
    pub s_maxage: Option<Duration>,
    /// Responses: for this long after it became stale, serve it while you ask (RFC 5861).
    pub stale_while_revalidate: Option<Duration>,
    /// Both: for this long after it became stale, serve it instead of an error (RFC 5861).
    pub stale_if_error: Option<Duration>,
    /// Requests: fresh for at least that much longer.
    pub min_fresh: Option<Duration>,
    /// Requests: stale by no more than that is accepted. Without a number: however stale.
    pub max_stale: Option<Duration>,
}
// ANCHOR_END: directives

/// The longest time that a number of seconds may mean: about 68 years (RFC 9111, 1.2.2).
pub const LONGEST: Duration = Duration::from_secs(1 << 31);

impl Directives {
    /// What the `Cache-Control` lines of these headers say together.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        for line in headers.get_all(CACHE_CONTROL) {
            for (name, argument) in Parts(line.as_bytes()) {
                said.add(&name, argument.as_deref());
            }
        }
        said
    }

    fn add(&mut self, name: &str, argument: Option<&str>) {
        match name {
            "no-store" => self.no_store = true,
            "no-cache" => self.no_cache = true,
            "private" => self.private = true,
            "public" => self.public = true,
            "must-revalidate" => self.must_revalidate = true,
            "proxy-revalidate" => self.proxy_revalidate = true,
            "only-if-cached" => self.only_if_cached = true,
            "max-age" => smaller(&mut self.max_age, seconds(argument)),
            "s-maxage" => smaller(&mut self.s_maxage, seconds(argument)),
            "stale-while-revalidate" => {
                smaller(&mut self.stale_while_revalidate, seconds(argument));
            }
            "stale-if-error" => smaller(&mut self.stale_if_error, seconds(argument)),
            "max-stale" => smaller(
                &mut self.max_stale,
                argument.map_or(LONGEST, |_| seconds(argument)),
            ),
            "min-fresh" => {
                // Here the safe side is the larger number.
                let asked = match argument.map(str::parse::<u64>) {
                    Some(Ok(_)) => seconds(argument),
                    _ => LONGEST,
                };
                self.min_fresh = Some(self.min_fresh.map_or(asked, |had| had.max(asked)));
            }
            _ => {}
        }
    }
}

fn smaller(had: &mut Option<Duration>, new: Duration) {
    *had = Some(had.map_or(new, |had| had.min(new)));
}

/// A number of seconds: only digits. A number that does not fit is [`LONGEST`], everything else is zero.
fn seconds(argument: Option<&str>) -> Duration {
    let digits = argument.unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::ZERO;
    }
    digits
        .parse()
        .map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST))
}

/// The directives of one line, with their arguments, in a single pass: a quoted argument may contain
/// commas, and a line may be as long as a header may be.
struct Parts<'a>(&'a [u8]);

impl Iterator for Parts<'_> {
    type Item = (String, Option<String>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let mut name = Vec::new();
        let mut argument: Option<Vec<u8>> = None;
        let mut quoted = false;
        let mut escaped = false;
        let mut read = 0;
        for &byte in self.0 {
            read += 1;
            match byte {
                b'\\' if quoted && !escaped => {
                    escaped = true;
                    continue;
                }
                b'"' if !escaped => quoted = !quoted,
                b',' if !quoted => break,
                b'=' if !quoted && argument.is_none() => argument = Some(Vec::new()),
                _ => argument.as_mut().unwrap_or(&mut name).push(byte),
            }
            escaped = false;
        }
        self.0 = &self.0[read..];
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
        Some((text(name).to_ascii_lowercase(), argument.map(text)))
    }
}
