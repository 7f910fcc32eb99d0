//! Today, as a calendar day in UTC.

use ledger::Date;
use std::time::{SystemTime, UNIX_EPOCH};

/// Today. A clock before 1970 counts as the first day of that year: on it, no waiver has ended.
pub fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    civil(since.map_or(0, |since| since.as_secs() / 86_400))
}

/// The day that is this many days after 1970-01-01.
#[allow(
    clippy::cast_possible_truncation,
    reason = "years beyond 9999 are clamped, and months and days are small"
)]
fn civil(days: u64) -> Date {
    // Count from the first of March of the year 0, so that a leap day is the last of its year.
    let days = days.min(2_932_896) + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let late = u64::from(month >= 10);
    Date {
        year: (year_of_era + era * 400 + late) as u16,
        month: (if month < 10 { month + 3 } else { month - 9 }) as u8,
        day: day as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_become_dates() {
        for (days, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_786, "2026-11-29"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(civil(days).to_string(), date);
        }
    }
}
