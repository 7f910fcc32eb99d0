//! What readers and subscribers see, also while a group is being synced.

use super::{Life, PLACES};
use crate::world::{assert_holds, named, told};
use authority::changes::Notice;
use domain::{LessonKey, Version};
use std::future::Future;
use std::mem;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// How long, in real time, a read may wait for the disk that the test holds. Nothing is judged by it.
const A_LOOK: Duration = Duration::from_millis(40);

impl Life {
    /// While a sync is under way, nobody in its group is told anything, and no subscriber either.
    pub(super) fn nobody_knows(&mut self) {
        if let Some(flight) = &mut self.flight {
            for call in &mut flight.calls {
                if let Poll::Ready(answer) = call.poll() {
                    panic!(
                        "{} was answered while its group was being synced: {}.",
                        named(&call.write),
                        told(&answer)
                    );
                }
            }
            assert_eq!(
                self.heard(),
                [],
                "A subscriber heard of a change while it was being synced."
            );
        }
    }

    /// What a subscriber has heard of the lessons that are written.
    pub(super) fn heard(&mut self) -> Vec<(LessonKey, Version)> {
        let changes = self.changes.as_mut().expect("open");
        let mut heard = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(notice)) = Box::pin(changes.next()).as_mut().poll(&mut context) {
            match notice {
                Notice::Changed { key, version } if PLACES.contains(&key) => {
                    heard.push((key, version));
                }
                Notice::Changed { .. } => {}
                Notice::Missed => panic!("A handful of changes, and some were missed."),
            }
        }
        heard.sort();
        heard
    }

    /// What is read is what was acknowledged, no less and no more.
    pub(super) fn read(&mut self) {
        let reader = self.authority.as_ref().expect("open").reader();
        let look = move || {
            let read = PLACES.map(|key| reader.read(key));
            // Whoever opens the file again must be the only one who has it.
            drop(reader);
            read
        };
        let read = if self.flight.is_some() {
            // A store may let readers wait for the disk. One that answers has to be right.
            self.tally.count("somebody read during a sync", 1);
            let (tell, shown) = mpsc::channel();
            self.looking.push(thread::spawn(move || {
                let _ = tell.send(look());
            }));
            match shown.recv_timeout(A_LOOK) {
                Ok(read) => read,
                Err(_) => return,
            }
        } else {
            look()
        };
        for (key, read) in PLACES.into_iter().zip(read) {
            let record = match read {
                Ok(record) => record,
                Err(error) => {
                    assert!(
                        self.failed.is_some(),
                        "The disk is well, and a read failed: {error}"
                    );
                    continue;
                }
            };
            let shown = record.as_ref().map(|record| record.progress().version);
            assert!(
                shown == self.committed.version(key),
                "Lesson {} of learner {} is at {:?}, as far as anybody was told, and a reader is shown {:?}.",
                key.lesson.0,
                key.learner.0,
                self.committed.version(key),
                shown
            );
            if let (Some(record), Some((version, write))) = (record, self.committed.facts.get(&key))
            {
                let half = "The version is this write's, and the content is not.";
                assert_holds(&record, write, version.0, half);
            }
        }
    }

    /// Waits for readers who had to wait for the disk.
    pub(super) fn nobody_looks(&mut self) {
        for looking in mem::take(&mut self.looking) {
            let _ = looking.join();
        }
    }
}
