//! Random orders of events, against a small model.
//!
//! The model knows which version of each page the origin had at which time, and when each purge and
//! write was answered. It does not know what an edge is: for each answer it only decides whether it was
//! possible.

use crate::world::{Answer, Mood, With, World, asking, cached, get, seconds, settle};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use testbed::{note, soon, stories};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::Instant;
use web::{OriginError, Request};

/// How long a page is fresh, and how long after that it may be served stale.
const FRESH: u64 = 10;
const WHILE_REVALIDATING: u64 = 5;
const ON_ERROR: u64 = 20;

const PAGES: [&str; 2] = ["/a", "/b"];
const USERS: [&str; 3] = ["Ada", "Bob", "Cyd"];

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A user asks for a page.
    Ask {
        user: usize,
        page: usize,
        no_cache: bool,
    },
    /// The client of the oldest request leaves.
    Leave,
    /// The origin's page changes, without any notice.
    Change { page: usize },
    /// The origin carries out a write of the page; its answer comes when the request is released.
    Write { page: usize },
    /// The page is purged.
    Purge { page: usize },
    /// Everything is forgotten.
    Clear,
    /// From now on the page is private to each user, or for all again.
    Private { page: usize, private: bool },
    /// The oldest, or the newest, request at the origin is released.
    Release { newest: bool },
    /// From now on the origin fails, or works again.
    Fail { failing: bool },
    /// Time passes.
    Pass { seconds: u64 },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let page = 0..PAGES.len();
    let ask = (0..USERS.len(), page.clone(), 0..8).prop_map(|(user, page, dice)| Event::Ask {
        user,
        page,
        no_cache: dice == 0,
    });
    let event = prop_oneof![
        8 => ask,
        1 => Just(Event::Leave),
        2 => page.clone().prop_map(|page| Event::Change { page }),
        2 => page.clone().prop_map(|page| Event::Write { page }),
        1 => page.clone().prop_map(|page| Event::Purge { page }),
        1 => Just(Event::Clear),
        1 => (page, 0..3).prop_map(|(page, dice)| Event::Private { page, private: dice == 0 }),
        6 => (0..2).prop_map(|dice| Event::Release { newest: dice == 0 }),
        1 => (0..3).prop_map(|dice| Event::Fail { failing: dice == 0 }),
        3 => (1..=FRESH + 8).prop_map(|seconds| Event::Pass { seconds }),
    ];
    vec(event, 1..60)
}

/// One version of a page: when it was made, and until when it was the latest.
struct Version {
    until: Option<(usize, Instant)>,
}

struct Model {
    /// Which event is taking place.
    step: usize,
    versions: [Vec<Version>; 2],
    private: [bool; 2],
    /// The last event at which a purge of the page was done, or a write was answered.
    barrier: [Option<usize>; 2],
    failed: bool,
    answers: usize,
}

impl Model {
    fn change(&mut self, page: usize) {
        let now = (self.step, Instant::now());
        if let Some(latest) = self.versions[page].last_mut() {
            latest.until = Some(now);
        }
        self.versions[page].push(Version { until: None });
    }

    /// Compares an answer with what was true when it was requested.
    fn judge(&mut self, asked: &Asked, answer: &Answer) {
        if answer.status != 200 {
            assert!(answer.status >= 500, "{answer:?}");
            return;
        }
        self.answers += 1;
        let mut words = answer.text().split(' ');
        let (path, version, whose) = (words.next(), words.next(), words.next());
        assert_eq!(
            path,
            Some(PAGES[asked.page]),
            "The answer is not the page that was asked for."
        );
        let user = USERS[asked.user];
        assert!(
            whose == Some("all") || whose == Some(user),
            "{user} got what the origin had made for {whose:?} alone."
        );
        let version: usize = version
            .and_then(|version| version.parse().ok())
            .expect("a version");
        let Some((step, until)) = self.versions[asked.page][version].until else {
            return;
        };
        if let Some(barrier) = asked.barrier {
            assert!(
                step > barrier,
                "Version {version} was replaced before a purge or an answered write, but was given to \
                 a client that asked after that."
            );
        }
        let stale = if asked.no_cache {
            0
        } else if self.failed {
            FRESH + ON_ERROR
        } else {
            FRESH + WHILE_REVALIDATING
        };
        let old = asked.at.saturating_duration_since(until);
        // Settling after each event takes some milliseconds.
        assert!(
            old <= seconds(stale) + Duration::from_millis(500),
            "Version {version} had been replaced for {old:?} when it was requested, and may be served \
             for {stale} s."
        );
    }
}

#[derive(Clone)]
struct Asked {
    user: usize,
    page: usize,
    no_cache: bool,
    at: Instant,
    barrier: Option<usize>,
}

struct Run {
    world: World,
    model: Rc<RefCell<Model>>,
    asked: Vec<JoinHandle<()>>,
}

impl Run {
    fn publish(&self, page: usize) {
        let model = self.model.borrow();
        let version = model.versions[page].len() - 1;
        let target = PAGES[page];
        let tag = |whose: &str| format!("\"{version}-{whose}\"");
        let body = |whose: &str| format!("{target} {version} {whose}");
        if model.private[page] {
            for user in USERS {
                let own = cached(&body(user), "private, max-age=100").with("etag", &tag(user));
                self.world.origin.has_for(user, target, own);
            }
        } else {
            self.world.origin.has_for_nobody(target);
            let directives = format!(
                "public, max-age={FRESH}, stale-while-revalidate={WHILE_REVALIDATING}, \
                 stale-if-error={ON_ERROR}"
            );
            let all = cached(&body("all"), &directives).with("etag", &tag("all"));
            self.world.origin.has(target, all);
        }
    }

    /// Sends a request, and has its answer judged by `judge` when it comes.
    fn send(&mut self, request: Request, judge: impl FnOnce(&mut Model, Answer) + 'static) {
        let asked = self.world.spawn(request);
        let model = Rc::clone(&self.model);
        self.asked.push(tokio::task::spawn_local(async move {
            let answer = asked.answer().await;
            judge(&mut model.borrow_mut(), answer);
        }));
    }

    fn take_place(&mut self, event: Event) {
        match event {
            Event::Ask {
                user,
                page,
                no_cache,
            } => {
                let mut request = get(PAGES[page]).with("cookie", USERS[user]);
                if no_cache {
                    request = request.with("cache-control", "no-cache");
                }
                let asked = Asked {
                    user,
                    page,
                    no_cache,
                    at: Instant::now(),
                    barrier: self.model.borrow().barrier[page],
                };
                self.send(request, move |model, answer| model.judge(&asked, &answer));
            }
            Event::Leave => {
                if !self.asked.is_empty() {
                    note("the client of the oldest request leaves");
                    self.asked.remove(0).abort();
                }
            }
            Event::Change { page } => {
                self.model.borrow_mut().change(page);
                self.publish(page);
            }
            Event::Write { page } => {
                self.model.borrow_mut().change(page);
                self.publish(page);
                self.send(asking("POST", PAGES[page]), move |model, answer| {
                    if answer.status < 500 {
                        model.barrier[page] = Some(model.step);
                    }
                });
            }
            Event::Purge { page } => {
                self.world.purge(PAGES[page]);
                let mut model = self.model.borrow_mut();
                model.barrier[page] = Some(model.step);
            }
            Event::Clear => {
                note("the edge is cleared");
                self.world.edge.clear();
                let mut model = self.model.borrow_mut();
                model.barrier = [Some(model.step); 2];
            }
            Event::Private { page, private } => {
                self.model.borrow_mut().private[page] = private;
                self.publish(page);
            }
            Event::Release { newest } => {
                let parked = self.world.origin.parked();
                let one = if newest {
                    parked.last()
                } else {
                    parked.first()
                };
                if let Some(one) = one {
                    self.world.origin.release(*one);
                }
            }
            Event::Fail { failing } => {
                self.model.borrow_mut().failed |= failing;
                self.world.origin.is(if failing {
                    Mood::Failing(OriginError::Unreachable)
                } else {
                    Mood::Well
                });
            }
            Event::Pass { .. } => {}
        }
    }
}

/// **E1** **E3** **E5** **E7** In no order of events does a client get what was made for another, what
/// is older than its bound, or what was there before a purge or an answered write; and every client gets
/// an answer.
#[test]
fn no_order_of_events_gives_anybody_what_nobody_could_have_been_given() {
    stories(events(), |events| async move {
        LocalSet::new()
            .run_until(async move {
                let model = Model {
                    step: 0,
                    versions: [vec![], vec![]],
                    private: [false; 2],
                    barrier: [None; 2],
                    failed: false,
                    answers: 0,
                };
                let mut run = Run {
                    world: World::new(),
                    model: Rc::new(RefCell::new(model)),
                    asked: Vec::new(),
                };
                for page in 0..PAGES.len() {
                    run.model.borrow_mut().change(page);
                    run.publish(page);
                }
                run.world.origin.hold();
                for event in events {
                    run.model.borrow_mut().step += 1;
                    if let Event::Pass { seconds: passing } = event {
                        note(format!("{passing} s pass"));
                        tokio::time::sleep(seconds(passing)).await;
                    } else {
                        run.take_place(event);
                    }
                    settle().await;
                    judged(&mut run.asked).await;
                }
                note("everything is released");
                run.world.origin.stop_holding();
                run.world.origin.release_all();
                for asked in std::mem::take(&mut run.asked) {
                    judged_one(soon("every request to be answered", asked).await);
                }
            })
            .await;
    });
}

/// Takes out the requests that have been answered, so that a wrong answer ends the test.
async fn judged(asked: &mut Vec<JoinHandle<()>>) {
    for at in (0..asked.len()).rev() {
        if asked[at].is_finished() {
            judged_one(asked.remove(at).await);
        }
    }
}

fn judged_one(ended: Result<(), tokio::task::JoinError>) {
    match ended {
        Ok(()) => {}
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_left) => {}
    }
}
