//! The property.

use crate::model::{Knows, Truth};
use crate::world::{BEGIN, COMPLETE, expecting, happens, story, version};
use domain::{LessonId, LessonKey, Offset};
use evening::{Change, Fault, Feed, Link, Lost, NoAnswer, Refused, Store};
use split::api::Api;
use split::authority::Authority;
use split::session::Session;
use split::worker::{View, Worker};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use story::{Picks, note, search};

const LEARNERS: u64 = 2;
const LESSONS: u64 = 3;

/// The session that asks, and which of the two API processes answers.
#[derive(Clone, Copy, Debug)]
struct Who {
    learner: u64,
    /// Each learner has two sessions.
    session: usize,
    process: usize,
}

#[derive(Clone, Copy, Debug)]
enum Expects {
    WhatIsThere,
    NotBegun,
    OneLess,
    OneMore,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trouble {
    None,
    RequestLost,
    ReplyLost,
    NotStored,
    StoredWithoutAnswer,
    /// Somebody else changes the fact just before a transaction; before the first one, or a second one.
    SomebodyElse(usize),
    /// The store gives no answer to reads.
    ReadsFail,
}

impl Trouble {
    /// As it appears in stories: nothing where there is none.
    fn told(self) -> String {
        match self {
            Self::None => String::new(),
            trouble => format!("; trouble: {trouble:?}"),
        }
    }
}

#[derive(Clone, Debug)]
enum Event {
    Record {
        who: Who,
        lesson: u64,
        expects: Expects,
        change: Change,
        trouble: Trouble,
    },
    Read {
        who: Who,
        lesson: u64,
        trouble: Trouble,
    },
    Page {
        who: Who,
        lessons: Vec<u64>,
        trouble: Trouble,
    },
    Evict {
        process: usize,
        key: LessonKey,
    },
    Clear {
        process: usize,
    },
    /// The process ends, and another one begins with an empty cache and the view that was kept.
    Restart {
        process: usize,
    },
    Work {
        process: usize,
        again: Vec<u64>,
        breaks_after: Option<usize>,
    },
    Rebuild {
        process: usize,
        breaks_after: Option<usize>,
    },
    DeleteView {
        process: usize,
    },
    Stop {
        process: usize,
    },
    Start {
        process: usize,
    },
}

fn event(picks: &mut Picks) -> Event {
    let process = usize::from(picks.once_in(2));
    let who = Who {
        learner: 1 + picks.below(LEARNERS),
        session: usize::from(picks.once_in(2)),
        process,
    };
    let lesson = 1 + picks.below(LESSONS);
    let asking = [Trouble::RequestLost, Trouble::ReplyLost, Trouble::ReadsFail];
    match picks.below(24) {
        0..=7 => Event::Record {
            who,
            lesson,
            expects: match picks.below(8) {
                0 => Expects::NotBegun,
                1 => Expects::OneLess,
                2 => Expects::OneMore,
                _ => Expects::WhatIsThere,
            },
            change: picks.one_of(&[BEGIN, COMPLETE]),
            trouble: match picks.below(12) {
                0 => Trouble::RequestLost,
                1 => Trouble::ReplyLost,
                2 => Trouble::NotStored,
                3 => Trouble::StoredWithoutAnswer,
                4 => Trouble::SomebodyElse(usize::from(picks.once_in(2))),
                _ => Trouble::None,
            },
        },
        8..=12 => Event::Read {
            who,
            lesson,
            trouble: if picks.once_in(6) {
                picks.one_of(&asking)
            } else {
                Trouble::None
            },
        },
        13..=15 => Event::Page {
            who,
            lessons: (0..picks.below(5))
                .map(|_| 1 + picks.below(LESSONS))
                .collect(),
            trouble: if picks.once_in(6) {
                picks.one_of(&asking)
            } else {
                Trouble::None
            },
        },
        16 => Event::Evict {
            process,
            key: LessonKey::new(who.learner, lesson),
        },
        17 => match picks.below(3) {
            0 => Event::Restart { process },
            _ => Event::Clear { process },
        },
        18..=20 => Event::Work {
            process,
            again: (0..picks.below(3)).map(|_| picks.below(12)).collect(),
            breaks_after: picks
                .once_in(3)
                .then(|| usize::try_from(picks.below(4)).expect("small")),
        },
        21 => match picks.below(3) {
            0 => Event::DeleteView { process },
            _ => Event::Rebuild {
                process,
                breaks_after: picks
                    .once_in(2)
                    .then(|| usize::try_from(picks.below(6)).expect("small")),
            },
        },
        22 => Event::Stop { process },
        _ => Event::Start { process },
    }
}

/// How often the search met the cases that it is about, so that it cannot pass without them.
type Met = RefCell<BTreeMap<&'static str, usize>>;

struct Process {
    api: Api,
    link: Link,
    feed: Feed,
    stopped: bool,
    knows: HashMap<LessonKey, Knows>,
}

struct World<'a> {
    store: Store,
    truth: Truth,
    processes: Vec<Process>,
    sessions: HashMap<(u64, usize), Session>,
    floors: HashMap<(u64, usize, LessonKey), u64>,
    met: &'a Met,
}

fn process(store: &Store) -> Process {
    let link = Link::to(Authority::over(store.clone()));
    let feed = Feed::of(store);
    let worker = Worker::new(feed.clone(), View::default());
    Process {
        api: Api::new(link.clone(), worker),
        link,
        feed,
        stopped: false,
        knows: HashMap::new(),
    }
}

/// **S1**–**S7** Whatever happens, in whatever order, to two API processes with a cache and a worker
/// each, the answers are those of a system without cache and worker, with as few crossings as promised.
#[test]
fn no_order_of_events_shows_that_there_is_a_cache_or_a_worker() {
    story(|| {
        let met = Met::default();
        search(400, 50, event, |schedule| {
            let store = Store::default();
            let mut world = World {
                processes: vec![process(&store), process(&store)],
                store,
                truth: Truth::default(),
                sessions: HashMap::new(),
                floors: HashMap::new(),
                met: &met,
            };
            for event in schedule {
                world.happens(event.clone());
            }
            world.ends();
        });
        let met = met.into_inner();
        for what in [
            "hit",
            "miss",
            "below the floor",
            "older than the authority",
            "stale",
            "no answer",
            "delivered again",
            "broken",
            "stopped",
        ] {
            let times = met.get(what).copied().unwrap_or_default();
            assert!(
                times >= 20,
                "The search has met `{what}` only {times} times."
            );
        }
    });
}

impl World<'_> {
    fn met(&self, what: &'static str) {
        *self.met.borrow_mut().entry(what).or_default() += 1;
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Record {
                who,
                lesson,
                expects,
                change,
                trouble,
            } => self.record(who, lesson, expects, change, trouble),
            Event::Read {
                who,
                lesson,
                trouble,
            } => self.page(who, &[lesson], trouble, true),
            Event::Page {
                who,
                lessons,
                trouble,
            } => self.page(who, &lessons, trouble, false),
            Event::Evict { process, key } => {
                note(format!("process {process} evicts {}", evening::name(key)));
                let process = &mut self.processes[process];
                process.api.cache().forget(key);
                process.knows.remove(&key);
            }
            Event::Clear { process } => {
                note(format!("the cache of process {process} is emptied"));
                let process = &mut self.processes[process];
                process.api.cache().clear();
                process.knows.clear();
            }
            Event::Restart { process } => {
                note(format!("process {process} ends, and starts again"));
                let process = &mut self.processes[process];
                let view = process.api.worker().view().clone();
                let worker = Worker::new(process.feed.clone(), view);
                process.api = Api::new(process.link.clone(), worker);
                process.knows.clear();
            }
            Event::Work {
                process,
                again,
                breaks_after,
            } => self.work(process, false, &again, breaks_after),
            Event::Rebuild {
                process,
                breaks_after,
            } => self.work(process, true, &[], breaks_after),
            Event::DeleteView { process } => {
                note(format!("the view of process {process} is deleted"));
                let process = &mut self.processes[process];
                *process.api.worker() = Worker::new(process.feed.clone(), View::default());
            }
            Event::Stop { process } => {
                self.processes[process].feed.stop();
                self.processes[process].stopped = true;
            }
            Event::Start { process } => {
                self.processes[process].feed.start();
                self.processes[process].stopped = false;
            }
        }
        self.dashboards_are_replays();
    }

    fn record(
        &mut self,
        who: Who,
        lesson: u64,
        expects: Expects,
        change: Change,
        trouble: Trouble,
    ) {
        let key = LessonKey::new(who.learner, lesson);
        let now = version(self.truth.fact(key));
        let expected = match expects {
            Expects::WhatIsThere => expecting(now),
            Expects::NotBegun => None,
            Expects::OneLess => expecting(now.saturating_sub(1)),
            Expects::OneMore => expecting(now + 1),
        };
        note(format!(
            "session {} of learner {}, at process {}, records lesson {lesson}{}",
            who.session,
            who.learner,
            who.process,
            trouble.told()
        ));
        let came = Arc::new(AtomicBool::new(false));
        let process = &mut self.processes[who.process];
        match trouble {
            Trouble::RequestLost => process.link.lose_next(Lost::Request),
            Trouble::ReplyLost => process.link.lose_next(Lost::Reply),
            Trouble::NotStored => self.store.fail_next_write(Fault::NotStored),
            Trouble::StoredWithoutAnswer => {
                self.store.fail_next_write(Fault::StoredWithoutAnswer);
            }
            Trouble::SomebodyElse(moment) => {
                let (door, came) = (self.store.clone(), Arc::clone(&came));
                self.store.intrude(move |transaction| {
                    if transaction == moment {
                        happens(&door, key, COMPLETE);
                        came.store(true, Ordering::Relaxed);
                    }
                });
            }
            Trouble::None | Trouble::ReadsFail => {}
        }
        let writes = self.store.writes();
        let (crossings, pulls) = (process.link.crossings(), process.feed.pulls());
        let session = self.sessions.entry((who.learner, who.session)).or_default();
        let answer = process.api.record(session, key, expected, change);

        // The same in the model.
        let somebody_came = came.load(Ordering::Relaxed);
        if somebody_came {
            self.truth.change(key, COMPLETE);
        }
        let current = self.truth.fact(key);
        let stale = current.map(|fact| fact.version) != expected;
        let put = !stale && trouble != Trouble::RequestLost;
        let silent = match trouble {
            Trouble::RequestLost | Trouble::ReplyLost => true,
            Trouble::NotStored | Trouble::StoredWithoutAnswer => put,
            _ => false,
        };
        let stored = (put && trouble != Trouble::NotStored).then(|| self.truth.change(key, change));
        let expected_answer = match stored {
            _ if silent => Err(Refused::NoAnswer),
            Some(stored) => Ok(stored),
            None => Err(Refused::Stale { current }),
        };
        assert_eq!(
            answer, expected_answer,
            "The answer to a change. Expected is what a system without a cache and a worker answers."
        );
        assert_eq!(
            process.link.crossings() - crossings,
            1,
            "Crossings of one command."
        );
        assert_eq!(
            self.store.writes() - writes - usize::from(somebody_came),
            usize::from(put),
            "Writes of one command: one if it is decided, none if it is refused."
        );
        assert_eq!(
            process.feed.pulls(),
            pulls,
            "A command asked the feed: it waits for a worker."
        );
        process.link.lose_nothing();
        self.store.fail_nothing();
        let knows = match answer {
            Ok(fact) => Knows::Heard(fact.version.0),
            Err(Refused::Stale { current }) => Knows::Heard(version(current)),
            Err(Refused::NoAnswer) => Knows::Nothing,
        };
        process.knows.insert(key, knows);
        if let Ok(fact) = answer {
            self.floors
                .insert((who.learner, who.session, key), fact.version.0);
        }
        match answer {
            Ok(_) => self.met("acknowledged"),
            Err(Refused::Stale { .. }) => self.met("stale"),
            Err(Refused::NoAnswer) => self.met("no answer"),
        }
    }

    fn page(&mut self, who: Who, lessons: &[u64], trouble: Trouble, single: bool) {
        let keys: Vec<_> = lessons
            .iter()
            .map(|lesson| LessonKey::new(who.learner, *lesson))
            .collect();
        note(format!(
            "session {} of learner {}, at process {}, reads lessons {lessons:?}{}",
            who.session,
            who.learner,
            who.process,
            trouble.told()
        ));
        let process = &mut self.processes[who.process];
        match trouble {
            Trouble::RequestLost => process.link.lose_next(Lost::Request),
            Trouble::ReplyLost => process.link.lose_next(Lost::Reply),
            Trouble::ReadsFail => self.store.fail_reads(true),
            _ => {}
        }
        let (crossings, asked) = (process.link.crossings(), process.link.asked());
        let session = self.sessions.entry((who.learner, who.session)).or_default();
        let answer = if single {
            process.api.read(session, keys[0]).map(|fact| vec![fact])
        } else {
            process.api.page(session, &keys)
        };
        let crossings = process.link.crossings() - crossings;
        let asked = process.link.asked() - asked;
        process.link.lose_nothing();
        self.store.fail_nothing();

        let knows: HashMap<_, _> = keys
            .iter()
            .map(|key| {
                let floor = self.floors.get(&(who.learner, who.session, *key));
                let floor = floor.copied().unwrap_or_default();
                let knows = process.knows.get(key).copied().unwrap_or(Knows::Nothing);
                if knows.above(floor) != knows {
                    *self.met.borrow_mut().entry("below the floor").or_default() += 1;
                }
                (*key, knows.above(floor))
            })
            .collect();
        let missing = knows
            .values()
            .filter(|knows| **knows == Knows::Nothing)
            .count();
        let heard = knows
            .values()
            .filter(|knows| matches!(knows, Knows::Heard(_)))
            .count();
        let least = usize::from(missing > 0);
        let most = usize::from(missing + heard > 0);
        let because = format!(
            "For {missing} of its lessons this process had no entry that may serve this session: never \
             loaded, forgotten since (a change that ended in an error forgets as well), or below what \
             the session was told. For {heard} it had the answer to a change, which may be kept or \
             not."
        );
        assert!(
            (least..=most).contains(&crossings),
            "Crossings of one page: {crossings}; {least} to {most} would be right. {because}"
        );
        assert!(
            crossings == 0 || (missing..=missing + heard).contains(&asked),
            "Lessons asked for by one page: {asked}; {missing} to {} would be right. {because}",
            missing + heard
        );
        self.met(if crossings > 0 { "miss" } else { "hit" });
        if crossings > 0 && trouble != Trouble::None {
            self.met("no answer");
            assert_eq!(
                answer,
                Err(NoAnswer),
                "The authority had to be asked, and there was no answer."
            );
            return;
        }
        let page = answer.expect("an answer: nothing went wrong, or nothing had to be asked");
        assert_eq!(page.len(), keys.len(), "An answer for each key.");
        for (key, answer) in keys.iter().zip(page) {
            let current = self.truth.fact(*key);
            let from_cache = match knows[key] {
                Knows::Loaded(at) => Some(self.truth.at(*key, at)),
                Knows::Heard(at) if crossings == 0 => Some(self.truth.at(*key, at)),
                Knows::Heard(at) if answer != current => Some(self.truth.at(*key, at)),
                Knows::Heard(_) | Knows::Nothing => None,
            };
            if from_cache.is_some_and(|fact| fact != current) {
                self.met("older than the authority");
            }
            assert_eq!(
                answer,
                from_cache.unwrap_or(current),
                "What a read of {} returns. Expected is what the authority has; or, if this process \
                 has loaded it since its last own change, what it was then.",
                evening::name(*key)
            );
            self.processes[who.process]
                .knows
                .insert(*key, Knows::Loaded(version(answer)));
        }
    }

    fn work(&mut self, at: usize, rebuild: bool, again: &[u64], breaks_after: Option<usize>) {
        let what = if rebuild { "rebuilds its view" } else { "runs" };
        note(format!("the worker of process {at} {what}"));
        let process = &mut self.processes[at];
        let before = process.api.worker().view().next().0;
        process
            .feed
            .deliver_again(again.iter().copied().map(Offset));
        if let Some(events) = breaks_after {
            process.feed.break_after(events);
        }
        let answer = if rebuild {
            process.api.worker().rebuild()
        } else {
            process.api.worker().run()
        };
        process.feed.fail_nothing();
        let next = process.api.worker().view().next().0;
        let events = self.truth.log.len() as u64;
        let from = if rebuild { 0 } else { before };
        if process.stopped {
            assert_eq!(answer, Err(NoAnswer), "The feed is stopped.");
            assert_eq!(next, from, "Nothing was delivered.");
            self.met("stopped");
        } else if answer.is_ok() {
            assert_eq!(
                next, events,
                "The worker reports that there is nothing more."
            );
        } else {
            self.met("broken");
            let delivered = breaks_after.expect("a feed that breaks only when told to") as u64;
            let repeated = again.len() as u64;
            assert!(
                (from + delivered.saturating_sub(repeated)..=from + delivered).contains(&next),
                "The feed broke after {delivered} events, up to {repeated} of them repeated. The view \
                 was at {from}, and is at {next} now."
            );
        }
        if again.iter().any(|offset| *offset < before) {
            self.met("delivered again");
        }
    }

    fn dashboards_are_replays(&self) {
        for process in &self.processes {
            for lesson in (1..=LESSONS).map(LessonId) {
                let (row, next) = process.api.dashboard(lesson);
                assert_eq!(
                    row,
                    self.truth.row(lesson, next.0),
                    "The view of lesson {}, which reports that it has applied {} events.",
                    lesson.0,
                    next.0
                );
            }
        }
    }

    fn ends(&mut self) {
        let log: Vec<_> = self
            .store
            .events()
            .iter()
            .map(|event| event.progress)
            .collect();
        assert_eq!(
            log, self.truth.log,
            "The log at the end: each version of each fact once, in order."
        );
        for process in 0..self.processes.len() {
            self.happens(Event::Start { process });
            self.work(process, false, &[], None);
            self.dashboards_are_replays();
        }
        for learner in 1..=LEARNERS {
            for process in 0..self.processes.len() {
                self.happens(Event::Clear { process });
                let who = Who {
                    learner,
                    session: 0,
                    process,
                };
                self.page(who, &[1, 2, 3], Trouble::None, false);
            }
        }
    }
}
