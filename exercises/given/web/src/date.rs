//! The dates of HTTP, in the three forms that RFC 9110 (5.6.7) makes a recipient read.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::SystemTime;

/// The date in a header field; `None` if there is none, more than one, or not a valid one.
pub fn of(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    httpdate::parse_http_date(line.to_str().ok()?.trim()).ok()
}

/// A date as a header's value. A date before 1970 or after the year 9999 is clamped.
pub fn value(date: SystemTime) -> HeaderValue {
    const LAST_SECOND: u64 = 253_402_300_799;
    let since = date
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let within = std::time::Duration::from_secs(since.as_secs().min(LAST_SECOND));
    let text = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + within);
    HeaderValue::from_str(&text).expect("a date is visible ASCII")
}
