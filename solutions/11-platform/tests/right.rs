//! The right assembly, through bad days: no alarm, and nothing that was green only because it was never
//! tried.
//!
//! `PLATFORM_MINUTES=10000` runs more than what fits into each run of the tests.

use ours::Ours;
use platform::observer::Board;
use platform::scenario::{bad_days, in_virtual_time};
use platform::stage::{Ground, Stage};

/// How many minutes pass on one store.
const MINUTES: u64 = 50;

fn live(seed: u64, minutes: u64) -> (Board, u64) {
    in_virtual_time(async {
        let stage = Stage::set(&Ours::default(), &Ground::Memory, seed).expect("the parts start");
        stage.connect_in_process();
        bad_days(&stage, seed, minutes, 0.7)
            .await
            .expect("each part comes up again");
        (stage.observer().board(), stage.observer().fingerprint())
    })
}

#[test]
fn bad_days_break_no_promise_of_the_right_assembly() {
    let minutes = std::env::var("PLATFORM_MINUTES");
    let minutes: u64 = minutes.map_or(2 * MINUTES, |text| text.parse().expect("a number"));
    let mut checked = vec![0; 14];
    let mut seen = vec![0; 10];
    for seed in 1..=minutes.div_ceil(MINUTES) {
        let (board, _) = live(seed, MINUTES);
        for (sum, row) in checked.iter_mut().zip(&board.rows) {
            assert!(
                row.standing.broken == 0,
                "seed {seed}: {} is broken:\n{:#?}",
                row.id,
                row.standing.steps
            );
            *sum += row.standing.checked;
        }
        for (sum, row) in seen.iter_mut().zip(&board.sometimes) {
            *sum += row.seen;
        }
        if seed == minutes.div_ceil(MINUTES) {
            for (row, sum) in board.rows.iter().zip(&checked) {
                println!("{:>10} checked {sum} times", row.id);
                assert!(*sum > 0, "{} was never checked", row.id);
            }
            for (row, sum) in board.sometimes.iter().zip(&seen) {
                println!("{sum:>8} {}", row.says);
            }
        }
    }
}

#[test]
fn the_same_seed_leads_to_the_same_events() {
    let (_, first) = live(3, 10);
    let (_, again) = live(3, 10);
    let (_, other) = live(4, 10);
    assert_eq!(first, again, "two runs of one seed differ");
    assert_ne!(first, other, "the seed changes nothing");
}
