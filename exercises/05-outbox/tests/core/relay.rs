//! Publish, then mark.

use crate::world::{Machine, ScriptedRows, ScriptedStream, commands, message, waiting};
use outbox::relay::{MAX_BATCH, Relay, RelayError};
use outbox::stream::PublishError;
use testbed::{live, note};

/// The rows of lessons 1, 2 and so on, under the numbers 1, 2 and so on.
fn rows(count: u64) -> ScriptedRows {
    ScriptedRows::with((1..=count).map(|number| (number, message(number, 1))))
}

/// **W2** What waits is published in its order, and marked.
#[test]
fn what_waits_is_published_in_its_order_and_then_marked() {
    live(|| {
        let (rows, stream) = (rows(3), ScriptedStream::default());
        let mut relay = Relay::new(rows.clone(), stream.clone());
        assert_eq!(relay.step(), Ok(3));
        assert_eq!(stream.published(), [(1, 1), (2, 1), (3, 1)]);
        let mut marked = rows.script().marked.clone();
        marked.sort_unstable();
        assert_eq!(
            marked,
            [1, 2, 3],
            "What was published has to be marked, or it is sent again for ever."
        );
        assert_eq!(relay.step(), Ok(0), "Nothing waits any more.");
        assert_eq!(
            stream.script().calls,
            1,
            "There was nothing to publish in the second step."
        );
    });
}

/// **W2** A row is marked only after it was published. If publishing fails, it is published later.
#[test]
fn nothing_is_marked_that_was_not_published() {
    live(|| {
        let (rows, stream) = (rows(2), ScriptedStream::default());
        let failure = PublishError::Disk("told to fail".to_owned());
        stream.script().failures.push_back(failure.clone());
        let mut relay = Relay::new(rows.clone(), stream.clone());
        assert_eq!(relay.step(), Err(RelayError::Stream(failure)));
        assert_eq!(
            rows.script().marked,
            [0_u64; 0],
            "The stream does not have these rows, and now the outbox has lost them, too."
        );
        assert_eq!(relay.step(), Ok(2));
        assert_eq!(
            stream.published(),
            [(1, 1), (2, 1)],
            "The next step begins with the same rows: none is skipped, not even by what the relay keeps in memory."
        );
    });
}

/// **W2** A relay that dies after publishing and before marking loses nothing. What it published arrives
/// twice.
#[test]
fn a_relay_that_dies_before_it_marks_loses_nothing() {
    live(|| {
        let (rows, stream) = (rows(2), ScriptedStream::default());
        rows.script().fail_marks = 1;
        let mut relay = Relay::new(rows.clone(), stream.clone());
        let died = relay.step();
        assert!(
            matches!(died, Err(RelayError::Outbox(_))),
            "marking failed, and the step returned {died:?}"
        );
        drop(relay);
        note("another relay starts");
        let mut relay = Relay::new(rows.clone(), stream.clone());
        assert_eq!(relay.step(), Ok(2));
        assert_eq!(
            stream.published(),
            [(1, 1), (2, 1), (1, 1), (2, 1)],
            "Publishing twice is allowed. Marking what may not have been published is not."
        );
    });
}

/// **W5** A step is one batch, within the bound; the next step continues after it.
#[test]
fn a_step_is_one_batch_within_its_bound() {
    live(|| {
        let many = MAX_BATCH as u64 + 7;
        let (rows, stream) = (rows(many), ScriptedStream::default());
        let mut relay = Relay::new(rows, stream.clone());
        assert_eq!(relay.step(), Ok(MAX_BATCH));
        assert_eq!(relay.step(), Ok(7));
        let script = stream.script();
        assert_eq!(
            script.calls, 2,
            "A batch costs one sync of the stream, and so does a single message. {MAX_BATCH} messages waited."
        );
        let all: Vec<(u64, u64)> = (1..=many).map(|lesson| (lesson, 1)).collect();
        assert_eq!(
            script.batches.concat(),
            all,
            "in the order of their numbers"
        );
    });
}

/// **W2** Rows that become visible late, below and between those that were sent already, are sent too.
///
/// In a database with several writers a number is drawn before the commit, so row 1 can commit after row
/// 2 was read, sent and marked. A relay that remembers how far it has come never looks there again.
#[test]
fn a_row_that_becomes_visible_late_is_sent_too() {
    live(|| {
        let rows = ScriptedRows::with([2, 4].map(|number| (number, message(number, 1))));
        rows.script()
            .late
            .extend([1, 3].map(|number| (number, message(number, 1))));
        let stream = ScriptedStream::default();
        let mut relay = Relay::new(rows, stream.clone());
        assert_eq!(relay.step(), Ok(2), "Only rows 2 and 4 are visible.");
        relay.step().unwrap();
        assert_eq!(
            stream.published(),
            [(2, 1), (4, 1), (1, 1), (3, 1)],
            "Rows 1 and 3 were committed late. What is not in the list was skipped, because a higher \
             number had been sent, or was marked without having been sent."
        );
    });
}

/// **W2** From the authority's file to the stream's file, with the real parts.
#[test]
fn what_was_committed_arrives_in_the_stream() {
    live(|| {
        let machine = Machine::new();
        let (store, outbox) = machine.authority();
        let scripted = ScriptedStream::default();
        let mut relay = Relay::new(outbox.clone(), scripted.clone());
        commands(&store, &[4, 2, 4]);
        assert_eq!(relay.step(), Ok(3));
        assert_eq!(scripted.published(), [(4, 1), (2, 1), (4, 2)]);
        assert_eq!(waiting(&outbox), []);
        commands(&store, &[2]);
        assert_eq!(relay.step(), Ok(1));
        assert_eq!(scripted.published()[3], (2, 2));
    });
}
