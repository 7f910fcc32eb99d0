//! Stage 3: tries that multiply.

use crate::world::{ERROR, WARNING, call, figures, finds, finds_soon, parts, silent};
use review::rules::retry_amplification::check;
use std::fmt::Write as _;
use testbed::live;

const MULTIPLY: &str = "Each layer's tries multiply those of the layers above it: what counts is the \
                        largest product over a path.";

fn tries(from: &str, to: &str, tries: &str) -> String {
    call(from, to, &format!("tries = {tries}"))
}

/// **R5** Three layers of three and four tries are 36 at the bottom, and each boundary whose own tries
/// bring the product beyond a limit is found.
#[test]
fn the_tries_of_three_layers_multiply() {
    let text = parts("page client, api service, basket service, store authority")
        + &tries("page", "api", "3")
        + &tries("api", "basket", "⟦3⟧")
        + &tries("basket", "store", "⟦4⟧");
    let both = [(WARNING, "api -> basket"), (ERROR, "basket -> store")];
    finds(MULTIPLY, check, &text, &both);
    let text = text.replace(['⟦', '⟧'], "");
    live(move || {
        let found = figures(check, &text);
        assert_eq!(
            found,
            [9.0, 36.0],
            "{MULTIPLY} 3 tries include the first call: 3 × 3, and × 4."
        );
    });
}

/// **R5** Up to four tries there is no finding, up to nine a warning.
#[test]
fn the_limits_themselves_are_within() {
    let chain = |a: &str, b: &str| {
        parts("page client, api service, store authority")
            + &tries("page", "api", a)
            + &tries("api", "store", b)
    };
    silent("Four is not more than four.", check, &chain("2", "2"));
    silent("Four is not more than four.", check, &chain("4", "1"));
    let one = [(WARNING, "api -> store")];
    finds("Five is more than four.", check, &chain("1", "⟦5⟧"), &one);
    finds(
        "Nine is not more than nine.",
        check,
        &chain("3", "⟦3⟧"),
        &one,
    );
    let one = [(ERROR, "api -> store")];
    finds("Ten is more than nine.", check, &chain("2", "⟦5⟧"), &one);
}

/// **R5** A boundary that does not retry is not a finding, however many tries arrive at it.
#[test]
fn who_does_not_retry_is_not_blamed() {
    let text = parts("page client, api service, basket service, store authority, disk authority")
        + &tries("page", "api", "3")
        + &tries("api", "basket", "⟦4⟧")
        + &tries("basket", "store", "1")
        + &call("store", "disk", "");
    let one = [(ERROR, "api -> basket")];
    finds(MULTIPLY, check, &text, &one);
}

/// **R5** Of several paths to a component the worst one counts, and they are not added up.
#[test]
fn the_worst_path_counts_and_paths_are_not_added_up() {
    let text = parts("page client, a service, b service, api service, store authority")
        + &tries("page", "a", "3")
        + &tries("page", "b", "2")
        + &tries("a", "api", "1")
        + &tries("b", "api", "1")
        + &tries("api", "store", "⟦2⟧");
    let one = [(WARNING, "api -> store")];
    finds(MULTIPLY, check, &text, &one);
    let text = text.replace(['⟦', '⟧'], "");
    live(move || {
        let found = figures(check, &text);
        assert_eq!(
            found,
            [6.0],
            "{MULTIPLY} Over `a` it is 3 × 2, over `b` 2 × 2; one action takes one of the paths."
        );
    });
}

/// **R5** A ladder of sixty diamonds has a billion billion paths, and takes no time.
#[test]
fn diamonds_are_not_walked_path_by_path() {
    let mut text = String::new();
    for at in 0..60 {
        let _ = write!(
            text,
            "{}",
            parts(&format!("n{at} service, l{at} service, r{at} service"))
        );
        // A walk that visits only one side first, left or right, finds only one of these two.
        let left = if at == 0 { "tries = 2" } else { "" };
        let right = if at == 1 { "tries = 2" } else { "" };
        let next = format!("n{}", at + 1);
        text += &call(&format!("n{at}"), &format!("l{at}"), left);
        text += &call(&format!("n{at}"), &format!("r{at}"), right);
        text += &call(&format!("l{at}"), &next, "");
        text += &call(&format!("r{at}"), &next, "");
    }
    text += &(parts("n60 service, bottom authority, top client")
        + &tries("n60", "bottom", "⟦3⟧")
        + &call("top", "n0", ""));
    let one = [(ERROR, "n60 -> bottom")];
    finds_soon(
        "Paths double with every diamond, and sixty have a billion billion. The largest product into a component is enough to know the \
         largest product out of it.",
        check,
        &text,
        &one,
    );
}

/// **R5** Inside a cycle there is no largest product, and so no number: the search ends, and reports
/// nothing there.
#[test]
fn a_cycle_has_no_product() {
    let text = parts("page client, books service, authors service, store authority")
        + &tries("page", "books", "3")
        + &tries("books", "authors", "3")
        + &tries("authors", "books", "3")
        + &tries("authors", "store", "⟦2⟧");
    let one = [(WARNING, "authors -> store")];
    finds(
        "Each turn of a cycle multiplies again. A number for it would be made up; but what goes in \
         still comes out.",
        check,
        &text,
        &one,
    );
}
