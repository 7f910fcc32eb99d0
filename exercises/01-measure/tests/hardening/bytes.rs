//! The wire, once more: what hostile or unlucky bytes may not do.

use crate::world::frames::announce;
use bytes::{Bytes, BytesMut};
use measure::frame::{self, FrameError, HEAD_BYTES, LENGTH_BYTES, MAX_LENGTH};
use proptest::collection::vec;
use proptest::prelude::*;
use testbed::memory::Watch;
use testbed::{RawFrame, for_all, story};

/// **M2** A kind that the format does not know is an error.
#[test]
fn an_unknown_kind_is_refused() {
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
    });
}

/// **M2** Whatever arrives, decoding ends: with a frame, a wait for more, or an error.
#[test]
fn garbage_is_an_error_or_a_wait_and_never_a_panic() {
    story(|| async {
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

/// **M2** However much of a frame has arrived, its length alone is worth no memory.
#[test]
fn a_frame_of_which_some_arrived_costs_what_arrived() {
    story(|| async {
        for arrived in [64, 1_000, 5_000, 50_000] {
            let mut inbox = announce(MAX_LENGTH);
            inbox.resize(arrived, 0);
            let before = inbox.clone();
            let watch = Watch::start();
            assert_eq!(frame::decode(&mut inbox), Ok(None));
            assert!(
                watch.largest_bytes() <= 2 * arrived + 1024,
                "{arrived} bytes of a mebibyte have arrived, and {} were allocated at once for what may never come.",
                watch.largest_bytes()
            );
            assert_eq!(
                inbox, before,
                "Decoding took bytes of a frame that had not arrived whole."
            );
        }
    });
}
