//! Moments: the date of a measurement, a name for a file or a folder, how long ago.
//!
//! In UTC, and written by hand: a calendar takes thirty lines, a crate for it would be the largest
//! dependency of the reader's workspace, and "2 days ago" needs no time zone.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970. A clock that is before 1970 counts as 1970.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Now, to the second: `2026-11-23T03:30:00Z`.
pub fn now() -> String {
    text(seconds(SystemTime::now()))
}

/// `2026-11-23T03:30:00Z`
fn text(seconds: u64) -> String {
    let (year, month, day) = civil(seconds);
    let rest = seconds % 86_400;
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `20261123T033000Z`: sorts by time, and every file system accepts it.
pub fn stamp(seconds: u64) -> String {
    for_a_file_name(&text(seconds))
}

/// A written moment as part of a file's name: without colons.
pub fn for_a_file_name(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// `just now`, `3 hours ago`; a date if that says more, or if the clock has gone backwards.
pub fn ago(then: u64, now: u64) -> String {
    let counted = |count: u64, what: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {what}{plural} ago")
    };
    match now.checked_sub(then) {
        Some(0..120) => "just now".to_owned(),
        Some(seconds @ 120..7_200) => counted(seconds / 60, "minute"),
        Some(seconds @ 7_200..172_800) => counted(seconds / 3_600, "hour"),
        Some(seconds @ 172_800..2_592_000) => counted(seconds / 86_400, "day"),
        _ => {
            let (year, month, day) = civil(then);
            format!("on {year:04}-{month:02}-{day:02}")
        }
    }
}

/// Days to a date, by counting in eras of 400 years that begin in March.
fn civil(seconds: u64) -> (u64, u64, u64) {
    // A file may contain any number; no year has more than four digits here.
    let days = (seconds / 86_400).min(2_932_896);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::{ago, stamp, text};

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(text(1_767_225_599), "2025-12-31T23:59:59Z");
        assert_eq!(stamp(0), "19700101T000000Z");
        assert_eq!(stamp(1_709_164_800), "20240229T000000Z");
        assert_eq!(stamp(1_795_404_600), "20261123T033000Z");
        assert_eq!(stamp(u64::MAX).len(), "20261123T033000Z".len());
    }

    #[test]
    fn a_while_ago_is_told_as_one_says_it() {
        let now = 1_795_404_600;
        let told = |before: u64| ago(now - before, now);
        assert_eq!(told(5), "just now");
        assert_eq!(told(120), "2 minutes ago");
        assert_eq!(told(7_200), "2 hours ago");
        assert_eq!(told(3 * 86_400), "3 days ago");
        assert_eq!(told(40 * 86_400), "on 2026-10-14");
        // The clock was set back since.
        assert_eq!(ago(now + 86_400, now), "on 2026-11-24");
        assert_eq!(ago(u64::MAX, 0), "on 9999-12-31");
    }
}
