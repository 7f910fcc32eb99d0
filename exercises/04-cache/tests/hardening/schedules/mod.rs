//! Events in any order, some dozens in a schedule, compared with a small model.
//!
//! The events overlap: loads run, fail, panic or wait for a place while readers come and leave, notices
//! arrive late, twice or in the wrong order, writes begin, take effect and end, and time passes, or all of it
//! happens in one instant. After each step the [`model`] says what must hold: what each read may return, when
//! it may not cost a load, when it may be shed, and who is answered by what. The lessons are of several
//! learners.

mod model;

use crate::world::{settle, stand_still};
use model::{Happened, Model};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use testbed::{note, stories};

/// Something that happens. Where a step picks one of several, it counts through them, and starts again after the
/// last one; [`LAST`] is the last of them.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A read begins, in a session of its own or in the one that all share.
    Read { lesson: u8, shared: bool },
    /// A reader leaves.
    GiveUp { which: u8 },
    /// A load that runs looks at the facts once more.
    Look { which: u8 },
    /// It ends, with what it has seen.
    Release { which: u8 },
    /// It fails, or panics.
    Fail { which: u8, panics: bool },
    /// The authority makes a new version of a lesson; its notice waits.
    Change { lesson: u8 },
    /// One of the notices reaches the cache. It may do so again.
    Notice { which: u8 },
    /// The shared session is told of the version that the authority has.
    Tell { lesson: u8 },
    /// Everything is forgotten.
    Clear,
    /// A write through the cache begins; `end` is how it will end.
    Write { lesson: u8, end: u8, shared: bool },
    /// It takes effect.
    Effect { which: u8 },
    /// It ends.
    EndWrite { which: u8 },
    /// Time passes.
    Pass { seconds: u8 },
    /// A load ends, and before all that follows from that has happened something else does.
    Meet { load: u8, turns: u8, with: With },
}

/// What a load's end may meet.
#[derive(Clone, Copy, Debug)]
pub enum With {
    /// A reader leaves.
    GiveUp { which: u8 },
    /// A notice reaches the cache.
    Notice { which: u8 },
    /// Everything is forgotten.
    Clear,
}

/// The number of the last of several; that of the last but one is one less.
pub const LAST: u8 = u8::MAX;

/// How many lessons there are in a schedule.
pub const LESSONS: u8 = 4;

/// One lesson most of the time.
fn lesson() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0_u8), 2 => Just(1), 1 => 2..LESSONS]
}

fn read() -> impl Strategy<Value = Step> {
    (lesson(), any::<bool>()).prop_map(|(lesson, shared)| Step::Read { lesson, shared })
}

fn load_ends() -> impl Strategy<Value = Step> {
    prop_oneof![
    5 => any::<u8>().prop_map(|which| Step::Release { which }),
            1 => any::<u8>().prop_map(|which| Step::Look { which }),
            1 => (any::<u8>(), any::<bool>()).prop_map(|(which, panics)| Step::Fail { which, panics }),
        ]
}

fn give_up() -> impl Strategy<Value = Step> {
    any::<u8>().prop_map(|which| Step::GiveUp { which })
}

fn change() -> impl Strategy<Value = Step> {
    lesson().prop_map(|lesson| Step::Change { lesson })
}

fn notice() -> impl Strategy<Value = Step> {
    any::<u8>().prop_map(|which| Step::Notice { which })
}

fn tell() -> impl Strategy<Value = Step> {
    lesson().prop_map(|lesson| Step::Tell { lesson })
}

fn write() -> impl Strategy<Value = Step> {
    (lesson(), 0..4_u8, any::<bool>()).prop_map(|(lesson, end, shared)| Step::Write {
        lesson,
        end,
        shared,
    })
}

fn pass() -> impl Strategy<Value = Step> {
    (1..70_u8).prop_map(|seconds| Step::Pass { seconds })
}

fn meet(with: impl Strategy<Value = With>) -> impl Strategy<Value = Step> {
    (any::<u8>(), 0..9_u8, with).prop_map(|(load, turns, with)| Step::Meet { load, turns, with })
}

fn meet_a_leaver() -> impl Strategy<Value = Step> {
    meet(any::<u8>().prop_map(|which| With::GiveUp { which }))
}

fn meet_a_notice() -> impl Strategy<Value = Step> {
    meet(prop_oneof![
        4 => any::<u8>().prop_map(|which| With::Notice { which }),
        1 => Just(With::Clear),
    ])
}

/// A few steps in a row, which random steps would seldom bring together.
fn row() -> impl Strategy<Value = Vec<Step>> {
    let which = LAST;
    (lesson(), 0..4_u8, any::<bool>(), 0..7_u8).prop_map(move |(lesson, end, shared, row)| {
        let read = Step::Read {
            lesson,
            shared: false,
        };
        let change = Step::Change { lesson };
        let own = Step::Read {
            lesson,
            shared: true,
        };
        let told = Step::Tell { lesson };
        match row {
            // A session joins a load from before what it was told.
            0 => vec![read, change, told, own],
            // It is told of something while it reads.
            1 => vec![own, change, told, Step::Release { which }],
            // What it was told has run out when the load that it waits for ends.
            2 => vec![read, change, told, own, Step::Pass { seconds: 61 }],
            // A load sees a version between two notices.
            3 => vec![
                read,
                change,
                Step::Notice { which },
                Step::Look { which },
                change,
                Step::Notice { which },
                // The first of them comes once more, late.
                Step::Notice { which: LAST - 1 },
            ],
            // What was read while a write ran has the write's version, and is older than what comes before its end.
            4 => vec![
                Step::Write {
                    lesson,
                    end: 0,
                    shared,
                },
                Step::Effect { which },
                read,
                Step::Release { which },
                change,
                Step::EndWrite { which },
                read,
            ],
            // There is an entry, and a load beside it, when a notice comes that is newer than both.
            5 => vec![
                read,
                Step::Release { which },
                change,
                told,
                own,
                change,
                Step::Notice { which },
                Step::Release { which },
                read,
            ],
            // A write that a load overlaps with.
            _ => vec![
                Step::Write {
                    lesson,
                    end,
                    shared,
                },
                read,
                Step::Effect { which },
                Step::EndWrite { which },
            ],
        }
    })
}

/// Random steps, with some in a row in between, mostly of one lesson, so that they meet.
fn schedule(step: impl Strategy<Value = Step> + 'static) -> impl Strategy<Value = Vec<Step>> {
    let some = prop_oneof![12 => step.prop_map(|step| vec![step]), 1 => row()];
    prop::collection::vec(some, 1..40).prop_map(|steps| steps.concat())
}

/// Without notices, only time makes the cache ask again.
fn with_time() -> impl Strategy<Value = Vec<Step>> {
    schedule(prop_oneof![
        6 => read(),
        4 => load_ends(),
        2 => change(),
        2 => give_up(),
        1 => tell(),
        4 => pass(),
    ])
}

/// With notices and clearings.
fn with_notices() -> impl Strategy<Value = Vec<Step>> {
    schedule(prop_oneof![
        6 => read(),
        5 => load_ends(),
        3 => change(),
        4 => notice(),
        2 => meet_a_notice(),
        2 => give_up(),
        1 => Just(Step::Clear),
        1 => tell(),
    ])
}

/// With writes, whatever they end with.
fn with_writes() -> impl Strategy<Value = Vec<Step>> {
    schedule(prop_oneof![
        6 => read(),
        4 => load_ends(),
        1 => change(),
        1 => notice(),
        2 => give_up(),
        3 => write(),
        2 => any::<u8>().prop_map(|which| Step::Effect { which }),
        3 => any::<u8>().prop_map(|which| Step::EndWrite { which }),
    ])
}

/// With all of it.
fn with_everything() -> impl Strategy<Value = Vec<Step>> {
    schedule(prop_oneof![
        8 => read(),
        4 => load_ends(),
        2 => change(),
        2 => notice(),
        5 => prop_oneof![3 => give_up(), 2 => meet_a_leaver()],
        1 => Just(Step::Clear),
        1 => tell(),
        1 => write(),
        1 => any::<u8>().prop_map(|which| Step::EndWrite { which }),
        2 => pass(),
    ])
}

/// A bound beyond any schedule.
const WIDE: Duration = Duration::from_secs(100 * 60 * 60);

/// What a schedule is run with.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub ttl: Duration,
    pub capacity: usize,
    pub places: usize,
    pub in_line: usize,
    /// Everything happens in one instant, except where the schedule lets time pass.
    pub one_instant: bool,
}

const ROOMY: Setting = Setting {
    ttl: WIDE,
    capacity: 64,
    places: 8,
    in_line: 8,
    one_instant: false,
};

/// **C1** Whatever happens in whatever order, a read returns what the authority held within the staleness
/// bound before it began, or since; and what is fresh costs no load.
#[test]
fn no_order_of_events_makes_an_answer_older_than_the_bound() {
    let ttl = crate::world::TTL;
    let happened = all(with_time(), Just(Setting { ttl, ..ROOMY }));
    happened.assert(&[
        "hits",
        "joins",
        "loads too old to be joined",
        "readers who left others behind",
    ]);
}

/// **C4** Whatever happens in whatever order, a read returns nothing below a notice that came before it, and
/// nothing from before a clearing; and what nothing has overtaken costs no load.
#[test]
fn no_order_of_events_brings_back_what_was_invalidated() {
    let setting = any::<bool>().prop_map(|one_instant| Setting {
        one_instant,
        ..ROOMY
    });
    let happened = all(with_notices(), setting);
    happened.assert(&[
        "hits",
        "joins",
        "loads overtaken while somebody waited",
        "notices that met a landing",
        "values between two notices",
        "loads that failed",
    ]);
}

/// **C3** Whatever a write ends with, and whatever overlaps with it, a read after its end returns nothing from
/// before.
#[test]
fn no_order_of_events_brings_back_what_was_written_over() {
    let happened = all(with_writes(), Just(ROOMY));
    happened.assert(&[
        "hits",
        "joins",
        "loads overtaken while somebody waited",
        "writes that overlap",
    ]);
}

/// **C8** Whatever happens in whatever order, no more loads run than were declared, what waits has its turn
/// when a place is free, and only what finds no room in the line is shed.
#[test]
fn no_order_of_events_runs_too_many_loads_or_loses_a_place() {
    let line = (1..3_usize, 0..3_usize).prop_map(|(places, in_line)| Setting {
        ttl: crate::world::TTL,
        places,
        in_line,
        ..ROOMY
    });
    let happened = all(with_everything(), line);
    happened.assert(&[
        "loads that waited",
        "joins of a load that waits",
        "reads shed",
        "readers who left the line",
        "readers who left while a load ended",
        "loads without readers",
        "further loads for a session",
    ]);
}

/// **C2** Whatever is evicted when, no read returns what it may not.
#[test]
fn no_order_of_evictions_changes_what_a_read_may_return() {
    let small = Setting {
        capacity: 1,
        ..ROOMY
    };
    let happened = all(with_notices(), Just(small));
    happened.assert(&["loads overtaken while somebody waited"]);
}

/// Runs each schedule, and counts what happened in all of them together.
fn all(
    schedules: impl Strategy<Value = Vec<Step>> + Send + 'static,
    settings: impl Strategy<Value = Setting> + Send + 'static,
) -> Arc<Happened> {
    let happened = Arc::new(Happened::default());
    let counting = Arc::clone(&happened);
    stories((schedules, settings), move |(steps, setting)| {
        run(steps, setting, Arc::clone(&counting))
    });
    happened
}

async fn run(steps: Vec<Step>, setting: Setting, happened: Arc<Happened>) {
    stand_still(setting.one_instant);
    let mut model = Model::new(setting, happened);
    for step in steps {
        model.take(step).await;
    }
    note("everything that still runs is let go");
    model.let_everything_end().await;
    settle().await;
    model.ask_for_all_places().await;
}
