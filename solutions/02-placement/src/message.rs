//! Messages as bytes, and back.
//!
//! Given. Which messages there are, [`crate::sharded`] decides; how one becomes bytes teaches nothing new, so
//! it is done here, with `postcard`.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of a message.
pub fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    // Numbers, and vectors and enums of them, always have a form in bytes.
    postcard::to_stdvec(message).unwrap_or_default()
}

/// The message that these bytes encode, whole; `None` if they do not, or are too few, or too many.
///
/// The content is not checked: a number of lessons is whatever number the bytes hold.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (message, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(message)
}
