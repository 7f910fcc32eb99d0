//! Acknowledged is durable, and so is what is shown.

use crate::world::{Machine, ids, message, published, stream_on};
use crashdisk::Loss;
use domain::Offset;
use outbox::message::{MAX_PAYLOAD_BYTES, Message};
use outbox::relay::Publish;
use outbox::stream::{FetchError, Log, NameTaken, PublishError};
use testbed::{live, note, scene};

fn batch(lessons: impl IntoIterator<Item = u64>) -> Vec<Message> {
    lessons
        .into_iter()
        .map(|lesson| message(lesson, 1))
        .collect()
}

/// **W5** What was published is fetched in order, from whatever offset a reader has.
#[test]
fn what_was_published_is_fetched_in_its_order() {
    live(|| {
        let stream = Machine::new().opened_stream();
        assert_eq!(stream.end(), Offset(0));
        stream.publish(&batch(1..=3)).unwrap();
        stream.publish(&batch([9])).unwrap();
        stream.publish(&batch(4..=5)).unwrap();
        assert_eq!(
            published(&stream),
            [(1, 1), (2, 1), (3, 1), (9, 1), (4, 1), (5, 1)]
        );
        assert_eq!(stream.end(), Offset(6), "The end is after the last record.");
        for from in 0..=6 {
            for max in 0..4 {
                let records = stream.fetch(Offset(from), max).unwrap();
                let offsets: Vec<u64> = records.iter().map(|record| record.offset.0).collect();
                let expected: Vec<u64> = (from..6).take(max).collect();
                assert_eq!(offsets, expected, "at most {max} from offset {from}");
            }
        }
    });
}

/// **W2** A batch costs one sync, however many messages are in it. An empty batch costs none.
#[test]
fn a_batch_costs_one_sync() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        let before = machine.stream.syncs();
        stream.publish(&batch(1..=100)).unwrap();
        assert_eq!(
            machine.stream.syncs() - before,
            1,
            "A batch of a hundred is one sync, not one for each message."
        );
        stream.publish(&[]).unwrap();
        assert_eq!(
            machine.stream.syncs() - before,
            1,
            "An empty batch has nothing to make durable, and needs no sync."
        );
    });
}

/// **W2** What was acknowledged is there after a crash at any later point, in its place; and still there
/// after another crash.
#[test]
fn what_was_acknowledged_is_there_after_any_crash() {
    live(|| {
        let machine = Machine::new();
        let batches = [batch(1..=1), batch(2..=40), batch(41..=43), batch(44..=44)];
        let mut acknowledged = vec![(0, 0)];
        {
            let stream = machine.opened_stream();
            for batch in &batches {
                stream.publish(batch).unwrap();
                let known = acknowledged.last().unwrap().1 + batch.len();
                acknowledged.push((machine.stream.position(), known));
            }
        }
        let handed_in = ids(&batches.concat());
        for at in 0..=machine.stream.position() {
            let known = acknowledged
                .iter()
                .rfind(|(when, _)| *when <= at)
                .unwrap()
                .1;
            for loss in Loss::ALL {
                scene(format!(
                    "{known} messages had been acknowledged when the power failed before operation {at}: \
                     {loss:?}"
                ));
                let found = machine.stream.crash(at, loss);
                let stream = stream_on(&found);
                let there = published(&stream);
                assert!(
                    there.len() >= known,
                    "Acknowledged, and gone: {} are left. The relay has marked them as sent, so no \
                     other copy exists.",
                    there.len()
                );
                assert_eq!(
                    there,
                    handed_in[..there.len()],
                    "and in the order in which they came"
                );
                stream
                    .publish(&batch([77]))
                    .expect("the stream is opened again");
                note("one more was published, and the power fails again");
                drop(stream);
                let again = published(&stream_on(&found.crash(found.position(), Loss::Lost)));
                let expected = [&there[..], &[(77, 1)]].concat();
                assert_eq!(
                    again, expected,
                    "Acknowledged after the first crash, and gone after the second. The relay has \
                     marked it as sent, so no other copy exists. The stream may acknowledge a batch \
                     only after the sync has returned."
                );
            }
        }
    });
}

/// **W2** When the sync fails nothing is acknowledged or shown, and nothing more is accepted until the
/// stream is opened again.
#[test]
fn after_a_failed_sync_nothing_is_acknowledged_or_shown() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        stream.publish(&batch([1])).unwrap();
        machine.stream.fail_syncs(1);
        let failed = stream.publish(&batch([2]));
        note("the sync of lesson 2's message failed");
        assert!(
            matches!(failed, Err(PublishError::Disk(_))),
            "published: {failed:?}"
        );
        assert_eq!(
            (published(&stream), stream.end()),
            (vec![(1, 1)], Offset(1)),
            "A reader was shown what a crash can undo. It would act on it."
        );
        assert_eq!(
            stream.publish(&batch([3])),
            Err(PublishError::Stopped),
            "The sync of this batch would succeed, and prove nothing about the batch before it."
        );
        drop(stream);
        let stream = machine.opened_stream();
        stream
            .publish(&batch([3]))
            .expect("a stream that was opened again");
        let there = published(&stream);
        assert!(
            there == [(1, 1), (3, 1)] || there == [(1, 1), (2, 1), (3, 1)],
            "{there:?}"
        );
        let crashed = stream_on(&machine.stream.crash(machine.stream.position(), Loss::Lost));
        assert_eq!(
            published(&crashed),
            there,
            "What was shown is there after a crash."
        );
    });
}

/// **W7** A payload at the limit is accepted; one beyond it is refused, and its batch with it.
#[test]
fn a_payload_beyond_the_limit_is_refused_with_its_batch() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        let mut large = message(2, 1);
        large.payload.resize(MAX_PAYLOAD_BYTES, 0);
        stream
            .publish(&[large.clone()])
            .expect("a payload at the limit");
        assert_eq!(stream.fetch(Offset(0), 1).unwrap()[0].message, large);
        large.payload.push(0);
        let before = machine.stream.position();
        let refused = stream.publish(&[message(1, 1), large]);
        let bytes = MAX_PAYLOAD_BYTES + 1;
        assert_eq!(refused, Err(PublishError::TooLarge { bytes }));
        assert_eq!(
            machine.stream.position(),
            before,
            "The batch is refused before anything is written."
        );
        stream
            .publish(&batch([3]))
            .expect("a refusal stops nothing");
        assert_eq!(stream.end(), Offset(2));
    });
}

/// **W8** A reader beyond the end of the stream gets an error, and not an empty answer.
#[test]
fn an_offset_beyond_the_end_is_an_error() {
    live(|| {
        let stream = Machine::new().opened_stream();
        stream.publish(&batch(1..=2)).unwrap();
        assert_eq!(
            stream.fetch(Offset(2), 5),
            Ok(Vec::new()),
            "At the end there is nothing yet."
        );
        for from in [3, u64::MAX] {
            let (from, end) = (Offset(from), Offset(2));
            assert_eq!(
                stream.fetch(from, 5),
                Err(FetchError::BeyondEnd { from, end }),
                "The reader would wait for ever, or, once the stream has grown, skip records that it has never seen."
            );
        }
    });
}

/// **W8** A name belongs to one consumer at a time: two with one name share an offset.
#[test]
fn a_name_belongs_to_one_consumer_at_a_time() {
    live(|| {
        let stream = Machine::new().opened_stream();
        let first = stream.consumer("e-mail").expect("a name that is free");
        let other = stream.consumer("analytics").expect("another name");
        let second = stream.clone().consumer("e-mail");
        assert_eq!(
            second.err(),
            Some(NameTaken("e-mail".to_owned())),
            "Each would count the other's records as done."
        );
        stream.publish(&batch([1])).unwrap();
        assert_eq!(
            (published(&first), published(&other)),
            (vec![(1, 1)], vec![(1, 1)])
        );
        drop(first);
        note("the first one is gone");
        assert!(stream.consumer("e-mail").is_ok(), "The name is free again.");
    });
}
