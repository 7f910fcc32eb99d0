//! Writes that are handed in, callers that leave, and those that come back.

use super::steps::{By, Seen, What};
use super::{Call, Life, PLACES};
use crate::world::{Answer, asked, assert_done, in_epoch, lesson, named, told, write};
use authority::fact::{Receipt, Write, WriteError};
use authority::group::MAX_WAITING;
use domain::Version;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;
use testbed::note;

/// The lesson of the writes that fill the queue.
const FILLED: u64 = 50;

/// The lessons of callers that leave begin here: each has one of its own.
const LEFT: u64 = 100;

/// How long a write may take to be handed in while the test holds the disk, before the test lets go of it.
/// Nothing is judged by it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether its caller has left, or will. Such a write may be tried twice, and nobody can tell which of the two
/// tries does it.
pub(super) fn is_a_leavers(write: &Write) -> bool {
    write.key.lesson.0 >= LEFT
}

impl Life {
    pub(super) fn hand(&mut self, place: u64, seen: Seen, epoch: By, what: What) {
        let ahead = self.ahead();
        let key = PLACES[usize::try_from(place).expect("small")];
        let current = ahead.version(key).map_or(0, |version| version.0);
        let expected = match seen {
            Seen::Current => (current > 0).then_some(current),
            Seen::OneBefore => current.checked_sub(1).filter(|before| *before > 0),
            Seen::OneAhead => Some(current + 1),
            Seen::Nothing => None,
            Seen::Zero => Some(0),
            Seen::Far => Some(current + (1 << 32)),
        };
        let epoch = match epoch {
            By::Newest => ahead.newest.0,
            By::Older => ahead.newest.0.saturating_sub(1),
            // One more, and now and then so many more that all bits have to be compared.
            By::Newer => ahead.newest.0 + [1, 256, 1 << 32][self.history.len() % 3],
        };
        let number = self.history.len();
        let new = Write {
            expected: expected.map(Version),
            ..in_epoch(epoch, write(key, 0, &format!("w{number}")))
        };
        let earlier = |back: usize| {
            let at = self.history.len().checked_sub(1 + back)?;
            Some(in_epoch(epoch, self.history[at].clone()))
        };
        let write = match what {
            What::New => new,
            What::Reuse(back) => {
                let key = earlier(back).map(|earlier| earlier.idempotency_key);
                Write {
                    idempotency_key: key.unwrap_or(new.idempotency_key.clone()),
                    ..new
                }
            }
            What::Retry(back) => earlier(back).unwrap_or(new),
            What::Other(back) => earlier(back).map_or(new, |mut other| {
                match number % 3 {
                    0 => other.steps_done += 1,
                    1 => other.note.push('!'),
                    _ => other.completed = !other.completed,
                }
                other
            }),
        };
        // Within a group, a reply that has just become one too many may be forgotten or not yet.
        let key = &write.idempotency_key;
        let flying = self.flight.iter().flat_map(|flight| &flight.calls);
        let on_its_way = |call: &Call| call.write.idempotency_key == *key;
        let was_known =
            self.committed.reply(key).is_some() || flying.chain(&self.waiting).any(on_its_way);
        if was_known && ahead.reply(key).is_none() {
            return;
        }
        note(format!("handed in: {}", asked(&write)));
        if let Some(flight) = &self.flight {
            self.tally.count("a write was handed in during a sync", 1);
            let new = |(call, (_, new)): (&Call, &(_, bool))| *new && call.write.key == write.key;
            let rival = flight.calls.iter().zip(&flight.expected).any(new);
            self.tally.count(
                "a rival of a write that was being synced was handed in",
                usize::from(rival && matches!(what, What::New)),
            );
        }
        self.history.push(write.clone());
        self.call(vec![write]);
    }

    /// Hands in writes. Nobody is answered by that, but by one that has stopped, and for a retry of what is
    /// durable.
    pub(super) fn call(&mut self, writes: Vec<Write>) {
        let authority = self.authority.clone().expect("open");
        let hand_in = move || -> Vec<(Call, Poll<Answer>)> {
            let hand_in = |write: Write| {
                let (authority, asked) = (authority.clone(), write.clone());
                let mut call = Call {
                    write,
                    answer: Box::pin(async move { authority.write(asked).await }),
                };
                let answer = call.poll();
                (call, answer)
            };
            writes.into_iter().map(hand_in).collect()
        };
        let handed_in = if self.flight.is_some() {
            // A store may look at what is on the disk, and have to wait for it.
            let (tell, handed_in) = mpsc::channel();
            thread::spawn(move || tell.send(hand_in()));
            handed_in.recv_timeout(PATIENCE).or_else(|_| {
                self.disk.release_syncs();
                let handed_in = handed_in.recv();
                self.finish();
                handed_in
            })
        } else {
            Ok(hand_in())
        };
        for (call, answer) in handed_in.expect("a panic is reported by itself") {
            let Poll::Ready(answer) = answer else {
                self.waiting.push(call);
                continue;
            };
            let stopped = self.failed.is_some() && answer == Err(WriteError::Stopped);
            assert!(
                stopped || self.is_durable(&call.write, &answer),
                "{} was answered when it was handed in, and before anything was committed: {}. What is true of \
                 it is known only when its turn comes.",
                named(&call.write),
                told(&answer)
            );
        }
    }

    /// Whether this is a reply that may be repeated at once: that of a write which is durable.
    fn is_durable(&self, write: &Write, answer: &Answer) -> bool {
        let given = answer.as_ref().ok().map(Receipt::version);
        if self.committed.reply(&write.idempotency_key).is_some() {
            let (known, _) = self.committed.clone().judge(write);
            return given == known.ok();
        }
        // Its caller had left, and its first try may have been committed since.
        let reader = self.authority.as_ref().expect("open").reader();
        let there = reader.read(write.key).ok().flatten();
        is_a_leavers(write)
            && given.is_some()
            && given == there.map(|record| record.progress().version)
    }

    /// A caller with a lesson of its own leaves. Its write may be committed or not.
    pub(super) fn leave(&mut self, at_once: bool) {
        if self.kept < 1000 || self.armed || self.failed.is_some() || self.filled {
            return;
        }
        let number = LEFT + self.leavers;
        self.leavers += 1;
        let write = write(lesson(number), 0, &format!("left {number}"));
        note(format!(
            "handed in, by a caller that leaves {}: {}",
            if at_once {
                "at once"
            } else {
                "while it is being committed"
            },
            asked(&write)
        ));
        self.left.push(write.clone());
        self.maybe_waiting = true;
        let waiting = self.waiting.len();
        self.call(vec![write]);
        let mut call = self.waiting.split_off(waiting);
        if !at_once {
            self.leaving.append(&mut call);
        }
    }

    /// A caller that has left, or is about to, tries again while its first try may be waiting.
    pub(super) fn comes_back_early(&mut self) {
        if self.armed || self.failed.is_some() || self.filled {
            return;
        }
        let Some(write) = self.left.last() else {
            return;
        };
        let again = in_epoch(self.ahead().newest.0, write.clone());
        note(format!("handed in again, early: {}", asked(&again)));
        // The first of the two makes it true, and nobody can tell which that is.
        self.maybe_waiting = true;
        self.tally.count(
            "a caller came back while its first try may have been waiting",
            1,
        );
        self.call(vec![again]);
    }

    /// A caller that had left tries again. Nothing else waits.
    pub(super) fn comes_back(&mut self, write: &Write) {
        let reader = self.authority.as_ref().expect("open").reader();
        let there = reader.read(write.key).expect("the disk is well");
        let there = there.map_or(0, |record| record.progress().version.0);
        note(format!(
            "{} had left, and lesson {} is at version {there}; it comes back",
            named(write),
            write.key.lesson.0
        ));
        let again = in_epoch(self.committed.newest.0, write.clone());
        let authority = self.authority.clone().expect("open");
        let mut call = Call {
            write: again.clone(),
            answer: Box::pin(async move { authority.write(again).await }),
        };
        let answer = match call.poll() {
            Poll::Ready(answer) => Poll::Ready(answer),
            Poll::Pending => {
                self.committer.as_mut().expect("here").commit_waiting();
                call.poll()
            }
        };
        let Poll::Ready(answer) = answer else {
            panic!("{} was committed, and has no answer.", named(write));
        };
        assert_done(
            &answer,
            write.key,
            1,
            "Its caller had left, and tries again. Its write was done then, or it is done now; a caller cannot tell the two apart.",
        );
        self.tally.count("a caller that had left came back", 1);
    }

    /// More come than there are places.
    pub(super) fn fill(&mut self) {
        if self.filled || self.maybe_waiting || self.failed.is_some() {
            return;
        }
        self.filled = true;
        note(format!(
            "{MAX_WAITING} writes are handed in that expect version 7 of a lesson that nobody has begun"
        ));
        let epoch = self.ahead().newest.0;
        let stale = in_epoch(epoch, write(lesson(FILLED), 7, "filler"));
        self.call(vec![stale; MAX_WAITING]);
    }
}
