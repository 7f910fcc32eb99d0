//! Scoring over shards: counts cross as the pairs that occur, everything byte by byte.

use std::ops::Range;

use crate::fabric::{Broken, Fabric};
use crate::history::{History, Lesson, MAX_LESSONS};
use crate::scoring::{Recommended, Scored, Together};
use crate::wire::{Reader, Writer};

/// As the lab says.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unscored {
    /// There is no shard to do the work.
    #[error("there are no shards: score on one thread, which needs none")]
    NoShards,
    /// A shard did not answer.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A shard answered with something that cannot be an answer.
    #[error("shard {0} answered with something that is not an answer to what it was asked")]
    NoAnswer(usize),
}

/// As the lab says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not a request that I can answer now")]
pub struct Refused;

const COUNT: u8 = b'c';
const SCORE: u8 = b's';

/// As the lab says. A learner belongs to the part in which its first completion would lie if all of
/// them were cut into equal pieces.
pub fn split(history: &History, parts: usize) -> Vec<Range<usize>> {
    let learners = history.learners().len();
    let mut starts = Vec::with_capacity(parts + 1);
    let mut before = 0;
    for at in 0..learners {
        let part = (before * parts)
            .checked_div(history.completions())
            .unwrap_or(0);
        // Those who completed nothing and come last would lie behind the last part.
        while starts.len() <= part.min(parts.saturating_sub(1)) {
            starts.push(at);
        }
        before += history.width(at);
    }
    starts.resize(parts + 1, learners);
    starts.windows(2).map(|ends| ends[0]..ends[1]).collect()
}

/// As the lab says.
///
/// # Errors
/// As the lab says.
pub fn recommend(
    history: &History,
    top: usize,
    shards: &mut impl Fabric,
) -> Result<Vec<Recommended>, Unscored> {
    if shards.shards() == 0 {
        return Err(Unscored::NoShards);
    }
    let parts = split(history, shards.shards());
    let lessons = history.lessons().len();

    let requests = parts.iter().map(|part| {
        let mut request = Writer::default();
        request.byte(COUNT).size(lessons).size(part.len());
        for at in part.clone() {
            let row = history.completed(at);
            request.size(row.len());
            for &lesson in row {
                request.short(lesson);
            }
        }
        request.done()
    });
    let mut together = Together::default();
    for (shard, answer) in shards.round(requests.collect())?.iter().enumerate() {
        let mut answer = Reader(answer);
        let pairs = pairs(&mut answer, lessons).filter(|_| answer.end().is_some());
        for (first, second, count) in pairs.ok_or(Unscored::NoAnswer(shard))? {
            let added = together.add(first, second, count);
            added.ok_or(Unscored::NoAnswer(shard))?;
        }
    }

    let mut request = Writer::default();
    request.byte(SCORE).size(top);
    write_pairs(&mut request, &together.pairs());
    let requests = vec![request.done(); parts.len()];
    let mut all = Vec::new();
    for (shard, answer) in shards.round(requests)?.iter().enumerate() {
        let rows = answered(history, answer, top);
        let rows = rows.filter(|rows| rows.len() == parts[shard].len());
        for (at, lessons) in parts[shard]
            .clone()
            .zip(rows.ok_or(Unscored::NoAnswer(shard))?)
        {
            let learner = history.learners()[at];
            all.push(Recommended { learner, lessons });
        }
    }
    Ok(all)
}

/// What a shard answered to the second request, if it can be that.
fn answered(history: &History, answer: &[u8], top: usize) -> Option<Vec<Vec<Scored>>> {
    let mut answer = Reader(answer);
    let rows = answer.many(|row| {
        row.many(|scored| {
            let lesson = *history.lessons().get(usize::from(scored.short()?))?;
            let score = scored.long()?;
            Some(Scored { lesson, score })
        })
    })?;
    answer.end()?;
    rows.iter().all(|row| row.len() <= top).then_some(rows)
}

fn write_pairs(to: &mut Writer, pairs: &[(Lesson, Lesson, u32)]) {
    to.size(pairs.len());
    for &(first, second, count) in pairs {
        to.short(first).short(second).int(count);
    }
}

/// Pairs of so many lessons, each once and in order.
fn pairs(from: &mut Reader<'_>, lessons: usize) -> Option<Vec<(Lesson, Lesson, u32)>> {
    let pairs = from.many(|pair| {
        let (first, second) = (pair.short()?, pair.short()?);
        let count = pair.int()?;
        let known = first <= second && usize::from(second) < lessons;
        known.then_some((first, second, count))
    })?;
    let rise = pairs.is_sorted_by(|one, next| (one.0, one.1) < (next.0, next.1));
    rise.then_some(pairs)
}

/// What a shard does.
#[derive(Default)]
pub struct Worker(Option<Rows>);

struct Rows {
    lessons: usize,
    rows: Vec<Vec<Lesson>>,
}

impl Worker {
    /// A worker that has not been asked anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers one request.
    ///
    /// # Errors
    /// As the lab says.
    pub fn handle(&mut self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut request = Reader(request);
        let answer = match request.byte() {
            Some(COUNT) => self.count(request),
            Some(SCORE) => self.score(request),
            _ => None,
        };
        answer.ok_or(Refused)
    }

    fn count(&mut self, mut request: Reader<'_>) -> Option<Vec<u8>> {
        let lessons = usize::try_from(request.long()?).ok()?;
        let rows = request.many(|row| {
            let row = row.many(Reader::short)?;
            let rises = row.is_sorted_by(|one, next| one < next);
            let known = row.last().is_none_or(|&last| usize::from(last) < lessons);
            (rises && known).then_some(row)
        })?;
        request.end()?;
        if lessons > MAX_LESSONS {
            return None;
        }
        let mut answer = Writer::default();
        write_pairs(&mut answer, &Together::of(&rows).pairs());
        self.0 = Some(Rows { lessons, rows });
        Some(answer.done())
    }

    fn score(&self, mut request: Reader<'_>) -> Option<Vec<u8>> {
        let Rows { lessons, rows } = self.0.as_ref()?;
        let top = usize::try_from(request.long()?).ok()?;
        let mut together = Together::default();
        for (first, second, count) in pairs(&mut request, *lessons)? {
            together.add(first, second, count)?;
        }
        request.end()?;
        let mut answer = Writer::default();
        answer.size(rows.len());
        for row in rows {
            let best = together.best(row, top);
            answer.size(best.len());
            for (lesson, score) in best {
                answer.short(lesson).long(score);
            }
        }
        Some(answer.done())
    }
}
