//! Searching for the shortest sequence of events that breaks a property.
//!
//! The schedules are the same in every run, so that a grade is too. `TESTBED_SEED=7` picks others, and
//! `TESTBED_CASES=10000` more of them. A schedule that fails is shrunk before it is reported: events are
//! left out, many at first and one at a time at the end, while what remains still fails.

use crate::telling::{forget, note};
use std::any::Any;
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};

/// The random choices of a schedule: a small generator (`SplitMix64`), the same everywhere.
#[derive(Clone, Debug)]
pub struct Picks(u64);

impl Picks {
    /// Choices that depend only on `seed`.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % end
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these. There is at least one.
    pub fn one_of<T: Clone>(&mut self, these: &[T]) -> T {
        let at = self.below(these.len() as u64);
        these[usize::try_from(at).expect("an index")].clone()
    }
}

/// Runs `property` on `cases` schedules of `length` events each. A property fails by panicking.
///
/// # Panics
/// As the property does on the shortest failing schedule that was found, which is the last one to run.
pub fn search<E: Clone + Debug>(
    cases: u64,
    length: usize,
    event: impl Fn(&mut Picks) -> E,
    property: impl Fn(&[E]),
) {
    let seed = number_from("TESTBED_SEED").unwrap_or(1);
    let cases = number_from("TESTBED_CASES").unwrap_or(cases);
    for case in 0..cases {
        let mut picks = Picks::seeded(seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ (case << 20));
        let schedule: Vec<E> = (0..length).map(|_| event(&mut picks)).collect();
        let Some(payload) = failure(&schedule, &property) else {
            continue;
        };
        if is_todo(&*payload) {
            panic::resume_unwind(payload);
        }
        let shortest = shrink(schedule, |fewer| failure(fewer, &property).is_some());
        forget();
        note(format!(
            "the shortest schedule that goes wrong has {} events (TESTBED_SEED={seed}, case {case})",
            shortest.len()
        ));
        property(&shortest);
        panic!("The schedule failed in the search, but passed when it was run again: {shortest:?}");
    }
}

/// A number from the environment.
pub fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Leaves out what is not needed for `fails`, in smaller and smaller parts.
fn shrink<E: Clone>(mut schedule: Vec<E>, fails: impl Fn(&[E]) -> bool) -> Vec<E> {
    let mut part = schedule.len().div_ceil(2);
    while part > 0 {
        let before = schedule.len();
        let mut at = 0;
        while at < schedule.len() {
            let end = (at + part).min(schedule.len());
            let mut fewer = schedule.clone();
            fewer.drain(at..end);
            if fails(&fewer) {
                schedule = fewer;
            } else {
                at = end;
            }
        }
        // A single event that had to stay before may now be left out.
        if part > 1 || schedule.len() == before {
            part /= 2;
        }
    }
    schedule
}

fn failure<E>(schedule: &[E], property: &impl Fn(&[E])) -> Option<Box<dyn Any + Send>> {
    forget();
    panic::catch_unwind(AssertUnwindSafe(|| property(schedule))).err()
}

fn is_todo(payload: &(dyn Any + Send)) -> bool {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.is_some_and(|text| text.starts_with("not yet implemented"))
}

#[cfg(test)]
mod tests {
    use super::{Picks, search, shrink};
    use std::cell::RefCell;
    use std::panic;

    #[test]
    fn what_is_not_needed_is_left_out() {
        let fails = |numbers: &[u64]| numbers.contains(&7) && numbers.contains(&70);
        assert_eq!(shrink((0..100).collect(), fails), [7, 70]);
        assert_eq!(shrink(vec![1, 2, 3], |_| true), Vec::<u64>::new());
    }

    #[test]
    fn the_same_seed_makes_the_same_choices() {
        let mut picks = Picks::seeded(3);
        let first: Vec<u64> = (0..200).map(|_| picks.below(5)).collect();
        let mut picks = Picks::seeded(3);
        let again: Vec<u64> = (0..200).map(|_| picks.below(5)).collect();
        assert_eq!(first, again);
        assert!((0..5).all(|number| first.contains(&number)));
    }

    #[test]
    fn the_last_schedule_that_runs_is_the_shortest_that_fails() {
        let last = RefCell::new(Vec::new());
        let found = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            search(
                50,
                30,
                |picks| picks.below(10),
                |numbers| {
                    *last.borrow_mut() = numbers.to_vec();
                    assert!(!numbers.contains(&4));
                },
            );
        }));
        assert!(found.is_err());
        assert_eq!(*last.borrow(), [4]);
    }
}
