//! What must hold when a read begins: when it may not cost a load, and when it has to wait or may be shed.

use super::{Model, Overtaken, Pending, Waits};
use crate::world::authority::name;
use crate::world::{session, settle};
use domain::LessonKey;
use std::sync::Arc;
use tokio::time::Instant;

impl Model {
    pub(super) async fn read(&mut self, key: LessonKey, shared: bool) {
        let began = Instant::now();
        let (floor, highest) = if shared {
            self.floors(key, began)
        } else {
            (0, 0)
        };
        let own = session();
        let session = if shared {
            Arc::clone(&self.shared)
        } else {
            own
        };
        let hit = self.must_hit(key, began, highest);
        let join = self.must_join(key, began);
        let joins_line = self.has_in_line(key);
        let before = self.world.loads();
        let running = self.world.authority.running();
        let in_line = self.in_line();
        let unsure = self.pending.iter().any(|read| read.waits == Waits::Perhaps);
        // A design may join a load that a notice has overtaken, and load anew if that brings too little.
        let could_join = self
            .loads
            .iter()
            .any(|load| load.key == key && !load.over && self.is_fresh(load.began, began))
            || self
                .pending
                .iter()
                .any(|read| read.key == key && read.waits == Waits::Perhaps);
        let reading = self.world.spawn(key, &session);
        let number = reading.number;
        settle().await;
        let loads = self.world.loads() - before;
        let lesson = &self.lessons[&key];
        let mut read = Pending {
            reading,
            key,
            began,
            step: self.step,
            floor,
            told: lesson.told,
            forgotten: lesson.forgotten,
            waits: Waits::Perhaps,
            left_behind: false,
        };
        let (done, what) = (
            read.reading.is_done(),
            format!("Read {number} of {}", name(key)),
        );
        if let Some(why) = hit {
            self.happened.count("hits");
            assert!(
                done && loads == 0,
                "{what} should have been answered at once and without a load: {why}"
            );
        } else if let Some(load) = join {
            self.happened.count("joins");
            assert!(
                loads == 0,
                "{what} began a load, and load {load} of the same lesson runs, with a read that waits for it. It \
                 is fresh, and nothing has overtaken it, so this read should have joined it."
            );
            read.waits = Waits::For(load);
        } else if joins_line {
            self.happened.count("joins of a load that waits");
            assert!(
                loads == 0,
                "{what} should have joined the load of this lesson that waits for its place: that one has not \
                 begun, and so is fresh to every read."
            );
            read.waits = Waits::InLine;
        } else if loads == 1 && !done {
            read.waits = Waits::For(self.world.loads());
        } else if done {
            // An entry that was not certain, or shed; `judge` says whether it may be.
        } else if !could_join {
            assert!(
                running >= self.setting.places,
                "{what} waits, though only {running} of {} loads run, and there is none of its lesson that it \
                 could have joined.",
                self.setting.places
            );
            assert!(
                unsure || in_line < self.setting.in_line,
                "{what} waits, though {in_line} loads wait for a place already and no more than {} may.",
                self.setting.in_line
            );
            self.happened.count("loads that waited");
            read.waits = Waits::InLine;
        }
        assert!(loads <= 1, "{what} began {loads} loads.");
        if done {
            let full = running >= self.setting.places
                && (unsure || in_line >= self.setting.in_line)
                && join.is_none()
                && !joins_line;
            self.judge(read, full).await;
        } else {
            self.pending.push(read);
        }
        self.look().await;
    }

    /// Why a read has to be answered at once, if it has to.
    fn must_hit(&self, key: LessonKey, began: Instant, floor: u64) -> Option<String> {
        let (version, load_began) = self.lessons[&key].kept?;
        (self.roomy() && self.is_fresh(load_began, began) && version >= floor).then(|| {
            format!(
                "what a load brought {:?} after it began, version {version}, is fresh, nothing has overtaken it, and \
                 there is room for it.",
                began.saturating_duration_since(load_began)
            )
        })
    }

    /// The load that a read has to join, if there is one.
    fn must_join(&self, key: LessonKey, began: Instant) -> Option<usize> {
        if self.has_in_line(key) {
            return None;
        }
        self.loads
            .iter()
            .rev()
            .filter(|load| load.key == key && !load.over && load.overtaken == Overtaken::No)
            .filter(|load| {
                let fresh = self.is_fresh(load.began, began);
                if !fresh {
                    self.happened.count("loads too old to be joined");
                }
                fresh
            })
            .map(|load| load.number)
            .find(|number| {
                self.pending
                    .iter()
                    .any(|read| read.waits == Waits::For(*number))
            })
    }

    pub(super) fn has_in_line(&self, key: LessonKey) -> bool {
        self.pending
            .iter()
            .any(|read| read.key == key && read.waits == Waits::InLine)
    }

    /// How many loads are certain to wait for a place.
    pub(super) fn in_line(&self) -> usize {
        self.lessons
            .keys()
            .filter(|key| self.has_in_line(**key))
            .count()
    }
}
