//! Two relays by mistake, in every way in which they can overlap.

use crate::platform::complete;
use crate::world::{Machine, ScriptedStream, firsts, of_lesson, published, waiting};
use outbox::message::Message;
use outbox::outbox::{Outbox, OutboxError, Row, Rows};
use outbox::relay::{Publish, Relay};
use outbox::store::Store;
use outbox::stream::PublishError;
use std::cell::RefCell;
use testbed::{live, note, scene};

/// What happens in between.
type Meanwhile = Box<dyn FnOnce()>;

/// An outbox, or a stream, before whose next call something happens once.
pub struct Interrupted<T> {
    inner: T,
    /// After the rows were read, and before they are published.
    after: RefCell<Option<Meanwhile>>,
}

impl<T> Interrupted<T> {
    pub fn new(inner: T, meanwhile: impl FnOnce() + 'static) -> Self {
        Self {
            inner,
            after: RefCell::new(Some(Box::new(meanwhile))),
        }
    }

    fn happen(&self) {
        let meanwhile = self.after.borrow_mut().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
    }
}

impl<R: Rows> Rows for Interrupted<R> {
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError> {
        let rows = self.inner.unsent(max);
        note("the first relay has read its rows");
        self.happen();
        rows
    }

    fn mark_sent(&self, numbers: &[u64]) -> Result<(), OutboxError> {
        self.inner.mark_sent(numbers)
    }
}

impl<P: Publish> Publish for Interrupted<P> {
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError> {
        let published = self.inner.publish(batch);
        note("the first relay has published, and not marked yet");
        self.happen();
        published
    }
}

/// What the second relay, or a writer, does in between.
fn meanwhile(
    store: &Store,
    outbox: &Outbox,
    stream: &ScriptedStream,
    what: u32,
) -> impl FnOnce() + use<> {
    let (store, outbox, stream) = (store.clone(), outbox.clone(), stream.clone());
    move || {
        let mut second = Relay::new(outbox.clone(), stream);
        match what {
            0 => {
                complete(&store, 1).unwrap();
                note("meanwhile lesson 1 is completed again");
            }
            1 => {
                note("meanwhile the second relay takes a step");
                second.step().unwrap();
            }
            2 => {
                note("meanwhile lesson 1 is completed, the second relay takes a step, and so on");
                for _ in 0..3 {
                    complete(&store, 1).unwrap();
                    second.step().unwrap();
                }
            }
            _ => {
                note(
                    "meanwhile the second relay empties the outbox, and then lesson 2 is completed",
                );
                second.step().unwrap();
                complete(&store, 2).unwrap();
            }
        }
    }
}

/// **W2** **W5** Whatever the second relay does between two lines of the first: each event is published,
/// and their first appearances are in the order of their versions.
#[test]
fn two_relays_lose_nothing_and_keep_the_order_of_each_key() {
    live(|| {
        for what in 0..4 {
            for before_publishing in [true, false] {
                scene("two relays serve one outbox by mistake");
                let (store, outbox) = Machine::new().authority();
                let stream = ScriptedStream::default();
                for lesson in [1, 2, 1] {
                    complete(&store, lesson).unwrap();
                }
                let during = meanwhile(&store, &outbox, &stream, what);
                let stepped = if before_publishing {
                    Relay::new(Interrupted::new(outbox.clone(), during), stream.clone()).step()
                } else {
                    Relay::new(outbox.clone(), Interrupted::new(stream.clone(), during)).step()
                };
                assert!(stepped.is_ok(), "{stepped:?}");
                let mut relay = Relay::new(outbox.clone(), stream.clone());
                while relay.step().unwrap() > 0 {}
                assert_eq!(waiting(&outbox), []);
                let firsts = firsts(&stream.published());
                for fact in store.facts().unwrap() {
                    let versions: Vec<u64> = (1..=fact.version.0).collect();
                    assert_eq!(
                        of_lesson(&firsts, fact.key.lesson.0),
                        versions,
                        "the versions of lesson {} as they appear in the stream. One that is missing was marked \
                         by a relay that had not published it.",
                        fact.key.lesson.0
                    );
                }
            }
        }
    });
}

/// **W2** A relay dies right after publishing, again and again, while commands are recorded: the stream
/// has repetitions and no gap.
#[test]
fn a_relay_that_dies_again_and_again_leaves_no_gap() {
    live(|| {
        let machine = Machine::new();
        let (store, outbox) = machine.authority();
        let stream = machine.opened_stream();
        let mut lesson = 0;
        for _ in 0..5 {
            lesson += 1;
            complete(&store, lesson).unwrap();
            let rows = crate::world::ScriptedRows::with(
                outbox
                    .unsent(100)
                    .unwrap()
                    .into_iter()
                    .map(|row| (row.number, row.message)),
            );
            rows.script().fail_marks = 1;
            let died = Relay::new(rows, stream.clone()).step();
            assert!(died.is_err());
        }
        let mut relay = Relay::new(outbox.clone(), stream.clone());
        while relay.step().unwrap() > 0 {}
        let expected: Vec<(u64, u64)> = (1..=lesson).map(|lesson| (lesson, 1)).collect();
        assert_eq!(firsts(&published(&stream)), expected);
    });
}
