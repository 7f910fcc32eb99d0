//! The wire, once more: what hostile or unlucky bytes may not do.

use bytes::{Bytes, BytesMut};
use measure::frame::{self, FrameError, HEAD_BYTES, LENGTH_BYTES};
use proptest::collection::vec;
use proptest::prelude::*;
use testbed::{RawFrame, for_all, story};

/// **M2** Whatever arrives, decoding ends: with a frame, a wait for more, or an error; and each kind that the format
/// does not know is one.
#[test]
fn garbage_is_an_error_or_a_wait_and_never_a_panic() {
    story(|| async {
        for kind in 3..=u8::MAX {
            let raw = RawFrame {
                id: 1,
                kind,
                payload: Bytes::from_static(b"?"),
            };
            let mut inbox = BytesMut::from(&raw.bytes()[..]);
            assert_eq!(
                frame::decode(&mut inbox),
                Err(FrameError::UnknownKind { kind })
            );
        }
        // Small lengths, so that some of the garbage is nearly proper.
        let garbage = vec(prop_oneof![Just(0_u8), 0_u8..16, any::<u8>()], 0..80);
        for_all(&garbage, |garbage| {
            let mut inbox = BytesMut::from(&garbage[..]);
            loop {
                let before = inbox.len();
                match frame::decode(&mut inbox) {
                    Ok(Some(frame)) => assert_eq!(
                        inbox.len(),
                        before - LENGTH_BYTES - HEAD_BYTES - frame.payload.len(),
                        "A frame takes as many bytes as it has."
                    ),
                    Ok(None) | Err(_) => break,
                }
            }
        });
    });
}
