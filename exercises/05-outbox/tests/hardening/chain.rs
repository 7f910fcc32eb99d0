//! A crash at every point of commit, relay, publish, effect and offset, and then another crash.

use crate::platform::{Platform, complete, crash};
use crate::world::{Machine, Seeing};
use crashdisk::Loss;
use outbox::worker::{Settings, Step};
use std::collections::BTreeMap;
use std::time::Duration;
use testbed::{live, note, scene};

fn settings() -> Settings {
    Settings {
        max_tries: 4,
        ..Settings::default()
    }
}

/// An effect that fails once, so that the crash points include a retry.
fn effect() -> Seeing {
    Seeing::failing(2, 1, 1)
}

/// What was acknowledged when: the moment, the lesson and the version.
type Acknowledged = Vec<(usize, u64, u64)>;

/// Commands and deliveries in turns, up to the end. Returns the moment from which the files were
/// complete.
fn run(machine: &Machine) -> (usize, Acknowledged) {
    let mut platform = Platform::on(machine, &effect(), settings());
    let begun = machine.store.moment();
    let mut acknowledged = Vec::new();
    let mut now = Duration::ZERO;
    for lesson in [1, 2, 1, 3] {
        let version = complete(&platform.store, lesson).expect("a disk that works");
        acknowledged.push((machine.store.moment(), lesson, version));
        platform.relay.step().expect("a disk that works");
        let mut steps = 0;
        while !matches!(platform.worker.step(now), Ok(Step::Idle(_))) && steps < 3 {
            steps += 1;
        }
        now += Duration::from_secs(10);
    }
    platform.settle();
    (begun, acknowledged)
}

/// What a run has counted.
#[derive(Debug, Default)]
struct Count {
    crashes: u64,
    survived: u64,
    committed: u64,
    applied: u64,
}

/// Starts what is on the machine, lets it settle, and compares it with what was acknowledged.
fn recovered(
    machine: &Machine,
    acknowledged: &[(usize, u64, u64)],
    before: usize,
    count: &mut Count,
) {
    count.crashes += 1;
    let mut platform = Platform::on(machine, &Seeing::default(), settings());
    platform.settle();
    let (facts, applied) = (platform.facts(), platform.applied());
    for (moment, lesson, version) in acknowledged {
        assert!(
            *moment > before || facts.get(lesson).is_some_and(|all| all.contains(version)),
            "Version {version} of lesson {lesson} was acknowledged, and is gone."
        );
    }
    assert_eq!(
        applied, facts,
        "On the left what was applied, on the right what was committed, by lesson. A version that is missing \
         was lost between the commit and the effect; one that is there twice was applied again."
    );
    let counts = platform.worker.counts().expect("counts");
    assert_eq!(counts.done + counts.dead, counts.accepted, "{counts:?}");
    let sum = |of: &BTreeMap<u64, Vec<u64>>| of.values().map(|all| all.len() as u64).sum::<u64>();
    count.committed += sum(&facts);
    count.applied += sum(&applied);
    count.survived += 1;
}

/// **W1** **W2** **W3** **W8** Wherever the power fails between the commit and the offset, and wherever
/// it fails again during the recovery: nothing that was committed is lost, and nothing is applied twice.
#[test]
fn a_crash_at_any_point_of_the_chain_loses_and_doubles_nothing() {
    live(|| {
        let machine = Machine::new();
        let (begun, acknowledged) = run(&machine);
        let mut count = Count::default();
        for moment in begun..=machine.store.moment() {
            for loss in [Loss::Lost, Loss::Kept, Loss::Mixed { seed: 1 }] {
                scene(format!(
                    "the power fails before operation {moment} of the machine: {loss:?}"
                ));
                let found = crash(&machine, moment, loss);
                recovered(&found, &acknowledged, moment, &mut count);
                let operations = found.store.moment();
                // Anywhere in the recovery, but the same on every machine.
                let again = (moment * 7 + 3) % operations;
                note(format!(
                    "the power fails again, before operation {again} of the recovery: Lost"
                ));
                let found = crash(&found, again, Loss::Lost);
                recovered(&found, &acknowledged, moment, &mut count);
            }
        }
        let Count {
            crashes,
            survived,
            committed,
            applied,
        } = count;
        println!(
            "crashes tried {crashes}, survived {survived}; events committed {committed}, effects applied \
             {applied}, lost {}, doubled {}",
            committed.saturating_sub(applied),
            applied.saturating_sub(committed)
        );
        assert!(
            crashes > 500 && committed > 500,
            "The chain has more crash points than that."
        );
    });
}
