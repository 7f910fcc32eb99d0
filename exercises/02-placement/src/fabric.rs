//! Shards that share nothing.
//!
//! What goes to a shard is bytes, and what comes back is bytes, as if it were a machine away. So a
//! shard costs what a shard costs: serialising, copying, and waiting for the slowest. How many rounds
//! there are and how many bytes travel is the reader's decision, and tests count both.
//!
//! [`Threads`] has a thread for each shard, which is the cheapest fabric that there is: no distance,
//! no loss. What sharding does not gain there, it will not gain over a network.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::sharded::Worker;

/// A round that cannot be completed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Broken {
    /// A shard is gone.
    #[error("shard {0} is gone")]
    Gone(usize),
    /// A shard could not use what it was sent.
    #[error("shard {shard} refused its request: {why}")]
    Refused {
        /// Which shard.
        shard: usize,
        /// Its reason.
        why: String,
    },
    /// There is not one request for each shard.
    #[error("{requests} requests for {shards} shards: each takes one a round")]
    Requests {
        /// How many there were.
        requests: usize,
        /// How many shards there are.
        shards: usize,
    },
}

// ANCHOR: fabric
/// Some shards, numbered from 0.
pub trait Fabric {
    /// How many there are.
    fn shards(&self) -> usize;

    /// Sends each shard its request, and waits for all answers: request 0 goes to shard 0, whose
    /// answer is answer 0. This is one crossing to each shard and one back.
    ///
    /// # Errors
    /// [`Broken`] if an answer is missing; there are no others then.
    fn round(&mut self, requests: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Broken>;
}
// ANCHOR_END: fabric

/// A thread for each shard, which lives as long as the fabric does.
pub struct Threads {
    shards: Vec<Shard>,
}

struct Shard {
    requests: Option<Sender<Vec<u8>>>,
    answers: Receiver<Result<Vec<u8>, String>>,
    thread: Option<JoinHandle<()>>,
}

impl Threads {
    /// Starts this many; `before` runs first on each new thread, with its shard's number.
    pub fn start(shards: usize, before: impl Fn(usize) + Clone + Send + 'static) -> Self {
        let shards = (0..shards)
            .map(|shard| {
                let before = before.clone();
                let (requests, inbox) = mpsc::channel::<Vec<u8>>();
                let (outbox, answers) = mpsc::channel();
                let thread = thread::spawn(move || {
                    before(shard);
                    let mut worker = Worker::new();
                    for request in inbox {
                        let answer = worker.handle(&request).map_err(|why| why.to_string());
                        if outbox.send(answer).is_err() {
                            break;
                        }
                    }
                });
                Shard {
                    requests: Some(requests),
                    answers,
                    thread: Some(thread),
                }
            })
            .collect();
        Self { shards }
    }
}

impl Fabric for Threads {
    fn shards(&self) -> usize {
        self.shards.len()
    }

    fn round(&mut self, requests: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Broken> {
        if requests.len() != self.shards.len() {
            return Err(Broken::Requests {
                requests: requests.len(),
                shards: self.shards.len(),
            });
        }
        for (at, (shard, request)) in self.shards.iter().zip(requests).enumerate() {
            let sent = shard.requests.as_ref().map(|to| to.send(request));
            if !matches!(sent, Some(Ok(()))) {
                return Err(Broken::Gone(at));
            }
        }
        // Every answer is taken, so that none is left for the next round to mistake for its own.
        let answers: Vec<_> = self
            .shards
            .iter()
            .enumerate()
            .map(|(at, shard)| match shard.answers.recv() {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(why)) => Err(Broken::Refused { shard: at, why }),
                Err(_) => Err(Broken::Gone(at)),
            })
            .collect();
        answers.into_iter().collect()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for shard in &mut self.shards {
            // A thread ends once nobody can ask it any more.
            shard.requests = None;
            if let Some(thread) = shard.thread.take() {
                // If it ended by a panic, the panic's message has been printed.
                let _ = thread.join();
            }
        }
    }
}
