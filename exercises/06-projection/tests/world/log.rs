//! The log, played by the test.

use crate::world::held::Slow;
use crate::world::told;
use domain::Offset;
use projection::log::{Body, Log, LogError, Recorded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testbed::{Gate, note};

/// More reads than any test needs, so that a loop that reads for ever fails at once.
const MOST_READS: usize = 20_000;

/// A log that counts its calls. Clones are the same log.
#[derive(Clone, Default)]
pub struct TestLog(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    first: u64,
    bodies: Vec<Body>,
    reads: Vec<(u64, usize)>,
    ends: usize,
    down: bool,
    again: u64,
    grows: Option<Body>,
    reading: Option<Gate>,
    ending: Option<Gate>,
    slow: Slow,
}

impl TestLog {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records one event, as the authority's relay does.
    pub fn record(&self, body: Body) {
        let mut inner = self.inner();
        note(format!(
            "recorded at {}: {}",
            inner.bodies.len(),
            told(&body)
        ));
        inner.bodies.push(body);
    }

    /// Everything that was recorded and not cut off.
    pub fn bodies(&self) -> Vec<Body> {
        self.inner().bodies.clone()
    }

    pub fn len(&self) -> u64 {
        self.inner().bodies.len() as u64
    }

    /// Cuts off the records from `end` on, as a restore from a backup does.
    pub fn cut_off(&self, end: usize) {
        note(format!("the log is cut off at {end}"));
        self.inner().bodies.truncate(end);
    }

    /// Drops the records before `first`.
    pub fn forget_before(&self, first: u64) {
        note(format!("the log drops what is before {first}"));
        self.inner().first = first;
    }

    /// From now on gives no answer, or answers again.
    pub fn set_down(&self, down: bool) {
        note(if down {
            "the log is down"
        } else {
            "the log is up"
        });
        self.inner().down = down;
    }

    /// From now on delivers this many records again, before those that are asked for.
    pub fn deliver_again(&self, count: u64) {
        note(format!("the log delivers {count} again with each read"));
        self.inner().again = count;
    }

    /// From now on each read is followed by one more record.
    pub fn grow_with_each_read(&self, body: Body) {
        note("the log grows by one with each read");
        self.inner().grows = Some(body);
    }

    /// From now on each call waits.
    pub fn set_slow(&self, slow: Slow) {
        self.inner().slow = slow;
    }

    /// Replaces the record at `offset` with `body`, as a newer program would read it.
    pub fn reread(&self, offset: usize, body: Body) {
        note(format!("a newer program reads {offset} as {}", told(&body)));
        self.inner().bodies[offset] = body;
    }

    /// From now on each read waits, with its answer, until it is let go.
    pub fn hold_reads(&self) -> Gate {
        let gate = Gate::closed();
        self.inner().reading = Some(gate.clone());
        gate
    }

    /// From now on each question for the end waits, with its answer, until it is let go.
    pub fn hold_ends(&self) -> Gate {
        let gate = Gate::closed();
        self.inner().ending = Some(gate.clone());
        gate
    }

    /// No longer holds up any call.
    pub fn stop_holding(&self) {
        let mut inner = self.inner();
        let gates = [inner.reading.take(), inner.ending.take()];
        gates.iter().flatten().for_each(Gate::open);
    }

    /// The reads so far: from where, and how many at most.
    pub fn reads(&self) -> Vec<(u64, usize)> {
        self.inner().reads.clone()
    }

    /// How many times the log was asked for its end.
    pub fn ends(&self) -> usize {
        self.inner().ends
    }
}

impl Log for TestLog {
    async fn read(&self, from: Offset, at_most: usize) -> Result<Vec<Recorded>, LogError> {
        let slow = self.inner().slow;
        slow.before().await;
        let (answer, gate) = {
            let mut inner = self.inner();
            inner.reads.push((from.0, at_most));
            assert!(
                inner.reads.len() < MOST_READS,
                "The log was read {MOST_READS} times. Usual cause: a loop that repeats a read which \
                 gets it no further."
            );
            let answer = inner.answer(from, at_most);
            if let Some(body) = inner.grows {
                inner.bodies.push(body);
            }
            (answer, inner.reading.clone())
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
        slow.after().await;
        answer
    }

    async fn end(&self) -> Result<Offset, LogError> {
        let slow = self.inner().slow;
        slow.before().await;
        let (answer, gate) = {
            let mut inner = self.inner();
            inner.ends += 1;
            let end = Offset(inner.bodies.len() as u64);
            let answer = if inner.down {
                Err(LogError::Unavailable)
            } else {
                Ok(end)
            };
            (answer, inner.ending.clone())
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
        slow.after().await;
        answer
    }
}

impl Inner {
    fn answer(&self, from: Offset, at_most: usize) -> Result<Vec<Recorded>, LogError> {
        if self.down {
            return Err(LogError::Unavailable);
        }
        let end = self.bodies.len() as u64;
        if from.0 > end {
            return Err(LogError::Beyond { end: Offset(end) });
        }
        if from.0 < self.first {
            let first = Offset(self.first);
            return Err(LogError::Gone { first });
        }
        let begin = from.0.saturating_sub(self.again).max(self.first);
        let until = from.0.saturating_add(at_most as u64).min(end);
        let records = (begin..until).map(|offset| Recorded {
            offset: Offset(offset),
            body: self.bodies[usize::try_from(offset).expect("a small number")],
        });
        Ok(records.collect())
    }
}
