//! The platform's work, and where it belongs: a table to argue with.
//!
//! `decisions.toml` has the figures, and `decisions.txt` what follows from them. You think that a row is
//! wrong? Change its figures, or add a row of your own, and run this test: it shows what changes. When the
//! new row is what you mean, put it into `decisions.txt`.

use crate::world::situations::decide;
use placement::place::{Choice, Objection, Unplaced};
use placement::requirements::{Costs, Decisions, Requirements};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use story::live;

/// **P6** The platform's own work is where the table says, for the pressures that it names.
#[test]
fn the_platform_s_work_is_where_the_table_says() {
    live(|| {
        let decisions: Decisions = include_str!("../../../decisions.toml")
            .parse()
            .unwrap_or_else(|why| panic!("decisions.toml cannot be read: {why}"));
        let mut table = include_str!("../../../decisions.txt").lines();
        let mut differ = String::new();
        for requirements in &decisions.all {
            let (work, expected) = (table.next().unwrap_or(""), table.next().unwrap_or(""));
            let found = decided(requirements, &decisions.costs);
            if (work, expected.trim()) != (&requirements.work, &found) {
                let _ = write!(
                    differ,
                    "\n  decisions.txt:    {work}\n                    {expected}\n  your `place`:     {}\n                        {found}",
                    requirements.work
                );
            }
        }
        assert!(
            differ.is_empty(),
            "Rows where `place` and decisions.txt differ:{differ}\nIf the answer of `place` is what you mean, \
             put it into decisions.txt. If it isn't, either a figure or a row of `place` is wrong."
        );
        let left: Vec<&str> = table.collect();
        assert!(
            left.is_empty(),
            "decisions.txt has rows for work that decisions.toml does not have: {left:?}"
        );
    });
}

/// The scope, what else was decided, and which pressures decided it: what every right solution says.
fn decided(requirements: &Requirements, costs: &Costs) -> String {
    match decide(requirements, costs) {
        Ok(placement) => {
            let mut said = placement.scope.to_string();
            for (chosen, words) in [
                (placement.module, ", as a module"),
                (placement.later, ", later"),
            ] {
                said.push_str(if chosen { words } else { "" });
            }
            let because: BTreeSet<String> = placement
                .reasons
                .iter()
                .filter_map(|reason| match &reason.because {
                    Objection::Pressure { kind, .. } => Some(kind.to_string()),
                    _ => None,
                })
                .collect();
            for (at, kind) in because.iter().enumerate() {
                let _ = write!(said, "{}{kind}", if at == 0 { ": " } else { ", " });
            }
            if !placement.vague.is_empty() {
                let _ = write!(said, " ({} said and not counted)", placement.vague.len());
            }
            said
        }
        Err(Unplaced::NothingSuffices(reasons)) => {
            let ruled: BTreeSet<String> = reasons
                .iter()
                .filter_map(|reason| match reason.rules_out {
                    Choice::Scope(scope) => Some(scope.to_string()),
                    _ => None,
                })
                .collect();
            format!(
                "nothing suffices: something is against each of {} scopes",
                ruled.len()
            )
        }
        Err(other) => format!("undecided: {other}"),
    }
}
