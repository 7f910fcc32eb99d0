//! A disk's operations, and what of them survives a crash.

use std::sync::Arc;

/// A write is torn at such a boundary: the least that a device writes atomically.
const SECTOR_BYTES: usize = 512;

/// One operation of the disk.
#[derive(Clone, Debug)]
pub enum Op {
    /// Bytes were written.
    Write {
        /// Where.
        offset: u64,
        /// What.
        bytes: Arc<[u8]>,
    },
    /// The file was made longer or shorter.
    SetLen(u64),
    /// Everything written before is durable.
    Sync,
    /// A sync failed: what was written since the last one is not durable, and no later sync makes it
    /// durable.
    FailedSync,
}

/// What a crash does to writes that no sync made durable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loss {
    /// None of them is there.
    Lost,
    /// All of them are there, as after a kill of the process alone.
    Kept,
    /// All are there, except that only the first half of the last one is.
    Torn,
    /// Each is there, gone or torn, independently of the others: devices keep no order.
    Mixed {
        /// Chooses which.
        seed: u64,
    },
}

impl Loss {
    /// The losses that tests try at each point.
    pub const ALL: [Self; 5] = [
        Self::Lost,
        Self::Kept,
        Self::Torn,
        Self::Mixed { seed: 1 },
        Self::Mixed { seed: 2 },
    ];
}

/// What happens to one volatile operation.
enum Fate {
    There,
    Gone,
    Half,
}

/// `base` after the operations of `log`, if the power failed at its end.
pub(crate) fn after_crash(base: &[u8], log: &[Op], loss: Loss) -> Vec<u8> {
    let mut image = base.to_vec();
    let durable = durable(log);
    let last = durable.iter().rposition(|durable| !durable);
    for (at, op) in log.iter().enumerate() {
        let fate = if durable[at] {
            Fate::There
        } else {
            fate(loss, at, Some(at) == last)
        };
        apply(&mut image, op, &fate);
    }
    image
}

/// For each operation, whether the first sync after it succeeded.
fn durable(log: &[Op]) -> Vec<bool> {
    let mut synced = false;
    let mut durable: Vec<bool> = log
        .iter()
        .rev()
        .map(|op| {
            match op {
                Op::Sync => synced = true,
                Op::FailedSync => synced = false,
                Op::Write { .. } | Op::SetLen(_) => {}
            }
            synced || matches!(op, Op::Sync | Op::FailedSync)
        })
        .collect();
    durable.reverse();
    durable
}

fn fate(loss: Loss, at: usize, is_last: bool) -> Fate {
    match loss {
        Loss::Lost => Fate::Gone,
        Loss::Kept => Fate::There,
        Loss::Torn if is_last => Fate::Half,
        Loss::Torn => Fate::There,
        Loss::Mixed { seed } => match mix(seed, at) % 3 {
            0 => Fate::There,
            1 => Fate::Gone,
            _ => Fate::Half,
        },
    }
}

/// A number that depends on both arguments and looks random (the finaliser of `SplitMix64`).
fn mix(seed: u64, at: usize) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(at as u64 + 1);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Applies `op` to `image`, as far as its fate allows.
pub(crate) fn apply_whole(image: &mut Vec<u8>, op: &Op) {
    apply(image, op, &Fate::There);
}

fn apply(image: &mut Vec<u8>, op: &Op, fate: &Fate) {
    match (op, fate) {
        (_, Fate::Gone) | (Op::Sync | Op::FailedSync, _) => {}
        (Op::SetLen(len), _) => {
            image.resize(
                usize::try_from(*len).expect("a test's file fits in memory"),
                0,
            );
        }
        (Op::Write { offset, bytes }, fate) => {
            let kept = match fate {
                Fate::Half => bytes.len() / 2 / SECTOR_BYTES * SECTOR_BYTES,
                _ => bytes.len(),
            };
            let start = usize::try_from(*offset).expect("a test's file fits in memory");
            // A write beyond an end that was itself lost: the file grows to hold it.
            if image.len() < start + kept {
                image.resize(start + kept, 0);
            }
            image[start..start + kept].copy_from_slice(&bytes[..kept]);
        }
    }
}
