//! The work, on one thread and on shards, and a fabric that counts what crosses.

use std::hint::black_box;

use domain::{LearnerId, LessonId};
use ladder::child::{Probe, Seat};
use ladder::{cpus, zipf};
use placement::fabric::{Broken, Fabric, Threads};
use placement::history::History;
use placement::{scoring, sharded};

/// How many learners are scored in a run.
pub const LEARNERS: u32 = 20_000;

/// How many lessons they chose from.
const LESSONS: u64 = 300;

/// How uneven their choices are: the usual figure for what people read.
const SKEW: f64 = 0.99;

/// How many choices a learner makes, lowest and highest. Some fall on the same lesson, so that a
/// learner completed about 20 different ones.
const CHOICES: [usize; 2] = [8, 52];

/// How many lessons are recommended to each.
const TOP: usize = 5;

/// How many learners both are tried on before they are timed.
const TRIED: u32 = 200;

/// A sample is one run on one thread.
pub fn one_thread(_: &Seat) -> Result<Probe, String> {
    // As the shards are: on a CPU of its own it would wait for whatever else runs there.
    cpus::unpin()?;
    black_box(scoring::recommend(&history(TRIED)?, TOP));
    let history = history(LEARNERS)?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            slice.time(|| black_box(scoring::recommend(&history, TOP)));
        }
        Ok(slice)
    }))
}

/// A sample is one run on `SHARDS` shards.
pub fn shards<const SHARDS: usize>(_: &Seat) -> Result<Probe, String> {
    on_shards(SHARDS)
}

/// The same on as many as the place on the curve says.
pub fn many_shards(seat: &Seat) -> Result<Probe, String> {
    on_shards(usize::try_from(seat.at).map_err(|error| error.to_string())?)
}

fn on_shards(shards: usize) -> Result<Probe, String> {
    // Shards on one CPU would only take turns.
    cpus::unpin()?;
    let mut shards = Counted::new(Threads::start(shards, |_| ()));
    let few = history(TRIED)?;
    let tried = sharded::recommend(&few, TOP, &mut shards).map_err(|error| error.to_string())?;
    if tried != scoring::recommend(&few, TOP) {
        return Err("the shards' answer is not that of one thread".to_owned());
    }
    let history = history(LEARNERS)?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            shards.forget();
            let run = slice.time(|| sharded::recommend(&history, TOP, &mut shards));
            black_box(run).map_err(|error| error.to_string())?;
            slice.count("runs", 1);
            slice.count("rounds", shards.rounds);
            slice.count("bytes sent", shards.sent);
            slice.count("bytes answered", shards.answered);
        }
        Ok(slice)
    }))
}

/// The same in every process and every run, and it takes no part in any sample.
fn history(learners: u32) -> Result<History, String> {
    let [least, most] = CHOICES;
    let mut choices = zipf::draw(LESSONS, SKEW, most * learners as usize, 1).into_iter();
    // As many of a width as of any other, and neighbours of different ones.
    let widths = (least..=most).cycle().step_by(7);
    let rows = (0..learners).zip(widths).map(|(learner, width)| {
        let row = choices.by_ref().take(width).map(LessonId).collect();
        (LearnerId(learner.into()), row)
    });
    History::new(rows).map_err(|error| error.to_string())
}

/// Threads, with what crosses to them counted.
struct Counted {
    threads: Threads,
    rounds: u64,
    sent: u64,
    answered: u64,
}

impl Counted {
    const fn new(threads: Threads) -> Self {
        Self {
            threads,
            rounds: 0,
            sent: 0,
            answered: 0,
        }
    }

    fn forget(&mut self) {
        (self.rounds, self.sent, self.answered) = (0, 0, 0);
    }
}

impl Fabric for Counted {
    fn shards(&self) -> usize {
        self.threads.shards()
    }

    fn round(&mut self, requests: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Broken> {
        self.rounds += 1;
        self.sent += bytes(&requests);
        let answers = self.threads.round(requests)?;
        self.answered += bytes(&answers);
        Ok(answers)
    }
}

fn bytes(messages: &[Vec<u8>]) -> u64 {
    messages.iter().map(|message| message.len() as u64).sum()
}
