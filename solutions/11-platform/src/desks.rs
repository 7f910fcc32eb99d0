//! The parts that act: lab 5's workers, each with an inbox in its own database.

use crate::medium::{Medium, Steps, Trouble, lock, opened};
use crate::news::News;
use domain::Event;
use outbox::effects::{Analytics, Effect, Email, Failure, Recommendations};
use outbox::inbox::{Inbox, Outcome};
use outbox::stream::Log as _;
use outbox::worker::{Settings, Step, Worker, WorkerError};
use platform::parts::{Account, Fut, NoAnswer, NotStarted, Part, Place, Workers};
use platform::stage::Ground;
use platform::ways::Ways;
use redb::{Database, DatabaseError, WriteTransaction};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The wait after a step that failed.
const AGAIN: Duration = Duration::from_millis(500);

/// A worker that starts again gets a new effect.
type MakeEffect = fn() -> Box<dyn Effect>;

/// The workers.
pub(crate) struct Desks(Vec<Arc<Desk>>);

/// One of them.
struct Desk {
    consumer: &'static str,
    effect: MakeEffect,
    medium: Medium,
    ways: Ways,
    news: News,
    inbox: Mutex<Option<Inbox>>,
    /// Everything before it is settled, and visible outside. Briefly behind the inbox's own offset.
    offset: AtomicU64,
    last: Mutex<Account>,
    running: Mutex<Option<JoinHandle<()>>>,
    steps: Steps,
    epoch: Instant,
}

impl Desks {
    pub(crate) fn open(ways: &Ways, news: &News, ground: &Ground) -> Result<Self, NotStarted> {
        let effects: [(&'static str, MakeEffect); 3] = [
            ("analytics", || Box::new(Analytics)),
            ("email", || Box::new(Email)),
            ("recommendations", || Box::new(Recommendations)),
        ];
        let mut desks = Vec::new();
        for (consumer, effect) in effects {
            let desk = Arc::new(Desk {
                consumer,
                effect,
                medium: Medium::new(ground, &format!("{consumer}.redb")),
                ways: ways.clone(),
                news: news.clone(),
                inbox: Mutex::new(None),
                offset: AtomicU64::new(0),
                last: Mutex::new(Account {
                    consumer,
                    ..Account::default()
                }),
                running: Mutex::new(None),
                steps: Steps::default(),
                epoch: Instant::now(),
            });
            let inbox = desk.open()?;
            desk.run(inbox);
            desks.push(desk);
        }
        Ok(Self(desks))
    }
}

impl Desk {
    fn open(&self) -> Result<Inbox, Trouble> {
        let database = Database::builder().create_with_backend(self.medium.backend()?);
        let database = database.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => self.medium.in_use(),
            error => self.medium.trouble(&error),
        })?;
        let inbox = Inbox::open(Arc::new(database), self.consumer);
        let inbox = inbox.map_err(|error| self.medium.trouble(&error))?;
        let offset = inbox
            .offset()
            .map_err(|error| self.medium.trouble(&error))?;
        self.offset.store(offset.0, Ordering::Release);
        Ok(inbox)
    }

    fn run(self: &Arc<Self>, inbox: Inbox) {
        *lock(&self.inbox) = Some(inbox.clone());
        let desk = Arc::clone(self);
        *lock(&self.running) = Some(tokio::spawn(async move { desk.work(inbox).await }));
    }

    /// Takes one record after the other, for ever.
    async fn work(&self, inbox: Inbox) {
        let done = Arc::new(Mutex::new(None));
        let effect = Box::new(Seen {
            effect: (self.effect)(),
            done: Arc::clone(&done),
        });
        let worker = Worker::new(self.news.clone(), inbox, effect, Settings::default());
        let mut at_desk = Some(worker);
        while let Some(mut worker) = at_desk.take() {
            self.ways.patience(Place::Workers).await;
            let (began, now) = (Instant::now(), self.epoch.elapsed());
            let ways = self.ways.clone();
            let stepped = self.steps.run(self.medium.blocks(), move || {
                let step =
                    ways.deliver(|| worker.step(now).map_err(Stumble::Worker), Stumble::Away);
                let offset = worker.inbox().offset();
                (worker, step, offset)
            });
            let Some((worker, step, offset)) = stepped.await else {
                return;
            };
            at_desk = Some(worker);
            // A step whose answer was lost has still settled its record.
            let settled = matches!(
                step,
                Ok(Step::Settled(Outcome::Done)) | Err(Stumble::Away(NoAnswer::Lost))
            );
            let event = lock(&done).take_if(|_| settled);
            if let Some(event) = event {
                self.ways.effect(self.consumer, event, began).await;
            }
            if let Ok(offset) = offset {
                self.offset.store(offset.0, Ordering::Release);
            }
            match step {
                Ok(Step::Settled(_) | Step::Shed(_)) | Err(Stumble::Away(NoAnswer::Lost)) => {}
                Ok(Step::Idle(_)) => self.news.wait().await,
                Ok(Step::Failed) => tokio::task::yield_now().await,
                Err(stumble) => {
                    if let Stumble::Worker(error) = &stumble {
                        tracing::debug!(%error, "{} cannot continue", self.consumer);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

/// Why a step failed.
enum Stumble {
    Worker(WorkerError),
    Away(NoAnswer),
}

/// An effect, and its last record. Whether that took effect is known when its transaction has committed.
struct Seen {
    effect: Box<dyn Effect>,
    done: Arc<Mutex<Option<Event>>>,
}

impl Effect for Seen {
    fn apply(&mut self, transaction: &WriteTransaction, event: &Event) -> Result<(), Failure> {
        self.effect.apply(transaction, event)?;
        *lock(&self.done) = Some(*event);
        Ok(())
    }
}

impl Part for Desks {
    fn stop(&self) -> Fut<'_, ()> {
        Box::pin(async {
            for desk in &self.0 {
                let running = lock(&desk.running).take();
                if let Some(running) = running {
                    desk.steps.ended(running).await;
                }
                drop(lock(&desk.inbox).take());
                desk.medium.power_fails();
            }
        })
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        Box::pin(async move {
            for desk in &self.0 {
                let inbox = opened(|| desk.open()).await?;
                desk.run(inbox);
            }
            Ok(())
        })
    }
}

impl Workers for Desks {
    fn accounts(&self) -> Vec<Account> {
        self.0.iter().map(|desk| desk.account()).collect()
    }
}

impl Desk {
    fn account(&self) -> Account {
        // Read the end first: records that are settled meanwhile may make the queue look shorter than it
        // was, but no event seems to vanish.
        let end = self.news.end().0;
        let queued = end.saturating_sub(self.offset.load(Ordering::Acquire));
        let mut last = lock(&self.last);
        last.queued = queued;
        if let Some(inbox) = &*lock(&self.inbox)
            && let Ok(dead) = inbox.dead_letters()
        {
            last.dead = dead.iter().map(|letter| letter.record.message.id).collect();
        }
        last.clone()
    }
}
