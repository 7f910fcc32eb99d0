//! Running a property on generated cases.
//!
//! The cases are the same in every run, so that a grade is too: what passes today passes tomorrow.
//! `TESTBED_SEED=7` picks others, and `TESTBED_CASES=10000` more of them. A failing case is shrunk to
//! a small one before it is reported.

use ::story::note;
use ::story::schedules::number_from;
use ::story::telling::forget;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};

/// Enough to find every mistake that a lab has on record, and quick enough to run at each save.
const CASES: u32 = 128;

/// Runs `property` on generated cases. A property fails by panicking.
///
/// # Panics
/// As the property does in the smallest failing case that shrinking found, which is the last one to run.
pub fn for_all<S>(strategy: &S, property: impl Fn(S::Value))
where
    S: Strategy,
    S::Value: Clone + Debug,
{
    let seed = number_from("TESTBED_SEED").unwrap_or(1);
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let found = runner.run(strategy, |case| {
        forget();
        panic::catch_unwind(AssertUnwindSafe(|| property(case)))
            .map_err(|_| TestCaseError::fail("the property panicked"))
    });
    match found {
        Ok(()) => {}
        Err(TestError::Fail(_, case)) => {
            forget();
            note(format!(
                "the smallest failing case is {case:?} (TESTBED_SEED={seed})"
            ));
            property(case);
            panic!("The case failed in the search, but passed when it was run again.");
        }
        Err(TestError::Abort(why)) => panic!("No cases could be generated: {why}"),
    }
}

/// How many cases are tried.
fn cases() -> u32 {
    number_from("TESTBED_CASES")
        .and_then(|cases| u32::try_from(cases).ok())
        .unwrap_or(CASES)
}

/// How many times as large as the usual search this one is; at least once.
pub(crate) fn widening() -> u32 {
    cases().div_ceil(CASES).max(1)
}
