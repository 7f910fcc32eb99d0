//! Shards that count what crosses, and what may happen to it on the way.

use placement::fabric::{Broken, Fabric};
use placement::sharded::Worker;

/// What happens to an answer on its way back: told the round, from 0, and the shard.
type OnTheWay = Box<dyn FnMut(usize, usize, Vec<u8>) -> Result<Vec<u8>, Broken>>;

/// Shards in this thread, which count what crosses.
pub struct Counting {
    workers: Vec<Worker>,
    on_the_way: OnTheWay,
    /// Each round's requests.
    pub sent: Vec<Vec<Vec<u8>>>,
    /// How many answers were damaged or lost; a test of that fails if there were none.
    pub struck: usize,
}

impl Counting {
    pub fn new(shards: usize) -> Self {
        Self::with(shards, |_, _, answer| Ok(answer))
    }

    pub fn with(
        shards: usize,
        on_the_way: impl FnMut(usize, usize, Vec<u8>) -> Result<Vec<u8>, Broken> + 'static,
    ) -> Self {
        Self {
            workers: (0..shards).map(|_| Worker::new()).collect(),
            on_the_way: Box::new(on_the_way),
            sent: Vec::new(),
            struck: 0,
        }
    }

    /// All bytes that were sent to shards.
    pub fn bytes(&self) -> usize {
        self.sent.iter().flatten().map(Vec::len).sum()
    }
}

impl Fabric for Counting {
    fn shards(&self) -> usize {
        self.workers.len()
    }

    fn round(&mut self, requests: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Broken> {
        if requests.len() != self.workers.len() {
            return Err(Broken::Requests {
                requests: requests.len(),
                shards: self.workers.len(),
            });
        }
        let round = self.sent.len();
        self.sent.push(requests.clone());
        let mut answers = Vec::new();
        for (shard, (worker, request)) in self.workers.iter_mut().zip(&requests).enumerate() {
            let answer = worker.handle(request).map_err(|why| Broken::Refused {
                shard,
                why: why.to_string(),
            })?;
            let length = answer.len();
            let arrived = (self.on_the_way)(round, shard, answer);
            if arrived
                .as_ref()
                .map_or(true, |arrived| arrived.len() != length)
            {
                self.struck += 1;
            }
            answers.push(arrived?);
        }
        Ok(answers)
    }
}

/// Puts the largest `u32` where a small number was: in the four bytes from `at`, or with seven bits to the
/// byte in place of one.
pub fn swell(bytes: &mut Vec<u8>, at: usize, fixed: bool) {
    if fixed {
        let from = at.min(bytes.len());
        let to = bytes.len().min(from + 4);
        bytes[from..to].fill(0xff);
    } else if at < bytes.len() {
        bytes.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    }
}
