//! What must hold after each step, as far as it can be seen from outside.
//!
//! The model knows three things of each load: what it brought, when it began, and what has overtaken it. From
//! these follows what a read may return: what some load brought that was fresh to it, that nothing had
//! overtaken when the read began, and that is not below its session's floor. And where the model is *certain*
//! that there is an entry, or a load to join, a read may not cost another one. Where a right design has a
//! choice, the model is not certain, and asks for nothing.

mod outcomes;
mod reads;

use super::{LAST, LESSONS, Setting, Step, With};
use crate::world::authority::name;
use crate::world::writing::{ENDS, End, Writing};
use crate::world::{Reading, World, session, settle, turns};
use cache::session::Session;
use cache::settings::Settings;
use domain::{LessonKey, Version};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use testbed::note;
use tokio::time::Instant;

/// What happened in all schedules of a test together: a test in which nothing happens must not pass.
#[derive(Default)]
pub struct Happened(Mutex<BTreeMap<&'static str, usize>>);

impl Happened {
    fn count(&self, what: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += 1;
    }

    /// Fails unless each of these happened.
    pub fn assert(&self, all: &[&'static str]) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for what in all {
            assert!(
                counts.get(what).is_some_and(|count| *count > 0),
                "The schedules should have had {what}, and had none, so this has tested nothing. What they had: \
                 {counts:?}"
            );
        }
    }
}

/// Whether something has made a load unfit to be joined and kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Overtaken {
    No,
    /// A right design may take it for overtaken, or not.
    Perhaps,
    Yes,
}

/// A load that has begun.
struct Load {
    number: usize,
    key: LessonKey,
    began: Instant,
    /// The step in which it began.
    step: usize,
    /// Whether it had waited for its place before.
    waited: bool,
    overtaken: Overtaken,
    /// Whether it has been seen to end, or to be given up.
    over: bool,
    /// What it brought.
    brought: Option<u64>,
}

/// What a read waits for, as far as that is certain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Waits {
    /// For this load.
    For(usize),
    /// For one that waits for a place.
    InLine,
    /// For one of these, or for something else.
    Perhaps,
}

/// A read on its way.
struct Pending {
    reading: Reading,
    key: LessonKey,
    began: Instant,
    step: usize,
    /// What its session had been told, at least.
    floor: u64,
    /// What the cache had been told.
    told: u64,
    /// The step of the last forgetting of the key.
    forgotten: usize,
    waits: Waits,
    /// The load that it waited for was given up by others: that is no reason to shed it.
    left_behind: bool,
}

/// What is known of a lesson.
#[derive(Default)]
struct Lesson {
    /// The entry that must be there: its version, and when its load began.
    kept: Option<(u64, Instant)>,
    /// The highest version that the cache was told of.
    told: u64,
    /// The step in which it was forgotten last, by a clearing or the end of a write.
    forgotten: usize,
    /// What the shared session was told, and when.
    acknowledged: Vec<(u64, Instant)>,
    /// The last step in which a load of it failed.
    failed: usize,
}

pub struct Model {
    world: World,
    setting: Setting,
    happened: Arc<Happened>,
    shared: Arc<Session>,
    step: usize,
    lessons: BTreeMap<LessonKey, Lesson>,
    loads: Vec<Load>,
    pending: Vec<Pending>,
    notices: Vec<(LessonKey, Version)>,
    writes: Vec<Write>,
    /// The lesson of a reader that left while a load ended. A load of it may have begun in that moment.
    left_meanwhile: Option<LessonKey>,
    /// Something was forgotten while a load ended. A load that began in that moment may have been overtaken.
    forgot_meanwhile: bool,
}

struct Write {
    writing: Writing,
    key: LessonKey,
    shared: bool,
    /// The version that it made, once it has taken effect.
    made: Option<u64>,
    end: End,
}

/// The lessons of a schedule. They are of several learners, and have numbers that are easily mixed up.
const KEYS: [LessonKey; LESSONS as usize] = [
    LessonKey::new(1, 1),
    LessonKey::new(2, 1),
    LessonKey::new(1, 2),
    LessonKey::new(1 + (1 << 32), 1),
];

fn key(lesson: u8) -> LessonKey {
    KEYS[usize::from(lesson)]
}

fn pick(count: usize, which: u8) -> Option<usize> {
    match which {
        LAST => count.checked_sub(1),
        which if which == LAST - 1 => count.checked_sub(2),
        which => (count > 0).then(|| usize::from(which) % count),
    }
}

impl Model {
    pub fn new(setting: Setting, happened: Arc<Happened>) -> Self {
        let world = World::new(Settings {
            capacity_entries: setting.capacity,
            ttl: setting.ttl,
            max_loads: setting.places,
            max_waiting_loads: setting.in_line,
        });
        world.authority.hold();
        Self {
            world,
            setting,
            happened,
            shared: Arc::new(Session::new(setting.ttl)),
            step: 0,
            lessons: (0..LESSONS)
                .map(|lesson| (key(lesson), Lesson::default()))
                .collect(),
            loads: Vec::new(),
            pending: Vec::new(),
            notices: Vec::new(),
            writes: Vec::new(),
            left_meanwhile: None,
            forgot_meanwhile: false,
        }
    }

    pub async fn take(&mut self, step: Step) {
        self.step += 1;
        match step {
            Step::Read { lesson, shared } => return self.read(key(lesson), shared).await,
            Step::GiveUp { which } => {
                if let Some(at) = pick(self.pending.len(), which) {
                    let gone = self.pending.remove(at);
                    self.count_leaver(&gone);
                    gone.reading.give_up().await;
                }
            }
            Step::Look { which } => {
                let parked = self.world.authority.parked();
                if let Some(at) = pick(parked.len(), which) {
                    self.world.authority.look(parked[at]);
                }
            }
            Step::Release { which } => {
                let parked = self.world.authority.parked();
                if let Some(at) = pick(parked.len(), which) {
                    self.world.authority.release(parked[at]);
                }
            }
            Step::Fail { which, panics } => {
                let parked = self.world.authority.parked();
                if let Some(at) = pick(parked.len(), which) {
                    if panics {
                        self.world.authority.panic(parked[at]);
                    } else {
                        self.world.authority.fail(parked[at]);
                    }
                }
            }
            Step::Change { lesson } => {
                let version = self.world.authority.change(key(lesson));
                self.notices.push((key(lesson), version));
            }
            Step::Notice { which } => self.notice(which),
            Step::Tell { lesson } => self.tell(key(lesson)),
            Step::Clear => self.clear(),
            Step::Write {
                lesson,
                end,
                shared,
            } => {
                self.write(key(lesson), ENDS[usize::from(end)], shared)
                    .await;
            }
            Step::Effect { which } => {
                if let Some(at) = pick(self.writes.len(), which) {
                    self.take_effect(at).await;
                }
            }
            Step::EndWrite { which } => {
                if let Some(at) = pick(self.writes.len(), which) {
                    self.end_write(at).await;
                }
            }
            Step::Pass { seconds } => {
                crate::world::pass(Duration::from_secs(seconds.into())).await;
            }
            Step::Meet { load, turns, with } => self.meet(load, turns, with).await,
        }
        settle().await;
        self.look().await;
        self.left_meanwhile = None;
        self.forgot_meanwhile = false;
    }

    /// A load ends, and so many turns later something else happens.
    async fn meet(&mut self, load: u8, count: u8, with: With) {
        let parked = self.world.authority.parked();
        let Some(at) = pick(parked.len(), load) else {
            return;
        };
        self.world.authority.release(parked[at]);
        turns(count).await;
        note(format!("{count} turns of the runtime later"));
        // What has begun by now was there before what comes next.
        self.begun();
        match with {
            With::GiveUp { which } => {
                if let Some(at) = pick(self.pending.len(), which) {
                    let gone = self.pending.remove(at);
                    self.happened.count("readers who left while a load ended");
                    self.left_meanwhile = Some(gone.key);
                    gone.reading.give_up().await;
                }
            }
            With::Notice { which } => {
                self.happened.count("notices that met a landing");
                self.notice(which);
            }
            With::Clear => self.clear(),
        }
        self.forgot_meanwhile = !matches!(with, With::GiveUp { .. });
        self.step += 1;
    }

    fn notice(&mut self, which: u8) {
        if let Some(at) = pick(self.notices.len(), which) {
            let (key, version) = self.notices[at];
            self.world.invalidate(key, version);
            self.invalidated(key, version.0);
        }
    }

    fn clear(&mut self) {
        self.world.clear();
        for key in KEYS {
            self.forgotten(key);
        }
    }

    fn lesson(&mut self, key: LessonKey) -> &mut Lesson {
        self.lessons.entry(key).or_default()
    }

    fn is_fresh(&self, load_began: Instant, read_began: Instant) -> bool {
        read_began.saturating_duration_since(load_began) <= self.setting.ttl
    }

    /// Whether nothing is evicted, so that entries are certain.
    fn roomy(&self) -> bool {
        self.setting.capacity > usize::from(LESSONS)
    }

    fn invalidated(&mut self, key: LessonKey, version: u64) {
        let forgotten = self.lessons[&key].forgotten;
        let kept = self.lessons[&key].kept;
        let stays = kept.is_some_and(|(there, _)| there >= version);
        // What an entry may hold that is not certain.
        let may_stay = self.loads.iter().any(|load| {
            load.key == key
                && load.step > forgotten
                && load.brought.is_some_and(|brought| brought >= version)
        });
        let overtaken = if stays || may_stay {
            Overtaken::Perhaps
        } else {
            Overtaken::Yes
        };
        self.overtake(key, overtaken);
        let lesson = self.lesson(key);
        if !stays {
            lesson.kept = None;
        }
        lesson.told = version.max(lesson.told);
    }

    fn forgotten(&mut self, key: LessonKey) {
        self.overtake(key, Overtaken::Yes);
        let step = self.step;
        let lesson = self.lesson(key);
        lesson.kept = None;
        lesson.forgotten = step;
    }

    fn overtake(&mut self, key: LessonKey, how: Overtaken) {
        for load in &mut self.loads {
            if load.key == key && !load.over && load.overtaken != Overtaken::Yes {
                load.overtaken = how;
                let waited_for = |read: &Pending| read.waits == Waits::For(load.number);
                if how == Overtaken::Yes && self.pending.iter().any(waited_for) {
                    self.happened.count("loads overtaken while somebody waited");
                }
            }
        }
    }

    fn tell(&mut self, key: LessonKey) {
        let version = self.world.authority.version(key);
        if version > 0 {
            self.shared.acknowledged(key, Version(version));
            note(format!(
                "the shared session is told of version {version} of {}",
                name(key)
            ));
            self.lesson(key)
                .acknowledged
                .push((version, Instant::now()));
        }
    }

    /// What the shared session was told of `key` within the bound, and what it was ever told.
    fn floors(&self, key: LessonKey, now: Instant) -> (u64, u64) {
        let all = &self.lessons[&key].acknowledged;
        let lately = all.iter().filter(|(_, at)| self.is_fresh(*at, now));
        let highest = |versions: &mut dyn Iterator<Item = u64>| versions.max().unwrap_or(0);
        (
            highest(&mut lately.map(|(version, _)| *version)),
            highest(&mut all.iter().map(|(version, _)| *version)),
        )
    }

    async fn write(&mut self, key: LessonKey, end: End, shared: bool) {
        if self.writes.iter().any(|write| write.key == key) {
            self.happened.count("writes that overlap");
        }
        let own = session();
        let session = if shared { &self.shared } else { &own };
        note(format!(
            "a write of {} begins, which will end {end:?}",
            name(key)
        ));
        let writing = Writing::start_slowly(&self.world, key, session, end).await;
        self.writes.push(Write {
            writing,
            key,
            shared,
            made: None,
            end,
        });
    }

    async fn take_effect(&mut self, at: usize) {
        let write = &mut self.writes[at];
        if write.made.is_none() {
            write.writing.take_effect().await;
            write.made = Some(self.world.authority.version(write.key));
        }
    }

    async fn end_write(&mut self, at: usize) {
        if self.writes[at].end != End::Dropped {
            self.take_effect(at).await;
        }
        let Write {
            writing,
            key,
            shared,
            made,
            end,
        } = self.writes.remove(at);
        let outcome = writing.end().await;
        if end == End::Acknowledged {
            let version = Version(made.unwrap_or_default());
            assert_eq!(
                outcome,
                Some(Ok(version)),
                "The authority acknowledged a version, and this is what the write returned."
            );
            if shared {
                self.lesson(key)
                    .acknowledged
                    .push((version.0, Instant::now()));
            }
        }
        self.forgotten(key);
    }

    fn count_leaver(&self, gone: &Pending) {
        let others = self
            .pending
            .iter()
            .filter(|read| read.key == gone.key && read.waits == gone.waits)
            .count();
        match (gone.waits, others) {
            (Waits::For(_), 0) => self.happened.count("loads without readers"),
            (Waits::For(_), _) => self.happened.count("readers who left others behind"),
            (Waits::InLine, _) => self.happened.count("readers who left the line"),
            _ => {}
        }
    }

    /// Lets everything end that has not.
    pub async fn let_everything_end(&mut self) {
        while !self.writes.is_empty() {
            self.step += 1;
            self.end_write(0).await;
            settle().await;
            self.look().await;
        }
        for _ in 0..200 {
            self.step += 1;
            let Some(load) = self.world.authority.parked().pop() else {
                break;
            };
            self.world.authority.release(load);
            settle().await;
            self.look().await;
        }
        settle().await;
        self.look().await;
        if let Some(read) = self.pending.first() {
            panic!(
                "Read {} of {} has no answer, every load has ended, and none begins for it.",
                read.reading.number,
                name(read.key)
            );
        }
    }

    /// Asks for more lessons than there are places: as many loads run, and wait, as ever.
    pub async fn ask_for_all_places(&mut self) {
        let (places, in_line) = (self.setting.places, self.setting.in_line);
        note(format!(
            "{} further lessons are read at once",
            places + in_line + 1
        ));
        let before = self.world.loads();
        let stranger = session();
        let mut readings = Vec::new();
        for number in 0..=places + in_line {
            readings.push(
                self.world
                    .spawn(crate::world::lesson(number as u64), &stranger),
            );
        }
        settle().await;
        let run = self.world.loads() - before;
        let shed = readings.iter().filter(|reading| reading.is_done()).count();
        assert_eq!(
            (run, shed),
            (places, 1),
            "Nothing ran and nobody waited. Of {} lessons {places} should have run and {in_line} waited, and one read \
             should have been shed (the first number counts the loads that run, the second the reads that have an \
             answer). Places were lost, or given back twice.",
            places + in_line + 1
        );
        self.world.let_all_go().await;
    }
}
