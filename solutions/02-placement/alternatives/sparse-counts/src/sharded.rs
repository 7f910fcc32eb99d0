//! Scoring over shards: rows in one vector, counts as sorted pairs that are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::fabric::{Broken, Fabric};
use crate::history::{History, Lesson, MAX_LESSONS};
use crate::scoring::{Pair, Recommended, Scored, Table, count};

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

#[derive(Serialize, Deserialize)]
enum Request {
    Count(Rows),
    Score { pairs: Vec<Pair>, top: usize },
}

/// Rows, one after the other.
#[derive(Default, Serialize, Deserialize)]
struct Rows {
    lessons: usize,
    widths: Vec<usize>,
    completed: Vec<Lesson>,
}

impl Rows {
    /// Each row; `None` if widths and completions do not match, or a row is none.
    fn each(&self) -> Option<Vec<&[Lesson]>> {
        let mut rest = &self.completed[..];
        let mut rows = Vec::new();
        for &width in &self.widths {
            let (row, others) = rest.split_at_checked(width)?;
            let known = row.iter().all(|&lesson| usize::from(lesson) < self.lessons);
            if !known || !row.is_sorted_by(|one, next| one < next) {
                return None;
            }
            rows.push(row);
            rest = others;
        }
        (rest.is_empty() && self.lessons <= MAX_LESSONS).then_some(rows)
    }
}

/// As the lab says. Each part takes learners until it has its share of what the parts before it left.
pub fn split(history: &History, parts: usize) -> Vec<Range<usize>> {
    let (mut at, mut left) = (0, history.completions());
    let mut ranges = Vec::with_capacity(parts);
    for parts_left in (1..=parts).rev() {
        let (start, mut taken) = (at, 0);
        while at < history.learners().len() && (parts_left == 1 || taken * parts_left < left) {
            taken += history.width(at);
            at += 1;
        }
        left -= taken;
        ranges.push(start..at);
    }
    ranges
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
    let lessons = history.lessons().len();
    let parts = split(history, shards.shards());
    let first = parts.iter().map(|part| {
        let mut rows = Rows {
            lessons,
            ..Rows::default()
        };
        for row in part.clone().map(|at| history.completed(at)) {
            rows.widths.push(row.len());
            rows.completed.extend(row);
        }
        bytes(&Request::Count(rows))
    });
    let mut counted = Vec::new();
    for (shard, answer) in shards.round(first.collect())?.iter().enumerate() {
        let pairs = read(answer).filter(|pairs: &Vec<Pair>| are_pairs(lessons, pairs));
        counted.push(pairs.ok_or(Unscored::NoAnswer(shard))?);
    }
    let pairs = merge(&counted).map_err(Unscored::NoAnswer)?;

    let second = vec![bytes(&Request::Score { pairs, top }); parts.len()];
    let mut all = Vec::new();
    for (shard, answer) in shards.round(second)?.iter().enumerate() {
        let best: Option<Vec<Vec<(Lesson, u64)>>> = read(answer);
        let best = best.filter(|best| best.len() == parts[shard].len());
        for (row, &learner) in best
            .ok_or(Unscored::NoAnswer(shard))?
            .into_iter()
            .zip(&history.learners()[parts[shard].clone()])
        {
            let scored = row.into_iter().map(|(lesson, score)| {
                let lesson = history.lessons().get(usize::from(lesson)).copied();
                lesson.map(|lesson| Scored { lesson, score })
            });
            let lessons = scored
                .collect::<Option<_>>()
                .ok_or(Unscored::NoAnswer(shard))?;
            all.push(Recommended { learner, lessons });
        }
    }
    Ok(all)
}

/// Merges what rises into one that rises; the number of whose count goes too far if one does.
fn merge(counted: &[Vec<Pair>]) -> Result<Vec<Pair>, usize> {
    let mut merged: Vec<Pair> = Vec::new();
    let mut rest: Vec<_> = counted.iter().map(|pairs| pairs.iter()).collect();
    let mut heads = BinaryHeap::new();
    for (shard, pairs) in rest.iter_mut().enumerate() {
        heads.extend(
            pairs
                .next()
                .map(|&(pair, count)| Reverse((pair, shard, count))),
        );
    }
    while let Some(Reverse((pair, shard, count))) = heads.pop() {
        match merged.last_mut() {
            Some((last, sum)) if *last == pair => *sum = sum.checked_add(count).ok_or(shard)?,
            _ => merged.push((pair, count)),
        }
        heads.extend(
            rest[shard]
                .next()
                .map(|&(pair, count)| Reverse((pair, shard, count))),
        );
    }
    Ok(merged)
}

fn are_pairs(lessons: usize, pairs: &[Pair]) -> bool {
    pairs.is_sorted_by(|one, next| one.0 < next.0)
        && pairs
            .iter()
            .all(|((first, second), _)| first <= second && usize::from(*second) < lessons)
}

/// What a shard does.
#[derive(Default)]
pub struct Worker(Option<Rows>);

impl Worker {
    /// A worker that has not been asked anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// As the lab says.
    ///
    /// # Errors
    /// As the lab says.
    pub fn handle(&mut self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        match read(request).ok_or(Refused)? {
            Request::Count(rows) => {
                let each = rows.each().ok_or(Refused)?;
                let answer = bytes(&count(rows.lessons, each.into_iter()));
                self.0 = Some(rows);
                Ok(answer)
            }
            Request::Score { pairs, top } => {
                let rows = self.0.as_ref().ok_or(Refused)?;
                if !are_pairs(rows.lessons, &pairs) {
                    return Err(Refused);
                }
                let mut table = Table::new(rows.lessons, &pairs);
                let each = rows.each().ok_or(Refused)?;
                let best: Vec<_> = each.into_iter().map(|row| table.best(row, top)).collect();
                Ok(bytes(&best))
            }
        }
    }
}

/// The whole of the bytes, or nothing.
fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (message, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(message)
}

fn bytes(message: &impl Serialize) -> Vec<u8> {
    // Numbers and vectors of them always have a form in bytes.
    postcard::to_stdvec(message).unwrap_or_default()
}
