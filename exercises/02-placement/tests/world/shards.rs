//! Shards that count what crosses, and faults on the way.

use super::unharmed;
use placement::fabric::{Broken, Fabric};
use placement::history::History;
use placement::scoring::Recommended;
use placement::sharded::{self, Unscored, Worker};
use std::cell::RefCell;
use std::rc::Rc;

/// What happens to an answer on its way back; called with the round, from 0, and the shard.
type OnTheWay = Box<dyn FnMut(usize, usize, Vec<u8>) -> Result<Vec<u8>, Broken>>;

/// Shards in this thread, which count what crosses.
pub struct Counting {
    workers: Vec<Worker>,
    on_the_way: OnTheWay,
    /// Each round's requests, since the last [`Counting::disturb`].
    pub sent: Vec<Vec<Vec<u8>>>,
    /// How many answers were changed or lost; a test of faults fails if there were none.
    pub struck: usize,
    /// A shard that starts anew, without memory, before this round's request reaches it.
    restarts: Option<(usize, usize)>,
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
            restarts: None,
        }
    }

    /// Shards of which one gives this answer in that round, in place of its own.
    pub fn swapped(shards: usize, round: usize, shard: usize, other: Vec<u8>) -> Self {
        Self::with(shards, move |now, here, answer| {
            let swapped = (now, here) == (round, shard);
            Ok(if swapped { other.clone() } else { answer })
        })
    }

    /// The same shards for another night, on which this happens to the answers.
    pub fn disturb(
        &mut self,
        on_the_way: impl FnMut(usize, usize, Vec<u8>) -> Result<Vec<u8>, Broken> + 'static,
    ) {
        self.on_the_way = Box::new(on_the_way);
        self.sent.clear();
        self.struck = 0;
        self.restarts = None;
    }

    /// Lets this shard start anew before that round.
    pub fn restart(&mut self, round: usize, shard: usize) {
        self.restarts = Some((round, shard));
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
        if let Some((_, shard)) = self.restarts.filter(|(at, _)| *at == round) {
            self.workers[shard] = Worker::new();
            self.struck += 1;
        }
        let mut answers = Vec::new();
        for (shard, (worker, request)) in self.workers.iter_mut().zip(&requests).enumerate() {
            let answer = worker.handle(request).map_err(|why| Broken::Refused {
                shard,
                why: why.to_string(),
            });
            let arrived = answer.and_then(|answer| {
                let before = answer.clone();
                let arrived = (self.on_the_way)(round, shard, answer);
                self.struck += usize::from(arrived.as_ref() != Ok(&before));
                arrived
            });
            answers.push(arrived);
        }
        answers.into_iter().collect()
    }
}

/// The reader's shards, which have to return.
pub fn on_shards(
    history: &History,
    top: usize,
    shards: &mut impl Fabric,
) -> Result<Vec<Recommended>, Unscored> {
    let what = format!(
        "Scoring {} learners on {} shards",
        history.learners().len(),
        shards.shards()
    );
    unharmed(&what, || sharded::recommend(history, top, shards))
}

/// What so many shards answer in one of the rounds, if nothing goes wrong.
pub fn answers(history: &History, shards: usize, round: usize) -> Vec<Vec<u8>> {
    let kept = Rc::new(RefCell::new(Vec::new()));
    let keep = Rc::clone(&kept);
    let mut counting = Counting::with(shards, move |now, _, answer: Vec<u8>| {
        if now == round {
            keep.borrow_mut().push(answer.clone());
        }
        Ok(answer)
    });
    on_shards(history, 3, &mut counting)
        .expect("No shard is lost here, so `recommend` and `handle` disagree about a message");
    kept.take()
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
