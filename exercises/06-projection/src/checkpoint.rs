//! How a checkpoint is kept: sealed, so that damage is detected, and under a name that contains its
//! plan.

use crate::plan::PlanVersion;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What all checkpoints' names begin with. The store may hold other things as well.
const PREFIX: &str = "view-plan-";

/// The length of the checksum in front of the content, in bytes.
const SEAL_BYTES: usize = 8;

/// The name of a plan's checkpoint in the store.
pub fn name(plan: PlanVersion) -> String {
    format!("{PREFIX}{}", plan.0)
}

/// The plan whose checkpoint is under `name`; `None` if it is something else.
pub fn plan_of(name: &str) -> Option<PlanVersion> {
    let version = name.strip_prefix(PREFIX)?.parse().ok()?;
    Some(PlanVersion(version))
}

/// `content` as bytes, with a checksum that detects damage.
///
/// # Panics
/// When the content cannot be serialized, such as a map without a known length.
pub fn seal<T: Serialize>(content: &T) -> Vec<u8> {
    let content = postcard::to_stdvec(content).expect("content that can be serialized");
    let mut sealed = checksum(&content).to_le_bytes().to_vec();
    sealed.extend(content);
    sealed
}

/// What was sealed. `None` if the bytes are damaged, or hold something else.
pub fn open<T: DeserializeOwned>(sealed: &[u8]) -> Option<T> {
    let (seal, content) = sealed.split_first_chunk::<SEAL_BYTES>()?;
    if u64::from_le_bytes(*seal) != checksum(content) {
        return None;
    }
    postcard::from_bytes(content).ok()
}

/// FNV-1a, 64 bits: against accidents, not against attackers.
fn checksum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
