//! What the codec costs without any boundary: your frames, and postcard on the platform's types.
//!
//! ```text
//! cargo bench -p measure --features bench --bench codec
//! ```
//!
//! Criterion is the right tool here: one thread, nothing to wake, thousands of runs. It is the
//! wrong one for the ladder, where the next run depends on what the scheduler did in the last.
//! Compare the figures with the rungs: how much of a call is codec?
//!
//! To extend it: what does a frame cost that arrives in pieces of 1,500 bytes, as it would from a
//! network? And what does the batch of a hundred cost in JSON?

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use domain::{LessonKey, Progress, Version};
use measure::frame::{CallId, Frame, Kind, MAX_PAYLOAD_BYTES, decode, encode};

/// Payloads: a single question, a page of answers, and the largest that a frame can carry.
const PAYLOADS: [(&str, usize); 3] = [
    ("100 B", 100),
    ("10 KB", 10_000),
    ("1 MiB less the header", MAX_PAYLOAD_BYTES),
];

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    for (name, bytes) in PAYLOADS {
        let frame = Frame {
            id: CallId(42),
            kind: Kind::Reply,
            payload: Bytes::from(vec![7; bytes]),
        };
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::new("encode", name), &frame, |b, frame| {
            // One buffer for all, emptied after each: a connection keeps its buffer too.
            let mut out = BytesMut::new();
            b.iter(|| {
                out.clear();
                encode(black_box(frame), &mut out).expect("the payload fits a frame");
                black_box(out.len())
            });
        });

        let mut encoded = BytesMut::new();
        encode(&frame, &mut encoded).expect("the payload fits a frame");
        group.bench_with_input(BenchmarkId::new("decode", name), &encoded, |b, encoded| {
            // Decoding uses its input up. The copy for each run is made outside the measured time.
            b.iter_batched_ref(
                || encoded.clone(),
                |received| decode(black_box(received)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn serialisation(c: &mut Criterion) {
    let mut group = c.benchmark_group("postcard");
    for items in [1, 100] {
        let answer: Vec<Option<Progress>> =
            (0..items).map(|lesson| Some(progress(lesson))).collect();
        let encoded = postcard::to_stdvec(&answer).expect("plain data serialises");
        group.throughput(Throughput::Elements(items));
        group.bench_with_input(BenchmarkId::new("to bytes", items), &answer, |b, answer| {
            b.iter(|| postcard::to_stdvec(black_box(answer)));
        });
        group.bench_with_input(
            BenchmarkId::new("from bytes", items),
            &encoded,
            |b, encoded| {
                b.iter(|| postcard::from_bytes::<Vec<Option<Progress>>>(black_box(encoded)));
            },
        );
    }
    group.finish();
}

fn progress(lesson: u64) -> Progress {
    Progress {
        key: LessonKey::new(1_000_000, lesson),
        version: Version(7),
        steps_done: 12,
        completed: false,
    }
}

criterion_group!(benches, frames, serialisation);
criterion_main!(benches);
