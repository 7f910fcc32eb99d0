//! Facts in a transaction, with the news of them and without.

use std::sync::Arc;
use std::time::Instant;

use ladder::child::{Probe, Seat};
use ladder::counted::Counted;
use outbox::outbox::{Outbox, Rows as _};
use redb::{Database, TableDefinition};

use crate::log::event;

const FACTS: TableDefinition<(u64, u64), (u64, u32, bool)> = TableDefinition::new("facts");

/// The outbox is emptied before it has more rows than this, outside the timed part.
const EMPTIED_AT: u64 = 4096;

/// `GROUP` facts per transaction; a sample is the time per fact.
pub fn without<const GROUP: u64>(seat: &Seat) -> Result<Probe, String> {
    committing(seat, GROUP, false)
}

/// The same, each with a row in the outbox.
pub fn with<const GROUP: u64>(seat: &Seat) -> Result<Probe, String> {
    committing(seat, GROUP, true)
}

fn committing(seat: &Seat, group: u64, announced: bool) -> Result<Probe, String> {
    let (backend, syncs) = Counted::new(&seat.folder, "facts")?;
    let database = Database::builder()
        .create_with_backend(backend)
        .map_err(|error| error.to_string())?;
    let database = Arc::new(database);
    let outbox =
        Outbox::open(Arc::clone(&database), u64::MAX).map_err(|error| error.to_string())?;
    let mut version = 0;
    let mut rows = 0;
    Ok(Box::new(move |mut slice| {
        let mut commits = 0;
        let mut counted = 0;
        while slice.goes_on() {
            version += 1;
            let before = syncs.of_commits();
            let start = Instant::now();
            commit(&database, &outbox, group, version, announced)
                .map_err(|error| error.to_string())?;
            slice.keep(start.elapsed(), group);
            counted += syncs.of_commits() - before;
            commits += 1;
            rows += group;
            if announced && rows >= EMPTIED_AT {
                empty(&outbox).map_err(|error| error.to_string())?;
                rows = 0;
            }
        }
        slice.count("commits", commits);
        slice.count("syncs", counted);
        Ok(slice)
    }))
}

fn commit(
    database: &Database,
    outbox: &Outbox,
    group: u64,
    version: u64,
    announced: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let transaction = database.begin_write()?;
    {
        let mut facts = transaction.open_table(FACTS)?;
        for lesson in 0..group {
            let fact = event(lesson, version).progress;
            let place = (fact.key.learner.0, fact.key.lesson.0);
            facts.insert(place, (version, fact.steps_done, fact.completed))?;
        }
    }
    if announced {
        let events: Vec<_> = (0..group).map(|lesson| event(lesson, version)).collect();
        outbox.stage(&transaction, &events)?;
    }
    transaction.commit()?;
    Ok(())
}

fn empty(outbox: &Outbox) -> Result<(), outbox::outbox::OutboxError> {
    let rows = outbox.unsent(usize::MAX)?;
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    outbox.mark_sent(&numbers)
}
