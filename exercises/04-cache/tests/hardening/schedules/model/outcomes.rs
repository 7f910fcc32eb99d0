//! What must hold after each step: which loads have begun and ended, who is answered by what, and whether a read may
//! have returned what it did.

use super::{Load, Model, Overtaken, Pending, Waits};
use crate::world::authority::name;
use cache::settings::ReadError;
use domain::LessonKey;

impl Model {
    /// Notes what has happened to loads and reads, and checks whether it may.
    pub(super) async fn look(&mut self) {
        let begun = self.begun();
        self.ended(&begun).await;
        let authority = &self.world.authority;
        assert!(
            authority.most_running() <= self.setting.places,
            "{} loads ran at once, and the authority has declared {}.",
            authority.most_running(),
            self.setting.places
        );
        let (running, in_line) = (authority.running(), self.in_line());
        assert!(
            in_line == 0 || running >= self.setting.places,
            "{in_line} loads wait for a place, and {running} of {} run: a place was lost.",
            self.setting.places
        );
        let unsure = self.pending.iter().any(|read| read.waits == Waits::Perhaps);
        assert!(
            unsure || in_line <= self.setting.in_line,
            "{in_line} loads wait for a place, and no more than {} may.",
            self.setting.in_line
        );
    }

    /// Notes the loads that have begun in this step.
    pub(super) fn begun(&mut self) -> Vec<usize> {
        let first = self.loads.len() + 1;
        let begun: Vec<usize> = (first..=self.world.loads()).collect();
        for number in &begun {
            let key = self.world.authority.key_of(*number);
            assert!(
                self.pending.iter().any(|read| read.key == key) || self.left_meanwhile == Some(key),
                "Load {number} of {} has begun, and nobody waits for it: whoever did has left.",
                name(key)
            );
            let in_line = self.has_in_line(key);
            // It may have been begun for those whom the leader of an overtaken load has left behind, or of one
            // that is too old for others.
            let for_old_ones = self.loads.iter().any(|load| {
                let replaced = self
                    .loads
                    .iter()
                    .any(|other| other.key == key && other.number > load.number);
                load.key == key
                    && !load.over
                    && (load.overtaken != Overtaken::No || replaced || in_line)
                    && self.world.authority.was_given_up(load.number)
            });
            let waited = in_line && !for_old_ones;
            self.loads.push(Load {
                number: *number,
                waited,
                key,
                began: self.world.authority.began(*number),
                step: self.step,
                overtaken: if for_old_ones || self.forgot_meanwhile {
                    Overtaken::Perhaps
                } else {
                    Overtaken::No
                },
                over: false,
                brought: None,
            });
            for read in &mut self.pending {
                if read.key == key && read.waits == Waits::InLine {
                    read.waits = if waited {
                        Waits::For(*number)
                    } else {
                        Waits::Perhaps
                    };
                }
            }
        }
        begun
    }

    /// Notes the loads that have ended in this step, and the reads that they have answered.
    async fn ended(&mut self, begun: &[usize]) {
        let mut ended = Vec::new();
        for at in 0..self.loads.len() {
            let number = self.loads[at].number;
            if !self.loads[at].over && !self.world.authority.is_running(number) {
                self.loads[at].over = true;
                self.loads[at].brought = self.world.authority.brought(number);
                ended.push(at);
            }
        }
        for at in ended {
            self.ended_one(at, begun);
        }
        self.judge_done().await;
    }

    fn ended_one(&mut self, at: usize, begun: &[usize]) {
        let Load {
            number,
            key,
            began,
            overtaken,
            brought,
            ..
        } = self.loads[at];
        let given_up = self.world.authority.was_given_up(number);
        let waited_for = self
            .pending
            .iter()
            .any(|read| read.waits == Waits::For(number));
        // One that began only after this had ended was not there when this landed.
        let younger = self.has_in_line(key)
            || self.loads[at + 1..]
                .iter()
                .any(|load| load.key == key && (load.step < self.step || load.waited));
        let again = self
            .loads
            .iter()
            .rfind(|load| load.key == key && begun.contains(&load.number));
        let again = again.map(|load| load.number);
        match brought {
            Some(version) => {
                let told = self.lessons[&key].told;
                if version < told && self.world.authority.has_looked(number) {
                    self.happened.count("values between two notices");
                }
                // A value below a notice that came while it was under way is not kept.
                if overtaken == Overtaken::No && waited_for && !younger {
                    self.lesson(key).kept = Some((version, began));
                } else if overtaken == Overtaken::Perhaps || overtaken == Overtaken::No {
                    // It may have been kept, or not, and in the place of what was there.
                    let lesson = self.lesson(key);
                    if let Some((there, _)) = lesson.kept
                        && there < version
                    {
                        lesson.kept = None;
                    }
                }
            }
            None if !given_up => {
                self.happened.count("loads that failed");
                let step = self.step;
                self.lesson(key).failed = step;
            }
            None => {}
        }
        for read in &mut self.pending {
            if read.waits != Waits::For(number) {
                continue;
            }
            let further = brought.is_some_and(|version| version < read.floor);
            if further {
                self.happened.count("further loads for a session");
            }
            if given_up || further || overtaken != Overtaken::No {
                // It may be answered by another load.
                read.waits = again.map_or(Waits::Perhaps, Waits::For);
                read.left_behind = given_up && overtaken == Overtaken::No;
            } else {
                assert!(
                    read.reading.is_done(),
                    "Load {number} has ended, and read {}, which waited for it, has no answer.",
                    read.reading.number
                );
            }
        }
    }

    async fn judge_done(&mut self) {
        let mut at = 0;
        while at < self.pending.len() {
            if self.pending[at].reading.is_done() {
                let read = self.pending.remove(at);
                // It may have needed a further load, and found the line full.
                let full = read.floor > 0 || read.waits == Waits::Perhaps && !read.left_behind;
                self.judge(read, full).await;
            } else {
                at += 1;
            }
        }
    }

    /// Checks whether a read may have returned what it did.
    pub(super) async fn judge(&self, read: Pending, may_be_shed: bool) {
        let Pending {
            reading,
            key,
            began,
            step,
            floor,
            told,
            forgotten,
            ..
        } = read;
        let what = format!("Read {} of {}", reading.number, name(key));
        let version = match reading.answer().await {
            Ok(version) => version,
            Err(ReadError::Unavailable) => {
                assert!(
                    self.lessons[&key].failed >= step || self.failed_now(key),
                    "{what} returned `Unavailable`, and no load of it has failed since it began."
                );
                return;
            }
            Err(ReadError::Shed) => {
                self.happened.count("reads shed");
                assert!(
                    may_be_shed,
                    "{what} was shed, though there was a place for its load, a place in the line, or a load of its \
                     lesson to join. No more than {} loads run and {} wait.",
                    self.setting.places, self.setting.in_line
                );
                return;
            }
            Err(error) => panic!(
                "{what} returned the error {error:?}, and the authority has forgotten nothing."
            ),
        };
        assert!(
            version >= floor,
            "{what} returned version {version}, and before it began its session had been told of version {floor}."
        );
        assert!(
            version >= told,
            "{what} returned version {version}, and before it began the cache had been told of version {told}."
        );
        let authority = &self.world.authority;
        let explained = (1..=authority.loads()).any(|number| {
            let brought =
                authority.key_of(number) == key && authority.brought(number) == Some(version);
            let load_step = self
                .loads
                .iter()
                .find(|load| load.number == number)
                .map_or(self.step, |load| load.step);
            brought && self.is_fresh(authority.began(number), began) && load_step > forgotten
        });
        assert!(
            explained,
            "{what} returned version {version}. No load that brought this was fresh to it: each of them began more \
             than the bound of {:?} before the read, or before its lesson was forgotten by a clearing or the end of \
             a write, which was before the read as well.",
            self.setting.ttl
        );
    }

    /// Whether a load of the key has failed in this step.
    fn failed_now(&self, key: LessonKey) -> bool {
        (1..=self.world.loads()).any(|number| {
            self.world.authority.key_of(number) == key
                && !self.world.authority.was_given_up(number)
                && !self.world.authority.is_running(number)
                && self.world.authority.brought(number).is_none()
                && self
                    .loads
                    .get(number - 1)
                    .is_none_or(|load| !load.over || load.brought.is_none())
                && self.lessons[&key].failed == self.step
        })
    }
}
