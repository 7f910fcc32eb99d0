//! What may happen, and how often.

use crashdisk::Loss;
use proptest::prelude::*;

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A write is handed in.
    Hand {
        place: u64,
        seen: Seen,
        epoch: By,
        what: What,
    },
    /// The committer takes what waits, and the disk takes its time.
    Begin,
    /// The disk is done, if it was at work.
    End,
    /// Both at once.
    Commit,
    /// Somebody reads every lesson.
    Read,
    /// A caller leaves, at once or while its write is being committed.
    Leave { at_once: bool },
    /// The last caller that left comes back, and tries again; `early`, while its first try may be waiting.
    Return { early: bool },
    /// The next sync fails; also the one that is under way.
    FailSync,
    /// So many stale writes come that the queue is full.
    Fill,
    /// The power fails.
    Crash { loss: usize },
    /// The store is closed and opened again.
    Reopen,
}

/// What a write expects, if everything that waits is done by then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    Current,
    OneBefore,
    OneAhead,
    Nothing,
    Zero,
    Far,
}

/// In whose name it is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Newest,
    Older,
    Newer,
}

/// Whether it is a new write.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    New,
    /// One of the latest writes again.
    Retry(usize),
    /// One of the latest with another content, under its key.
    Other(usize),
    /// A new write, under the key of an earlier one.
    Reuse(usize),
}

pub(super) fn steps() -> impl Strategy<Value = (bool, Vec<Step>)> {
    let seen = prop_oneof![
        12 => Just(Seen::Current),
        4 => Just(Seen::OneBefore),
        1 => Just(Seen::OneAhead),
        1 => Just(Seen::Nothing),
        1 => Just(Seen::Zero),
        1 => Just(Seen::Far),
    ];
    let epoch = prop_oneof![10 => Just(By::Newest), 2 => Just(By::Older), 1 => Just(By::Newer)];
    let what = prop_oneof![
        6 => Just(What::New),
        2 => (0..8_usize).prop_map(What::Retry),
        1 => (0..8_usize).prop_map(What::Other),
        1 => (0..20_usize).prop_map(What::Reuse),
    ];
    let hand = (0..3_u64, seen, epoch, what).prop_map(|(place, seen, epoch, what)| Step::Hand {
        place,
        seen,
        epoch,
        what,
    });
    let step = prop_oneof![
        48 => hand,
        16 => Just(Step::Begin),
        9 => Just(Step::End),
        5 => Just(Step::Commit),
        4 => Just(Step::Read),
        6 => any::<bool>().prop_map(|at_once| Step::Leave { at_once }),
        5 => any::<bool>().prop_map(|early| Step::Return { early }),
        2 => Just(Step::FailSync),
        1 => Just(Step::Fill),
        3 => (0..Loss::ALL.len()).prop_map(|loss| Step::Crash { loss }),
        1 => Just(Step::Reopen),
    ];
    (any::<bool>(), prop::collection::vec(step, 1..64))
}
