//! The values in a ledger, and which of them are refused.
//!
//! Each type refuses, with its place, what could only be a slip: a duration without a unit, a share of
//! 99.9, zero tries. What a question *lacks* is not an error of form; see [`answered`].

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::time::Duration;
use toml::value::Datetime;

/// The text of an answer, unless it is only a placeholder.
///
/// An unanswered question is a missing key. `""` counts as the same, and so do the words that people
/// write to get past a required field.
pub fn answered(text: &str) -> Option<&str> {
    const NO_ANSWERS: [&str; 8] = ["todo", "tbd", "fixme", "xxx", "n/a", "unknown", "?", "..."];
    let text = text.trim();
    let bare = text.trim_end_matches(['.', '!', ':']);
    let empty = bare.is_empty() && !text.is_empty();
    let is = |word: &&str| bare.eq_ignore_ascii_case(word);
    let begun = bare
        .get(..5)
        .is_some_and(|it| it.eq_ignore_ascii_case("todo:"));
    let put_off = begun || NO_ANSWERS.iter().any(is);
    (!text.is_empty() && !empty && !put_off).then_some(text)
}

/// A duration, written with its unit: `"300 ms"`, `"5 s"`, `"1 min"`, `"2 h"`, `"1 day"`.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Time(pub Duration);

impl Time {
    /// Reads a duration.
    ///
    /// # Errors
    /// A description of the mistake, for the author of the ledger.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let seconds = match unit.trim() {
            "ms" => 0.001,
            "s" | "second" | "seconds" => 1.0,
            "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            "" => return Err(format!("{text:?} has no unit; write \"300 ms\" or \"5 s\"")),
            unit => {
                return Err(format!(
                    "{unit:?} is not a unit of time; use ms, s, min, h or d"
                ));
            }
        };
        number
            .parse::<f64>()
            .ok()
            .and_then(|number| Duration::try_from_secs_f64(number * seconds).ok())
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a duration; write \"300 ms\" or \"5 s\""))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_secs_f64() * 1000.0;
        let ms = (ms * 1000.0).round() / 1000.0;
        match ms {
            ms if ms < 1000.0 => write!(f, "{ms} ms"),
            ms => write!(f, "{} s", ms / 1000.0),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfTime;
        impl Visitor<'_> for OfTime {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, such as \"300 ms\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(OfTime)
    }
}

/// A calendar day, written as TOML writes one: `2027-03-01`, without quotes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Date {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// Reads `2027-03-01`; `None` if the text is not a day.
    pub fn parse(text: &str) -> Option<Self> {
        let day: Datetime = text.trim().parse().ok()?;
        Self::try_from(day).ok()
    }

    /// How many days there are from `earlier` to this day; negative if `earlier` is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.number() - earlier.number()
    }

    /// The days since the first of March of the year 0: with years from March, a leap day is the last
    /// day of its year.
    fn number(self) -> i64 {
        let early = i64::from(self.month <= 2);
        let year = i64::from(self.year) - early;
        let month = i64::from(self.month) - 3 + 12 * early;
        365 * year + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * month + 2) / 5
            + i64::from(self.day)
    }
}

impl TryFrom<Datetime> for Date {
    type Error = String;

    fn try_from(stamp: Datetime) -> Result<Self, String> {
        let date = stamp
            .date
            .ok_or("a day is written as 2027-03-01, without quotes")?;
        Ok(Self {
            year: date.year,
            month: date.month,
            day: date.day,
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stamp = Datetime::deserialize(deserializer)?;
        Self::try_from(stamp).map_err(de::Error::custom)
    }
}

/// One name, or a list of them: `"store"` or `["store", "cache"]`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfNames;
        impl<'de> Visitor<'de> for OfNames {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(OfNames)
    }
}

/// What was measured: `"1,900 a second"`, or a plain number with its unit in the key `unit`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// As it is written.
    pub text: String,
    /// Its number, if the text is one or begins with one.
    pub number: Option<f64>,
}

impl Figure {
    fn of(text: &str) -> Self {
        let bare: String = text.trim().chars().filter(|c| *c != ',').collect();
        let end = bare
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(bare.len());
        Self {
            text: text.to_owned(),
            number: bare[..end].parse().ok(),
        }
    }

    /// Whether it has a figure in it at all.
    pub fn has_figure(&self) -> bool {
        self.text.contains(|c: char| c.is_ascii_digit())
    }

    /// Whether it says what it counts: it has more than digits.
    pub fn has_unit(&self) -> bool {
        let of_number = |c: char| c.is_ascii_digit() || ".,_+-eE ".contains(c);
        self.text.contains(|c: char| !of_number(c))
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfFigure;
        impl Visitor<'_> for OfFigure {
            type Value = Figure;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a figure, as a number or as text with its unit")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Figure, E> {
                Ok(Figure::of(text))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Figure, E> {
                Ok(Figure::of(&number.to_string()))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Figure, E> {
                Ok(Figure::of(&number.to_string()))
            }
        }
        deserializer.deserialize_any(OfFigure)
    }
}

/// A share of the whole, above 0 and at most 1: an availability of 99.9% is `0.999`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(pub f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(deserializer)?;
        if share > 0.0 && share <= 1.0 {
            return Ok(Self(share));
        }
        let hint = "a share is above 0 and at most 1: 99.9% is written 0.999";
        Err(de::Error::custom(hint))
    }
}

/// An amount that is neither negative nor infinite: a rate, a ratio.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Amount(pub f64);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amount = f64::deserialize(deserializer)?;
        if amount.is_finite() && amount >= 0.0 {
            return Ok(Self(amount));
        }
        Err(de::Error::custom("an amount is 0 or more"))
    }
}

/// How often: 1 or more. The first call is a try as well.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Times(pub u32);

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let times = i64::deserialize(deserializer)?;
        match u32::try_from(times) {
            Ok(times) if times > 0 => Ok(Self(times)),
            _ => Err(de::Error::custom(
                "this counts calls, including the first, so it is at least 1",
            )),
        }
    }
}
