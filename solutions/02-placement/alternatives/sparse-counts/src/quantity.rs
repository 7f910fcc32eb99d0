//! Figures with units: cut in two where the number ends, and looked up in a table.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Given by the lab.
pub use ours::quantity::Unusable;

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

/// Names of units, and how many seconds each is; those of rates begin with a slash.
const UNITS: [(&str, f64); 16] = [
    ("/s", 1.0),
    ("/min", 60.0),
    ("/h", 3_600.0),
    ("/day", 86_400.0),
    ("/week", 604_800.0),
    ("/month", 2_592_000.0),
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("min", 60.0),
    ("h", 3_600.0),
    ("day", 86_400.0),
    ("days", 86_400.0),
];

impl Rate {
    /// As the lab says.
    ///
    /// # Errors
    /// As the lab says.
    pub fn per_second(count: f64) -> Result<Self, Unusable> {
        match count {
            count if !count.is_finite() => Err(Unusable::NotFinite(count)),
            count if count < 0.0 => Err(Unusable::Negative(count)),
            count => Ok(Self(count)),
        }
    }

    /// As the lab says.
    ///
    /// # Errors
    /// As the lab says.
    pub fn capacity(count: f64) -> Result<Self, Unusable> {
        let rate = Self::per_second(count)?;
        if rate.0 > 0.0 {
            Ok(rate)
        } else {
            Err(Unusable::Zero)
        }
    }

    /// So many each second.
    pub fn each_second(self) -> f64 {
        self.0
    }
}

impl FromStr for Quantity {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        let text = text.trim();
        let of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-');
        let end = text.find(|c| !of_number(c)).unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim());
        let Ok(count) = number.parse::<f64>() else {
            return Err(Unusable::NoNumber(text.to_owned()));
        };
        if unit.is_empty() {
            return Err(Unusable::NoUnit(number.to_owned()));
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let &(name, seconds) = known.ok_or_else(|| Unusable::UnknownUnit(unit.to_owned()))?;
        if name.starts_with('/') {
            return Ok(Self::Rate(Rate::per_second(count / seconds)?));
        }
        let count = Rate::per_second(count)?.0;
        match Duration::try_from_secs_f64(count * seconds) {
            Ok(time) => Ok(Self::Time(time)),
            Err(_) => Err(Unusable::TooLong(text.to_owned())),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The lab's own form.
        match ours::quantity::Rate::per_second(self.0) {
            Ok(rate) => rate.fmt(f),
            Err(_) => Err(fmt::Error),
        }
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
