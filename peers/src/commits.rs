//! The course's authority compared with the bare disk, and with its engine without an authority.
//!
//! The authority's writers and the raw append are those of the lab's bench, by path: the same code
//! measures both, so a figure here and one in the book mean the same.

#[path = "../../exercises/03-authority/benches/commits/raw.rs"]
#[expect(
    dead_code,
    reason = "the curve over the size of a group is the bench's"
)]
mod raw;
#[path = "../../exercises/03-authority/benches/commits/writers.rs"]
mod writers;

use std::time::Instant;

use ladder::child::{Probe, Seat, Side};
use ladder::counted::Counted;
use ladder::cpus::Placement;
use ladder::scratch;
use redb::{Database, TableDefinition};

use crate::compare::{Comparison, Measured, aim, folder, of, shown, times, verdict};

const TABLE: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("progress");

/// As many lessons as the authority's writers use.
const LESSONS: u64 = 256;

pub fn comparison() -> Comparison {
    let side = |id, client| Side {
        id,
        server: None,
        client,
    };
    Comparison {
        name: "commits",
        title: "A durable write",
        placement: Placement::OneCpu,
        each: "a write",
        sides: vec![
            side("append", raw::append::<1>),
            side("append again", raw::append::<1>),
            side("append 64", raw::append::<64>),
            side("redb", engine::<1>),
            side("redb 64", engine::<64>),
            side("authority", writers::commit::<1>),
            side("authority x8", writers::commit::<8>),
            side("authority x64", writers::commit::<64>),
        ],
        aims: vec![
            shown(
                "append again",
                "append",
                "noise: append + fdatasync against itself",
            ),
            shown("redb", "append", "redb alone against append + fdatasync"),
            aim(
                "authority",
                "append",
                "authority against append + fdatasync",
                1.3,
            ),
            shown("authority", "redb", "authority against redb alone"),
            times(
                "authority",
                "authority x64",
                "64 writers, writes for one of a lone writer",
                20.0,
            ),
            shown(
                "authority x64",
                "redb 64",
                "64 writers against 64 rows a transaction",
            ),
            shown(
                "redb 64",
                "append 64",
                "64 rows a transaction against 64 appended",
            ),
        ],
        counted,
    }
}

fn counted(measured: &[Measured]) -> Vec<String> {
    let mut lines = vec![scratch::note(&folder()).replace("the figures", "this program")];
    let alone = of(measured, "authority").map(|samples| {
        let (writes, syncs) = (samples.counted("writes"), samples.counted("syncs"));
        format!(
            "syncs of {writes} commits by a lone writer: {syncs}, and {} for a longer file; aim {writes}: {}",
            samples.counted("syncs to grow the file"),
            verdict((syncs - writes).abs() < 0.5)
        )
    });
    lines.extend(alone);
    for id in ["authority x8", "authority x64"] {
        lines.extend(of(measured, id).map(|samples| {
            let (writes, syncs) = (samples.counted("writes"), samples.counted("syncs"));
            format!("{id}: {:.1} writes a sync", writes / syncs)
        }));
    }
    lines
}

/// The engine alone: `ROWS` a transaction, of exactly the size of the authority's facts.
fn engine<const ROWS: u64>(seat: &Seat) -> Result<Probe, String> {
    let (backend, _) = Counted::new(&seat.folder, "redb")?;
    let database = Database::builder()
        .create_with_backend(backend)
        .map_err(|error| error.to_string())?;
    let mut number = 0;
    let mut commit = move || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        let mut table = transaction.open_table(TABLE)?;
        for learner in 0..ROWS {
            table.insert((learner, number % LESSONS), [7; 64].as_slice())?;
        }
        number += 1;
        drop(table);
        Ok(transaction.commit()?)
    };
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let start = Instant::now();
            commit().map_err(|error| error.to_string())?;
            slice.keep(start.elapsed(), ROWS);
        }
        Ok(slice)
    }))
}
