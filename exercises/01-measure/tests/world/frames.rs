//! Frames by the format alone, without the code under test.

use bytes::{Bytes, BytesMut};
use measure::frame::{CallId, Frame, Kind};
use proptest::collection::vec;
use proptest::prelude::*;
use testbed::RawFrame;
use testbed::peer::{FAILURE, REPLY, REQUEST};

pub fn request(id: u64, payload: &[u8]) -> Frame {
    Frame {
        id: CallId(id),
        kind: Kind::Request,
        payload: Bytes::copy_from_slice(payload),
    }
}

/// The frame's bytes by the testbed's own codec, which the format alone decides.
pub fn on_the_wire(frame: &Frame) -> Bytes {
    RawFrame {
        id: frame.id.0,
        kind: match frame.kind {
            Kind::Request => REQUEST,
            Kind::Reply => REPLY,
            Kind::Failure => FAILURE,
        },
        payload: frame.payload.clone(),
    }
    .bytes()
}

pub fn announce(length: usize) -> BytesMut {
    let length = u32::try_from(length).expect("a test's length fits in a u32");
    BytesMut::from(length.to_be_bytes().as_slice())
}

pub fn any_frame() -> impl Strategy<Value = Frame> {
    let kind = prop_oneof![Just(Kind::Request), Just(Kind::Reply), Just(Kind::Failure)];
    (any::<u64>(), kind, vec(any::<u8>(), 0..60)).prop_map(|(id, kind, payload)| Frame {
        id: CallId(id),
        kind,
        payload: payload.into(),
    })
}
