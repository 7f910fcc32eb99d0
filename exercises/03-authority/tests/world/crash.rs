//! The disk as it would be found after a crash at every point.

use super::{Running, asked, assert_holds, in_epoch, keeping_all, lesson, named, told, write};
use authority::fact::{Receipt, Write, WriteError};
use crashdisk::{Disk, Loss};
use testbed::{note, scene};

/// A write that was accepted, and the disk's position when its caller knew.
#[derive(Clone)]
pub struct Done {
    pub write: Write,
    pub receipt: Receipt,
    pub known_at: usize,
}

/// A life of the store, and what its callers were told.
pub struct Life {
    pub disk: Disk,
    /// The disk's position when the store was open. What a crash before that leaves is tried elsewhere.
    pub opened_at: usize,
    /// In the order of their acceptance.
    pub done: Vec<Done>,
}

/// Lives through `script` on a new disk, group by group.
///
/// # Panics
/// When other writes than `expected` are accepted.
pub async fn live_through(script: Vec<Vec<Write>>, expected: &[&str]) -> Life {
    let mut running = Running::new();
    let opened_at = running.disk.position();
    let mut done: Vec<Done> = Vec::new();
    for group in script {
        let answers = running.write_all(group.clone()).await;
        let known_at = running.disk.position();
        for (write, answer) in group.into_iter().zip(answers) {
            let repeated = done
                .iter()
                .any(|earlier| earlier.write.idempotency_key == write.idempotency_key);
            if let (Ok(receipt), false) = (answer, repeated) {
                done.push(Done {
                    write,
                    receipt,
                    known_at,
                });
            }
        }
    }
    let accepted: Vec<&str> = done
        .iter()
        .map(|done| done.write.idempotency_key.as_str())
        .collect();
    assert_eq!(
        accepted, expected,
        "These writes are right and new, and nothing is wrong with the disk. (Left: what was acknowledged. \
         Right: what should have been.)"
    );
    Life {
        disk: running.disk.clone(),
        opened_at,
        done,
    }
}

impl Life {
    /// Opens the store as a crash leaves it, and holds it to what callers had been told when it happened.
    pub fn recovered(&self, at: usize, loss: Loss) -> Running {
        let known: Vec<String> = self
            .done
            .iter()
            .filter(|done| done.known_at <= at)
            .map(|done| named(&done.write))
            .collect();
        scene(format!(
            "the power failed after {at} operations of the disk; what was not synced is {loss:?}; \
             acknowledged were {}",
            match known.len() {
                0 => "none".to_owned(),
                1..10 => known.join(", "),
                many => format!("{many} writes"),
            }
        ));
        let running = Running::on(&self.disk.crash(at, loss), keeping_all());
        note("the store was opened again");
        for done in &self.done {
            let (key, version) = (done.write.key, done.receipt.version().0);
            let there = running.version(key);
            let acknowledged = done.known_at <= at;
            assert!(
                there >= version || !acknowledged,
                "Acknowledged, and gone: {} had been told that version {version} is durable, and after the \
                 crash the store holds version {there}.\n    A receipt may be given only after the sync that \
                 makes the write durable.",
                named(&done.write)
            );
            if there == version {
                let record = running.read(key).expect("it has a version");
                let half =
                    "Half a write is there: the version is this write's and the content is not.";
                assert_holds(&record, &done.write, version, half);
            }
        }
        running
    }

    /// Every caller retries with its own idempotency key, in the order of then. Whatever had survived is
    /// repeated, and whatever had not is done now; a caller cannot tell the two apart. Returns the
    /// second life.
    pub async fn retried(&self, mut running: Running) -> Self {
        let there: Vec<bool> = self
            .done
            .iter()
            .map(|done| running.version(done.write.key) >= done.receipt.version().0)
            .collect();
        // A caller of an old epoch that has nothing stored would meet the fence, and that would be right.
        let newest = self.done.iter().map(|done| done.write.epoch.0).max();
        let newest = newest.unwrap_or(0);
        let mut done = Vec::new();
        for (earlier, there) in self.done.iter().zip(there) {
            let answer = running.write(in_epoch(newest, earlier.write.clone())).await;
            assert!(
                answer == Ok(earlier.receipt),
                "The retry of {} got another reply than the first try: {}. After the crash its effect was \
                 {}. The effect and the reply that is kept for retries have to be there together, or not at \
                 all.",
                asked(&earlier.write),
                told(&answer),
                if there { "there" } else { "not there" },
            );
            done.push(Done {
                known_at: running.disk.position(),
                ..earlier.clone()
            });
        }
        for earlier in &self.done {
            let of_key = |done: &&Done| done.write.key == earlier.write.key;
            let last = self.done.iter().rfind(of_key).expect("itself");
            assert_eq!(
                running.version(earlier.write.key),
                last.receipt.version().0,
                "After every caller has tried again, each write has had its effect exactly once. Lesson {} \
                 has another version than its last receipt says.",
                earlier.write.key.lesson.0
            );
        }
        Self {
            disk: running.disk.clone(),
            opened_at: 0,
            done,
        }
    }

    /// If a write of a newer epoch survived, an older epoch stays refused. Returns whether one had.
    pub async fn fence_holds(&self, running: &mut Running) -> bool {
        let newer = self.done.iter().find(|done| done.write.epoch.0 == 2);
        let Some(newer) =
            newer.filter(|done| running.version(done.write.key) >= done.receipt.version().0)
        else {
            return false;
        };
        note(format!(
            "{}, of epoch 2, is there; a writer of epoch 1 comes back",
            named(&newer.write)
        ));
        let answer = running
            .write(in_epoch(1, write(lesson(99), 0, "zombie")))
            .await;
        assert!(
            matches!(answer, Err(WriteError::Fenced { .. })),
            "A write of epoch 2 survived the crash, and the fence that it put up did not: the writer of \
             epoch 1 got this answer: {}. The two have to be stored together.",
            told(&answer)
        );
        true
    }
}
