//! Figures with units.

use placement::quantity::{Quantity, Rate, Unusable};
use proptest::prelude::*;
use std::time::Duration;
use testbed::{for_all, live};

fn about(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * other.abs()
}

/// **P8** Numbers with units are read, with or without spaces.
#[test]
fn figures_are_read_with_their_units() {
    live(|| {
        let rates = [
            ("12000 /s", 12_000.0),
            ("30/min", 0.5),
            (" 7.2 /h ", 0.002),
            ("86400/day", 1.0),
            ("604800 /week", 1.0),
            ("2592000 /month", 1.0),
            ("0 /s", 0.0),
        ];
        for (text, each_second) in rates {
            match text.parse() {
                Ok(Quantity::Rate(rate)) if about(rate.each_second(), each_second) => {}
                other => panic!("`{text}` is {each_second} a second, and was read as {other:?}."),
            }
        }
        let times = [
            ("250 ns", 250),
            ("1.5us", 1_500),
            ("17 µs", 17_000),
            ("2.5ms", 2_500_000),
            ("3 s", 3_000_000_000),
            ("2 min", 120_000_000_000),
            ("5 h", 18_000_000_000_000),
            ("1 day", 86_400_000_000_000),
        ];
        for (text, ns) in times {
            let time = Duration::from_nanos(ns);
            match text.parse() {
                Ok(Quantity::Time(read)) if read.abs_diff(time).as_nanos() <= 1 => {}
                other => panic!("`{text}` is {time:?}, and was read as {other:?}."),
            }
        }
    });
}

/// **P8** A unit that is not known is an error that names it, and so is none at all.
#[test]
fn an_unknown_unit_is_named() {
    live(|| {
        for (text, unit) in [
            ("5 furlongs", "furlongs"),
            ("5 m", "m"),
            ("5 MS", "MS"),
            ("5 s/s", "s/s"),
            ("5 /fortnight", "/fortnight"),
            ("5 %", "%"),
        ] {
            assert_eq!(
                text.parse::<Quantity>(),
                Err(Unusable::UnknownUnit(unit.to_owned())),
                "`{unit}` is no unit that is known here. To guess what `{text}` means is to decide it."
            );
        }
        for text in ["5", "12000 "] {
            let read = text.parse::<Quantity>();
            assert!(
                matches!(read, Err(Unusable::NoUnit(_))),
                "`{text}` has no unit, and was read as {read:?}: five what?"
            );
        }
    });
}

/// **P8** What is no number, or a negative one, is an error.
#[test]
fn what_is_no_figure_is_refused() {
    live(|| {
        for text in [
            "", " ", "/s", "ms", "fast", "NaN ms", "inf /s", "1,000 /s", "--3 /s", "1.2.3 s", "µ",
        ] {
            let read = text.parse::<Quantity>();
            assert!(read.is_err(), "`{text}` was read as {read:?}.");
        }
        for text in ["-3 /s", "-0.5 ms"] {
            let read = text.parse::<Quantity>();
            assert!(
                matches!(read, Err(Unusable::Negative(_))),
                "`{text}` is less than nothing, and was read as {read:?}."
            );
        }
        let long = format!("{} day", "9".repeat(400));
        for text in [long.as_str(), "99999999999999999999999 day"] {
            assert!(
                text.parse::<Quantity>().is_err(),
                "No duration is as long as that."
            );
        }
    });
}

/// **P8** No text at all makes reading panic.
#[test]
fn any_text_is_a_figure_or_an_error() {
    live(|| {
        let text = prop_oneof!["\\PC{0,12}", "[-+0-9.eE_ ]{0,6}[a-zµ/%]{0,4}"];
        for_all(&text, |text: String| {
            if let Ok(Quantity::Rate(rate)) = text.parse() {
                let rate = rate.each_second();
                assert!(
                    rate.is_finite() && rate >= 0.0,
                    "`{text}` was read as {rate} a second."
                );
            }
        });
    });
}

/// **P8** `NaN`, infinities and negative numbers never become a rate, and zero no capacity.
#[test]
fn no_rate_is_beyond_reckoning() {
    live(|| {
        for count in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for made in [Rate::per_second(count), Rate::capacity(count)] {
                assert!(
                    matches!(made, Err(Unusable::NotFinite(_))),
                    "{count} became {made:?}. A `NaN` is neither above a limit nor below one: a pressure \
                     that is made of it is never felt, and never refused."
                );
            }
        }
        for made in [Rate::per_second(-1.0), Rate::capacity(-1e-9)] {
            assert!(
                matches!(made, Err(Unusable::Negative(_))),
                "Less than nothing became {made:?}."
            );
        }
        assert_eq!(
            Rate::per_second(0.0).map(Rate::each_second),
            Ok(0.0),
            "Nothing may arrive."
        );
        assert_eq!(
            Rate::capacity(0.0),
            Err(Unusable::Zero),
            "A capacity of nothing is a measurement that went wrong, and would rule out its scope for ever."
        );
        assert_eq!(Rate::capacity(1e-9).map(Rate::each_second), Ok(1e-9));
    });
}

/// **P8** A number or a unit with a space in it is none.
#[test]
fn spaces_stand_between_and_around_only() {
    live(|| {
        for text in ["1 2 /s", "5 / s", "5 m s", "1 000 ms", "1. 5 s"] {
            let read = text.parse::<Quantity>();
            assert!(
                read.is_err(),
                "`{text}` was read as {read:?}. To put the pieces together is to guess."
            );
        }
        for text in ["1_000 /s", "1_0 ms"] {
            let read = text.parse::<Quantity>();
            assert!(read.is_err(), "`{text}` was read as {read:?}.");
        }
    });
}

/// **P8** The error says what is missing: a number, where there is none.
#[test]
fn a_missing_number_is_named() {
    live(|| {
        for text in ["", " ", "/s", "ms", "fast", "µ"] {
            let read = text.parse::<Quantity>();
            assert!(
                matches!(read, Err(Unusable::NoNumber(_))),
                "`{text}` does not begin with a number, and was read as {read:?}."
            );
        }
    });
}

/// **P8** No text becomes a rate that is infinite, or as large as it happens to fit.
#[test]
fn a_number_beyond_all_numbers_is_no_rate() {
    live(|| {
        let long = format!("{} /s", "9".repeat(400));
        let read = long.parse::<Quantity>();
        assert!(read.is_err(), "400 nines a second were read as {read:?}.");
    });
}

/// **P8** A negative zero is zero, and what is merely tiny is not.
#[test]
fn zero_has_no_sign_and_tiny_is_not_zero() {
    live(|| {
        assert!(
            Rate::per_second(-0.0).is_ok(),
            "Minus zero is not below zero."
        );
        assert_eq!(Rate::capacity(-0.0), Err(Unusable::Zero));
        let tiny = f64::MIN_POSITIVE;
        assert_eq!(Rate::capacity(tiny).map(Rate::each_second), Ok(tiny));
    });
}

/// **P8** There are no exponents: what looks like one is no unit.
#[test]
fn an_exponent_is_no_unit() {
    live(|| {
        for text in ["1e3 /s", "2E6 ms", "1e-3 s", "5e0 /day", "1e+2 /month"] {
            let read = text.parse::<Quantity>();
            assert!(
                read.is_err(),
                "`{text}` was read as {read:?}, and there are no exponents here: a slip of the finger is a \
                 thousand times too much."
            );
        }
    });
}

/// **P8** The units are those of the list, and no others that somebody might mean.
#[test]
fn no_unit_is_known_that_is_not_listed() {
    live(|| {
        for unit in [
            "hours", "hour", "minutes", "m", "d", "sec", "weeks", "month", "year", "/d", "/w",
            "/weeks", "/year", "/hour", "/ms",
        ] {
            let text = format!("5 {unit}");
            assert_eq!(
                text.parse::<Quantity>(),
                Err(Unusable::UnknownUnit(unit.to_owned())),
                "`{unit}` is in no list of units here."
            );
        }
    });
}

/// **P8** Any number of spaces may stand between and around.
#[test]
fn several_spaces_are_spaces() {
    live(|| {
        for text in ["5   ms", "   5 ms", "5 ms   ", "  5  ms "] {
            assert_eq!(
                text.parse(),
                Ok(Quantity::Time(Duration::from_millis(5))),
                "`{text}` is five milliseconds, with some spaces."
            );
        }
    });
}
