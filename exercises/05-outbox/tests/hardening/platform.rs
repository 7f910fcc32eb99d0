//! All parts on one machine, as processes that start, stop and crash together.

use crate::world::{Machine, Seeing, WORKER, authority, database, key, seen, stream_on};
use crashdisk::{Disk, Loss};
use outbox::inbox::Inbox;
use outbox::outbox::Outbox;
use outbox::relay::Relay;
use outbox::store::Store;
use outbox::stream::{Consumer, Stream};
use outbox::worker::{Settings, Step, Worker};
use redb::Database;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What runs on a machine.
pub struct Platform {
    pub store: Store,
    pub relay: Relay<Outbox, Stream>,
    pub worker: Worker<Consumer>,
    pub effects: Arc<Database>,
}

impl Platform {
    /// Starts everything that is on the machine's disks.
    pub fn on(machine: &Machine, effect: &Seeing, settings: Settings) -> Self {
        let (store, outbox) = authority(&machine.store, crate::world::ROOMY);
        let stream = stream_on(&machine.stream);
        let effects = database(&machine.worker);
        let inbox = Inbox::open(Arc::clone(&effects), WORKER).expect("an inbox");
        let consumer = stream.consumer(WORKER).expect("a name that is free");
        Self {
            relay: Relay::new(outbox, stream.clone()),
            worker: Worker::new(consumer, inbox, Box::new(effect.clone()), settings),
            store,
            effects,
        }
    }

    /// Lets the relay and the worker run until nothing is left to do, however late it is by then.
    pub fn settle(&mut self) {
        let mut now = Duration::ZERO;
        while self.relay.step().expect("a disk that works") > 0 {}
        for _ in 0..10_000 {
            match self.worker.step(now).expect("a disk that works") {
                Step::Idle(None) => return,
                Step::Idle(Some(next)) => now = next,
                Step::Settled(_) | Step::Failed | Step::Shed(_) => {}
            }
        }
        panic!("The worker took 10,000 steps and is not done.");
    }

    /// Each fact's key and all its versions.
    pub fn facts(&self) -> BTreeMap<u64, Vec<u64>> {
        let facts = self.store.facts().expect("the facts can be read");
        let versions = facts.iter().map(|fact| {
            let versions = (1..=fact.version.0).collect();
            (fact.key.lesson.0, versions)
        });
        versions.collect()
    }

    /// Each key's versions as they were applied.
    pub fn applied(&self) -> BTreeMap<u64, Vec<u64>> {
        let mut applied: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (lesson, version) in seen(&self.effects) {
            applied.entry(lesson).or_default().push(version);
        }
        applied
    }
}

/// The machine as it is after the power failed.
pub fn crash(machine: &Machine, moment: usize, loss: Loss) -> Machine {
    let files = [&machine.store, &machine.stream, &machine.worker];
    let [store, stream, worker] = Disk::crash_all(files, moment, loss);
    Machine {
        store,
        stream,
        worker,
    }
}

/// Completes a lesson, and returns its version.
pub fn complete(store: &Store, lesson: u64) -> Result<u64, outbox::store::CommandError> {
    let fact = store.record(key(lesson), 7, true, 0)?;
    Ok(fact.version.0)
}
