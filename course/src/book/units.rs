//! Figures as a reader sees them: no digits that nobody measured.

/// A duration with two significant digits or three: `1.3 ns`, `43 µs`, `4.0 ms`.
pub fn duration(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 999.5 => (ns, "ns"),
        ns if ns < 999_500.0 => (ns / 1e3, "µs"),
        ns if ns < 999_500_000.0 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    if value < 9.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// A number as a reader expects it: thousands set off, no digits that nobody measured.
pub fn number(value: f64) -> String {
    if value < 9.95 {
        let text = format!("{value:.1}");
        return text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
    }
    // Three significant digits are more than a measurement of this kind can bear.
    let magnitude = 10_f64.powf((value.log10().floor() - 2.0).max(0.0));
    grouped(&format!("{:.0}", (value / magnitude).round() * magnitude))
}

/// A ratio: `1.3×`, and a fraction where decimals would say nothing, `1/75`.
pub fn times(ratio: f64) -> String {
    if ratio < 0.1 {
        format!("1/{}", number(1.0 / ratio))
    } else {
        format!("{}×", number(ratio))
    }
}

/// A count, which is exact.
pub fn exact(count: u64) -> String {
    grouped(&count.to_string())
}

fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{duration, number, times};

    #[test]
    fn figures_are_rounded_to_what_was_measured() {
        let shown = [1.04, 17.0, 999.6, 6_400.0, 43_210.0, 4e6, 2.5e9].map(duration);
        assert_eq!(
            shown,
            [
                "1.0 ns", "17 ns", "1.0 µs", "6.4 µs", "43 µs", "4.0 ms", "2.5 s"
            ]
        );
        let shown = [4.0, 6.25, 96.4, 6_437.2, 1_234_567.0].map(number);
        assert_eq!(shown, ["4", "6.2", "96", "6,440", "1,230,000"]);
        assert_eq!([1.25, 0.35, 0.0133].map(times), ["1.2×", "0.3×", "1/75"]);
    }
}
