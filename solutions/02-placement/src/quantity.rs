//! Figures with units.
//!
//! A figure without a unit has started many an argument and ended none. Here a figure is either a rate
//! or a time; both are checked where they enter, and not again. The other way, plain `f64`s that each function
//! checks for itself, works until one function forgets: a `NaN` is neither above a limit nor below it, so
//! that a pressure made of it is never felt and never refused.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many each second: finite, and not negative.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// What a figure can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// So many each second.
    Rate(Rate),
    /// So long.
    Time(Duration),
}

/// Why something is not a figure.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unusable {
    /// It is `NaN` or infinite.
    #[error("{0} is not a number to calculate with")]
    NotFinite(f64),
    /// It is below zero, and nothing here can be.
    #[error("{0} is negative")]
    Negative(f64),
    /// It is zero, where there has to be something.
    #[error("zero is not a capacity: what can carry nothing has not been measured")]
    Zero,
    /// Workers that are never busy do no work.
    #[error("workers that may be busy for none of their time do no work")]
    NeverBusy,
    /// No worker is busy for more than all of its time.
    #[error("no worker can be busy for {0} of its time: a share is at most 1")]
    TooBusy(f64),
    /// It does not begin with a number.
    #[error("`{0}` does not begin with a number")]
    NoNumber(String),
    /// It is a number without a unit.
    #[error("`{0}` has no unit: did you mean {0} /s, or {0} ms?")]
    NoUnit(String),
    /// The unit is not known.
    #[error("`{0}` is not a known unit: use {RATES} for rates, {TIMES} for times")]
    UnknownUnit(String),
    /// No [`Duration`] is as long as that.
    #[error("`{0}` is longer than a duration can be")]
    TooLong(String),
}

const RATES: &str = "/s, /min, /h, /day, /week or /month";
const TIMES: &str = "ns, us, µs, ms, s, min, h or day";

const MINUTE_S: f64 = 60.0;
const HOUR_S: f64 = 60.0 * MINUTE_S;
const DAY_S: f64 = 24.0 * HOUR_S;
const WEEK_S: f64 = 7.0 * DAY_S;
/// Thirty days: these figures decide between scopes, and no such decision hangs on a day.
const MONTH_S: f64 = 30.0 * DAY_S;

impl Rate {
    // ANCHOR: rate
    /// So many each second.
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] for `NaN` and infinities, [`Unusable::Negative`] below zero. Zero is a
    /// rate: nothing arrives.
    pub fn per_second(count: f64) -> Result<Self, Unusable> {
        if !count.is_finite() {
            return Err(Unusable::NotFinite(count));
        }
        if count < 0.0 {
            return Err(Unusable::Negative(count));
        }
        Ok(Self(count))
    }

    /// A rate that something was measured to carry.
    ///
    /// # Errors
    /// As [`Rate::per_second`], and [`Unusable::Zero`] for zero.
    pub fn capacity(count: f64) -> Result<Self, Unusable> {
        match Self::per_second(count)? {
            Self(0.0) => Err(Unusable::Zero),
            rate => Ok(rate),
        }
    }
    // ANCHOR_END: rate

    /// So many each second.
    pub fn each_second(self) -> f64 {
        self.0
    }
}

impl PartialOrd for Quantity {
    /// Rates compare with rates and times with times. A rate and a time are neither above nor below each
    /// other.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Rate(one), Self::Rate(other)) => one.partial_cmp(other),
            (Self::Time(one), Self::Time(other)) => one.partial_cmp(other),
            _ => None,
        }
    }
}

impl FromStr for Quantity {
    type Err = Unusable;

    /// Given. Reads a decimal number and a unit, with or without spaces between and around them: `12000 /s`,
    /// `2.5ms`, `4 /month`. The units are `/s`, `/min`, `/h`, `/day`, `/week` and `/month`, which is thirty days,
    /// for rates; `ns`, `us` or `µs`, `ms`, `s`, `min`, `h` and `day` for times. There are no exponents.
    ///
    /// # Errors
    /// [`Unusable`] names what is wrong: no number, a negative one, no unit, or one that is not known.
    /// Whatever the text is, this does not panic.
    fn from_str(text: &str) -> Result<Self, Unusable> {
        let text = text.trim();
        let digits = text.trim_start_matches(['-', '+']);
        let signs = text.len() - digits.len();
        let length = digits
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(digits.len());
        let (number, unit) = text.split_at(signs + length);
        let count: f64 = number
            .parse()
            .map_err(|_| Unusable::NoNumber(text.to_owned()))?;
        let unit = unit.trim();
        let each = |seconds: f64| Rate::per_second(count / seconds).map(Quantity::Rate);
        let time = |seconds: f64| {
            Rate::per_second(count)?;
            Duration::try_from_secs_f64(count * seconds)
                .map(Quantity::Time)
                .map_err(|_| Unusable::TooLong(text.to_owned()))
        };
        match unit {
            "" => Err(Unusable::NoUnit(number.to_owned())),
            "/s" => each(1.0),
            "/min" => each(MINUTE_S),
            "/h" => each(HOUR_S),
            "/day" => each(DAY_S),
            "/week" => each(WEEK_S),
            "/month" => each(MONTH_S),
            "ns" => time(1e-9),
            "us" | "µs" | "μs" => time(1e-6),
            "ms" => time(1e-3),
            "s" => time(1.0),
            "min" => time(MINUTE_S),
            "h" => time(HOUR_S),
            "day" | "days" => time(DAY_S),
            other => Err(Unusable::UnknownUnit(other.to_owned())),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The unit in which it is at least one, so that nobody has to read 0.0000008 /s.
        let units = [
            (1.0, "/s"),
            (MINUTE_S, "/min"),
            (HOUR_S, "/h"),
            (DAY_S, "/day"),
            (WEEK_S, "/week"),
        ];
        let (seconds, unit) = units
            .into_iter()
            .find(|(seconds, _)| self.0 * seconds >= 1.0 || self.0 == 0.0)
            .unwrap_or((MONTH_S, "/month"));
        write!(f, "{} {unit}", rounded(self.0 * seconds))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => rate.fmt(f),
            Self::Time(time) => write!(f, "{time:?}"),
        }
    }
}

/// To four digits, for people.
fn rounded(number: f64) -> f64 {
    if number >= 1_000.0 {
        return number.round();
    }
    (number * 1_000.0).round() / 1_000.0
}
