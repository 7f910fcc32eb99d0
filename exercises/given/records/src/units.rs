//! Times and ratios, formatted for people.

use std::collections::BTreeMap;

/// A smaller ratio is written as a fraction: 1/62 says more than 0.02.
const FRACTIONS_BELOW: f64 = 0.1;

/// A time in nanoseconds in the unit that suits it, with two or three digits: `6.4 µs`.
pub fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 999.5 => (ns, "ns"),
        ns if ns < 999.5e3 => (ns / 1e3, "µs"),
        ns if ns < 999.5e6 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    if value < 9.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// A ratio: `150×`, `1.33×`, and a fraction where decimals would say nothing, `1/6400`.
pub fn ratio(value: f64) -> String {
    if value < FRACTIONS_BELOW {
        format!("1/{}", whole(1.0 / value))
    } else {
        format!("{}×", bare(value))
    }
}

/// A ratio with its lowest and highest value: `1.33× (1.30–1.36)`.
pub fn ratio_with_spread(median: f64, low: f64, high: f64) -> String {
    if median < FRACTIONS_BELOW {
        let (least, most) = (short(1.0 / high), short(1.0 / low));
        format!("{} ({least}–{most})", ratio(median))
    } else {
        format!("{} ({}–{})", ratio(median), bare(low), bare(high))
    }
}

/// A single figure, without a unit or with one written after it: `4`, `6.2`, `6,440`. Three significant
/// digits are more than a measurement of this kind can bear.
pub fn number(value: f64) -> String {
    if value < 9.95 {
        let text = format!("{value:.1}");
        return text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
    }
    let magnitude = 10_f64.powf((value.log10().floor() - 2.0).max(0.0));
    grouped_digits(&format!("{:.0}", (value / magnitude).round() * magnitude))
}

/// How many of something: `4.1`, `37`, `6,400`. A comparison supports no more than two digits.
pub fn count(value: f64) -> String {
    if value < 9.95 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

/// A count in two digits, with thousands separators.
fn whole(value: f64) -> String {
    let scale = 10f64.powf((value.log10().floor() - 1.0).max(0.0));
    grouped_digits(&format!("{:.0}", (value / scale).round() * scale))
}

/// An exact count, with thousands separators.
pub fn grouped(count: u64) -> String {
    grouped_digits(&count.to_string())
}

/// A list of counts: `1,204 syncs, 1 write`. What is counted is named in the plural, by its first word.
pub fn counts(counts: &BTreeMap<String, u64>) -> String {
    let words = counts.iter().map(|(what, &times)| {
        let (noun, of_what) = what.split_at(what.find(' ').unwrap_or(what.len()));
        let noun = match times {
            1 => noun.strip_suffix('s').unwrap_or(noun),
            _ => noun,
        };
        format!("{} {noun}{of_what}", grouped(times))
    });
    words.collect::<Vec<_>>().join(", ")
}

fn grouped_digits(digits: &str) -> String {
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count for small spaces: `6,400`, `12k`.
fn short(value: f64) -> String {
    if value < 9_950.0 {
        whole(value)
    } else {
        format!("{}k", whole(value / 1000.0))
    }
}

fn bare(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_the_unit_that_suits_them() {
        let shown: Vec<_> = [0.96, 17.2, 999.6, 6_412.0, 85_400.0, 20_100_000.0, 2e9]
            .map(time)
            .into();
        assert_eq!(
            shown,
            [
                "1.0 ns", "17 ns", "1.0 µs", "6.4 µs", "85 µs", "20 ms", "2.0 s"
            ]
        );
    }

    #[test]
    fn ratios_keep_the_digits_that_mean_something() {
        assert_eq!(ratio_with_spread(1.333, 1.3, 1.357), "1.33× (1.30–1.36)");
        assert_eq!(ratio_with_spread(147.2, 141.0, 150.6), "150× (140–150)");
        assert_eq!(ratio_with_spread(0.71, 0.7, 0.73), "0.71× (0.70–0.73)");
        assert_eq!(
            ratio_with_spread(1.0 / 6400.0, 1.0 / 6612.0, 1.0 / 6100.0),
            "1/6,400 (6,100–6,600)"
        );
        assert_eq!(
            ratio_with_spread(1.0 / 10_400.0, 1.0 / 85_000.0, 1.0 / 9_960.0),
            "1/10,000 (10k–85k)"
        );
    }

    #[test]
    fn counts_are_rounded_to_what_can_be_claimed() {
        assert_eq!(count(6412.3), "6,400");
        assert_eq!(count(1_234_567.0), "1,200,000");
        assert_eq!(count(37.4), "37");
        assert_eq!(count(4.06), "4.1");
        assert_eq!(count(99.6), "100");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn a_figure_on_its_own_has_no_needless_digits() {
        let shown = [4.0, 6.25, 96.4, 6_437.2, 1_234_567.0].map(number);
        assert_eq!(shown, ["4", "6.2", "96", "6,440", "1,230,000"]);
    }

    #[test]
    fn one_is_not_many() {
        let counted = [("syncs", 1204), ("syncs to grow the file", 1), ("loads", 1)];
        let counted = counted.map(|(what, times)| (what.to_owned(), times));
        assert_eq!(
            counts(&counted.into()),
            "1 load, 1,204 syncs, 1 sync to grow the file"
        );
    }
}
