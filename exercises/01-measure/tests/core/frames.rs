//! Stage 1. The wire, on its own: bytes in, frames out.

use crate::world::frames::{announce, any_frame, on_the_wire, request};
use bytes::{Bytes, BytesMut};
use measure::frame::{self, FrameError, HEAD_BYTES, LENGTH_BYTES, MAX_LENGTH, MAX_PAYLOAD_BYTES};
use proptest::collection::vec;
use testbed::memory::Watch;
use testbed::{for_all, story};

/// **M1** A frame becomes the bytes that the format says, and comes back from them unchanged.
#[test]
fn a_frame_becomes_the_bytes_of_the_format() {
    story(|| async {
        let mut out = BytesMut::from(&b"before"[..]);
        frame::encode(&request(0x0102, b"hi"), &mut out).expect("a small frame can be encoded");
        assert_eq!(
            out.freeze(),
            Bytes::from_static(b"before\0\0\0\x0b\0\0\0\0\0\0\x01\x02\0hi"),
            "A frame of request 0x0102 that carries `hi`, appended to what was there: length 11, \
             then id, kind and payload, integers big-endian."
        );
        for_all(&any_frame(), |sent| {
            let mut stream = BytesMut::new();
            frame::encode(&sent, &mut stream).expect("a small frame can be encoded");
            assert_eq!(
                stream,
                on_the_wire(&sent),
                "The frame's bytes are not the format's."
            );
            let received = frame::decode(&mut stream).expect("a whole frame is no error");
            assert_eq!(received, Some(sent), "The frame came back changed.");
            assert!(
                stream.is_empty(),
                "Decoding left {} bytes behind.",
                stream.len()
            );
        });
    });
}

/// **M1** Frames survive every chunking of the stream: in any pieces, each comes out once, whole,
/// in order, and as soon as its last byte has arrived.
#[test]
fn frames_survive_every_chunking() {
    story(|| async {
        let stream_in_pieces = (vec(any_frame(), 1..6), vec(1_usize..40, 1..40));
        for_all(&stream_in_pieces, |(frames, sizes)| {
            let stream: Vec<u8> = frames.iter().flat_map(on_the_wire).collect();
            let mut ends = Vec::new();
            let mut end = 0;
            for frame in &frames {
                end += on_the_wire(frame).len();
                ends.push(end);
            }
            let (mut inbox, mut delivered, mut decoded) = (BytesMut::new(), 0, Vec::new());
            let mut sizes = sizes.iter().cycle();
            while delivered < stream.len() {
                let piece = (*sizes.next().expect("a cycle")).min(stream.len() - delivered);
                inbox.extend_from_slice(&stream[delivered..delivered + piece]);
                delivered += piece;
                loop {
                    let before = inbox.len();
                    let taken = frame::decode(&mut inbox).unwrap_or_else(|error| {
                        panic!(
                            "After {delivered} bytes of proper frames, some whole and some begun, `decode` says \
                             {error:?}. It has lost its place: did a call that said `Ok(None)` take some bytes, \
                             or one that took a frame take too many or too few?"
                        )
                    });
                    let Some(frame) = taken else {
                        assert_eq!(
                            inbox.len(),
                            before,
                            "`Ok(None)` means that more bytes are needed, and must leave those that are there: \
                             the next call starts again from the front."
                        );
                        break;
                    };
                    decoded.push(frame);
                    assert!(decoded.len() <= frames.len(), "A frame came out twice.");
                }
                let due = ends.iter().filter(|end| **end <= delivered).count();
                assert_eq!(
                    decoded.len(),
                    due,
                    "With {delivered} of {} bytes delivered, {due} frames are whole.",
                    stream.len()
                );
            }
            assert_eq!(decoded, frames, "The frames are not those that were sent.");
        });
    });
}

/// **M2** A length beyond the limit is an error as soon as the length is there.
#[test]
fn an_oversize_length_is_refused_before_its_frame_arrives() {
    story(|| async {
        for length in [MAX_LENGTH + 1, 2 * MAX_LENGTH, u32::MAX as usize] {
            let mut inbox = announce(length);
            assert_eq!(
                frame::decode(&mut inbox),
                Err(FrameError::TooLarge { length }),
                "Four bytes announce a frame of {length}. Waiting for it means reading {length} \
                 bytes into memory, which is what the limit is there to prevent."
            );
        }
    });
}

/// **M2** A length that leaves no room for id and kind, zero included, is an error.
#[test]
fn a_length_too_short_for_a_head_is_refused() {
    story(|| async {
        for length in 0..HEAD_BYTES {
            let mut inbox = announce(length);
            assert_eq!(
                frame::decode(&mut inbox),
                Err(FrameError::TooShort { length }),
                "A frame of {length} bytes cannot hold the {HEAD_BYTES} of id and kind."
            );
        }
        let mut inbox = BytesMut::from(&on_the_wire(&request(3, b""))[..]);
        assert_eq!(
            frame::decode(&mut inbox),
            Ok(Some(request(3, b""))),
            "A frame that carries nothing is a proper frame."
        );
    });
}

/// **M2** The limit itself is allowed: it is the first byte beyond that is not.
#[test]
fn a_frame_at_the_limit_passes_and_one_byte_more_does_not() {
    story(|| async {
        let largest = request(1, &vec![7; MAX_PAYLOAD_BYTES]);
        let mut stream = BytesMut::new();
        frame::encode(&largest, &mut stream).expect("a payload at the limit can be sent");
        assert_eq!(stream.len(), LENGTH_BYTES + MAX_LENGTH);
        let received = frame::decode(&mut stream).expect("a frame at the limit is no error");
        assert_eq!(
            received,
            Some(largest),
            "The largest frame came back changed."
        );

        let too_large = request(1, &vec![7; MAX_PAYLOAD_BYTES + 1]);
        let mut stream = BytesMut::from(&b"before"[..]);
        assert_eq!(
            frame::encode(&too_large, &mut stream),
            Err(FrameError::TooLarge {
                length: MAX_LENGTH + 1
            }),
            "One byte more than a frame can carry must not be sent: the other side would close \
             the connection on it. The error's `length` is what would have to be announced, id and kind \
             counted too."
        );
        assert_eq!(
            stream.as_ref(),
            b"before",
            "A refused frame must leave nothing in the stream."
        );
    });
}

/// **M2** A stream that ends within a frame is torn, at whatever byte; between frames it is closed.
#[test]
fn a_stream_torn_at_any_byte_is_an_error() {
    story(|| async {
        assert_eq!(
            frame::finish(&BytesMut::new()),
            Ok(()),
            "A stream that ends between two frames was closed, and that is no error."
        );
        let bytes = on_the_wire(&request(7, b"half a lesson"));
        for cut in 1..bytes.len() {
            let mut inbox = BytesMut::from(&bytes[..cut]);
            assert_eq!(frame::decode(&mut inbox), Ok(None));
            assert_eq!(
                inbox.len(),
                cut,
                "`decode` said that it needs more bytes, and took some of the {cut} that were there: \
                 `finish` can't judge what is gone."
            );
            assert_eq!(
                frame::finish(&inbox),
                Err(FrameError::Torn { bytes: cut }),
                "The stream ended {cut} bytes into a frame of {}. If that passes for a proper end, \
                 a message is lost and nobody knows.",
                bytes.len()
            );
        }
    });
}

/// **M2** Memory follows the bytes that arrived, not those that were announced.
#[test]
fn a_frame_that_never_arrives_costs_no_memory() {
    story(|| async {
        for arrived in (0..=LENGTH_BYTES + HEAD_BYTES + 20).chain([1_000, 5_000, 50_000]) {
            let mut begun = announce(MAX_LENGTH);
            begun.resize(arrived.max(LENGTH_BYTES), 0);
            begun.truncate(arrived);
            let before = begun.clone();
            let watch = Watch::start();
            assert_eq!(frame::decode(&mut begun), Ok(None));
            assert!(
                watch.largest_bytes() <= 2 * arrived + 1024,
                "{arrived} bytes of a mebibyte have arrived, and {} were allocated at once on the word of the \
                 length. A thousand connections that announce a mebibyte and send nothing would cost a gibibyte.",
                watch.largest_bytes()
            );
            assert_eq!(
                begun, before,
                "Decoding took bytes of a frame that had not arrived whole."
            );
        }
    });
}
