//! Each rule's page: its first ledger has the fault, and its second one does not.

use boundaries::lint::{Options, lint};
use boundaries::rules::ALL;
use ledger::{Date, Ledger};
use std::collections::HashSet;

fn found(text: &str) -> HashSet<&'static str> {
    let ledger = Ledger::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let today = Date::parse("2026-11-29").expect("a day");
    let options = Options {
        today,
        pedantic: true,
        baseline: None,
        before: None,
    };
    let report = lint(&ledger, &options);
    report.findings.iter().map(|it| it.rule.id).collect()
}

#[test]
fn the_twins_of_each_page_are_told_apart() {
    for known in ALL {
        let rule = known.rule;
        let blocks: Vec<_> = known.page.split("```toml\n").skip(1).collect();
        let ledgers: Vec<_> = blocks
            .iter()
            .filter_map(|it| it.split("```").next())
            .collect();
        assert_eq!(ledgers.len(), 2, "{} has two ledgers", rule.id);
        let bad = found(ledgers[0]);
        assert!(
            bad.contains(rule.id),
            "{} misses its own fault: {bad:?}",
            rule.id
        );
        let good = found(ledgers[1]);
        assert!(
            !good.contains(rule.id),
            "{} is found in its good example",
            rule.id
        );
    }
}

#[test]
fn each_page_says_what_it_has_to() {
    let mut ids = HashSet::new();
    for known in ALL {
        let rule = known.rule;
        assert!(ids.insert(rule.id), "{} is there once", rule.id);
        let title = format!("# {} {}\n", rule.id, rule.name);
        assert!(known.page.starts_with(&title), "{title}");
        assert!(
            known.page.contains(&format!("Finds {}.", rule.finds)),
            "{}",
            rule.id
        );
        for part in [
            "Severity: ",
            "**How it is found.**",
            "**When it is right as it is.**",
        ] {
            assert!(known.page.contains(part), "{} says {part}", rule.id);
        }
    }
}
