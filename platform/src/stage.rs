//! The stage: the parts in their places, the door in front of them, and the switches.

use crate::api::{self, Api};
use crate::browser::Browser;
use crate::catalogue::Catalogue;
use crate::http::InProcess;
use crate::load::Load;
use crate::observer::Observer;
use crate::parts::{
    Authority, Cache, Edge, Fut, Http, NoAnswer, NotStarted, Part, Place, Stream, View, Workers,
};
use crate::switch::{Switch, Switches};
use crate::trace::Traces;
use crate::ways::Ways;
use axum::Router;
use bytes::Bytes;
use hyper::{Request, Response};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How often the observer looks at what no request shows it.
pub const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the parts run on.
#[derive(Clone, Debug)]
pub enum Ground {
    /// In this folder, with real syncs, threads and sockets.
    Folder(PathBuf),
    /// In memory, on a disk that loses what was not synced, and on one thread, so that the same seed
    /// leads to the same events.
    Memory,
}

/// One of each.
#[derive(Clone)]
pub struct Parts {
    /// Where progress is decided; bare, without the way to it.
    pub authority: Arc<dyn Authority>,
    /// The copy in front of it.
    pub cache: Arc<dyn Cache>,
    /// How others learn of changes.
    pub stream: Arc<dyn Stream>,
    /// Who acts.
    pub workers: Arc<dyn Workers>,
    /// What is derived.
    pub view: Arc<dyn View>,
    /// The copy close to the user.
    pub edge: Arc<dyn Edge>,
}

/// Decides which part stands where.
pub trait Assembly: Send + Sync {
    /// Starts the parts on `ground`. They call each other through `ways`.
    ///
    /// # Errors
    /// [`NotStarted`] says why one did not start.
    fn assemble(&self, ways: &Ways, ground: &Ground) -> Result<Parts, NotStarted>;
}

/// The stage, with everything on it. Clones are the same.
#[derive(Clone)]
pub struct Stage {
    ways: Ways,
    parts: Parts,
    api: Arc<Api>,
    door: Arc<Door>,
    load: Load,
    turning: Arc<tokio::sync::Mutex<()>>,
    commands: Arc<AtomicU64>,
}

impl Stage {
    /// Assembles the parts.
    ///
    /// # Errors
    /// [`NotStarted`] when a part does not start.
    pub fn set(assembly: &dyn Assembly, ground: &Ground, seed: u64) -> Result<Self, NotStarted> {
        let ways = Ways::new(seed);
        let parts = assembly.assemble(&ways, ground)?;
        let consumers: Vec<_> = parts
            .workers
            .accounts()
            .iter()
            .map(|account| account.consumer)
            .collect();
        ways.observer.look_at(Arc::clone(&parts.authority));
        ways.observer.starts_with(
            parts.stream.published() + parts.stream.waiting(),
            &consumers,
        );
        let file = match ground {
            Ground::Folder(folder) => Some(folder.join("courses.json")),
            Ground::Memory => None,
        };
        let catalogue = Catalogue::open(file)
            .map_err(|error| NotStarted(format!("the file of the courses: {error}")))?;
        let api = Arc::new(Api {
            authority: ways.to_authority(Arc::clone(&parts.authority)),
            cache: Arc::clone(&parts.cache),
            stream: Arc::clone(&parts.stream),
            workers: Arc::clone(&parts.workers),
            view: Arc::clone(&parts.view),
            catalogue,
            reads: AtomicU64::new(0),
            ways: ways.clone(),
        });
        let door = Arc::new(Door {
            ways: ways.clone(),
            edge: Arc::clone(&parts.edge),
        });
        let load = Load::new(seed);
        Ok(Self {
            ways,
            parts,
            api,
            door,
            load,
            turning: Arc::default(),
            commands: Arc::default(),
        })
    }

    /// The API as a service, for whoever listens.
    pub fn router(&self) -> Router {
        api::router(Arc::clone(&self.api))
    }

    /// Makes the edge reach the API within this process.
    pub fn connect_in_process(&self) {
        self.ways
            .set_origin(Arc::new(InProcess::new(self.router())));
    }

    /// Makes the edge reach the API through `origin`.
    pub fn connect(&self, origin: Arc<dyn Http>) {
        self.ways.set_origin(origin);
    }

    /// The door: where browsers ask, and the observer looks.
    pub fn door(&self) -> Arc<dyn Http> {
        Arc::clone(&self.door) as Arc<dyn Http>
    }

    /// A browser at the door.
    pub fn browser(&self) -> Browser {
        Browser::new(self.door(), self.ways.to_origin(), self.ways.traces.clone())
    }

    /// The observer.
    pub fn observer(&self) -> &Observer {
        &self.ways.observer
    }

    /// The traces.
    pub fn traces(&self) -> &Traces {
        &self.ways.traces
    }

    /// The switches.
    pub fn switches(&self) -> &Switches {
        &self.ways.switches
    }

    /// The load.
    pub fn load(&self) -> &Load {
        &self.load
    }

    pub(crate) fn ways(&self) -> &Ways {
        &self.ways
    }

    /// Facts that were asked for, and those of them that the authority was asked for.
    pub(crate) fn reads(&self) -> (u64, u64) {
        let all = self.api.reads.load(Ordering::Relaxed);
        (all, self.ways.authority_reads())
    }

    /// The parts.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// A key that no other command has had.
    pub fn fresh_key(&self) -> String {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number}", crate::trace::scattered(self.ways.seed))
    }

    /// Turns a switch. A part that is stopped goes down; one that was stopped comes up from what it kept.
    ///
    /// # Errors
    /// [`NotStarted`] when a part does not come up. Its switch stays at *stopped*.
    pub async fn switch(&self, place: Place, to: Switch) -> Result<(), NotStarted> {
        let _turning = self.turning.lock().await;
        let from = self.ways.switches.get(place);
        if from == to {
            return Ok(());
        }
        let part = self.part(place);
        // A cache that could not be reached has missed what it should have forgotten.
        let missed = place == Place::Cache && from == Switch::Errors;
        if to == Switch::Stopped || missed {
            self.ways.switches.set(place, Switch::Stopped);
            if let Some(part) = part {
                part.stop().await;
            }
        }
        if (from == Switch::Stopped || missed)
            && to != Switch::Stopped
            && let Some(part) = part
        {
            part.start().await?;
        }
        self.ways.switches.set(place, to);
        self.ways.observer.switched(place, to);
        if place == Place::Authority && from == Switch::Stopped {
            self.ways.observer.authority_is_up().await;
        }
        Ok(())
    }

    fn part(&self, place: Place) -> Option<&dyn Part> {
        Some(match place {
            Place::Edge => &*self.parts.edge,
            Place::Api => return None,
            Place::Cache => &*self.parts.cache,
            Place::Authority => &*self.parts.authority,
            Place::Stream => &*self.parts.stream,
            Place::Workers => &*self.parts.workers,
            Place::View => &*self.parts.view,
        })
    }

    /// Makes the observer look now.
    pub async fn look(&self) {
        let Parts {
            stream,
            workers,
            view,
            ..
        } = &self.parts;
        self.ways
            .observer
            .look(&**stream, &**workers, &**view)
            .await;
    }

    /// Makes the observer look at regular intervals, without end.
    pub async fn keep_looking(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look().await;
        }
    }

    /// Takes every part down, from the user's end.
    pub async fn take_down(&self) {
        for place in Place::ALL {
            if self.ways.switches.get(place) != Switch::Stopped
                && let Some(part) = self.part(place)
            {
                part.stop().await;
            }
        }
    }
}

struct Door {
    ways: Ways,
    edge: Arc<dyn Edge>,
}

impl Http for Door {
    fn call(&self, request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>> {
        Box::pin(async move {
            let observer = &self.ways.observer;
            let watch = observer.asked(&request);
            let began = Instant::now();
            let answer = self
                .ways
                .switches
                .cross(Place::Edge, self.edge.call(request))
                .await;
            self.ways.meters.count(Place::Edge, began, answer.is_err());
            if let Some(watch) = watch {
                observer
                    .answered(watch, answer.as_ref().map_err(|why| *why))
                    .await;
            }
            answer
        })
    }
}
