//! The platform's work, and where it belongs: a table to argue with.
//!
//! `decisions.toml` has the figures, and `snapshots/` what is decided by them. Think that a row is wrong?
//! Change its figures, or add a row of your own, and run `cargo test -p placement decisions`: the test
//! shows what changes. When the new table is what you mean, put it into the snapshot
//! (`INSTA_UPDATE=always` does it for you).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use placement::place::{Choice, Objection, Unplaced, place};
use placement::requirements::{Costs, Requirements};
use serde::Deserialize;
use testbed::{live, note};

#[derive(Deserialize)]
struct Decisions {
    costs: Costs,
    decision: Vec<Requirements>,
}

/// **P6** The platform's own work is where the table says, for the pressures that it names.
#[test]
fn the_platform_s_work_is_where_the_table_says() {
    live(|| {
        let text = include_str!("../../decisions.toml");
        let decisions: Decisions = toml::from_str(text)
            .unwrap_or_else(|why| panic!("decisions.toml can't be read: {why}"));
        let mut table = String::new();
        for requirements in &decisions.decision {
            let _ = writeln!(
                table,
                "{}\n    {}",
                requirements.work,
                decided(requirements, &decisions.costs)
            );
        }
        note(
            "if the new table is what you mean, put it into tests/grade/snapshots/decisions.snap \
             (INSTA_UPDATE=always does it); if it isn't, a row of `place` is wrong",
        );
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("decisions", table);
        });
    });
}

/// The scope, what else was decided, and which pressures decided it: what every right solution says.
fn decided(requirements: &Requirements, costs: &Costs) -> String {
    match place(requirements, costs) {
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
