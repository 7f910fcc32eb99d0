//! Waiting for a test, with a limit that a busy machine doesn't use up.
//!
//! No clock decides a grade, with one exception: a loop that never waits is recognised only by the time
//! that it takes. So only the time in which the test *could* run counts. Linux reports for each thread
//! how long it was ready but had no CPU, and the longest of these waits is added to the limit. Elsewhere
//! nothing is added, and the limit has to be generous by itself.

use std::collections::HashMap;
use std::fs;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the wait checks.
const STEP: Duration = Duration::from_secs(1);

/// After this many times the limit the wait ends, however little the test could run: there has to be a
/// grade.
const AT_MOST: u32 = 10;

/// Receives from `finished`, unless that takes longer than `limit`, not counting the time in which the
/// machine kept this process waiting.
///
/// # Errors
/// As for [`Receiver::recv_timeout`].
pub(crate) fn wait<T>(finished: &Receiver<T>, limit: Duration) -> Result<T, RecvTimeoutError> {
    let began = Instant::now();
    let before = waits_for_cpu();
    loop {
        match finished.recv_timeout(STEP.min(limit)) {
            Err(RecvTimeoutError::Timeout) => {}
            ended => return ended,
        }
        let elapsed = began.elapsed();
        let granted = limit.saturating_add(longest_since(&before, &waits_for_cpu()));
        if elapsed >= granted.min(limit.saturating_mul(AT_MOST)) {
            return Err(RecvTimeoutError::Timeout);
        }
    }
}

/// By the thread's id: how long it was ready to run but had no CPU. Empty if that is unknown.
fn waits_for_cpu() -> HashMap<u32, Duration> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return HashMap::new();
    };
    let waits = threads.flatten().filter_map(|thread| {
        let id = thread.file_name().to_str()?.parse().ok()?;
        // A thread may end meanwhile. "Time on the CPU, time ready for one", in nanoseconds.
        let said = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let ready = said.split_whitespace().nth(1)?.parse().ok()?;
        Some((id, Duration::from_nanos(ready)))
    });
    waits.collect()
}

/// The longest that a single thread has waited since `before`.
fn longest_since(before: &HashMap<u32, Duration>, now: &HashMap<u32, Duration>) -> Duration {
    let waited = now.iter().map(|(thread, waited)| {
        let before = before.get(thread).copied().unwrap_or_default();
        waited.saturating_sub(before)
    });
    waited.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{longest_since, wait};
    use std::collections::HashMap;
    use std::sync::mpsc::{self, RecvTimeoutError};
    use std::time::Duration;

    #[test]
    fn what_has_finished_is_received_and_what_never_will_is_given_up() {
        let (done, finished) = mpsc::channel();
        done.send(7).unwrap();
        assert_eq!(wait(&finished, Duration::ZERO), Ok(7));
        assert_eq!(
            wait(&finished, Duration::from_millis(1)),
            Err(RecvTimeoutError::Timeout)
        );
        drop(done);
        assert_eq!(
            wait(&finished, Duration::from_secs(3600)),
            Err(RecvTimeoutError::Disconnected)
        );
    }

    #[test]
    fn the_thread_that_waited_longest_counts_and_what_it_waited_before_does_not() {
        let s = Duration::from_secs;
        let before = HashMap::from([(1, s(100)), (2, s(5)), (3, s(50))]);
        let now = HashMap::from([(1, s(101)), (2, s(9)), (4, s(3))]);
        assert_eq!(longest_since(&before, &now), s(4));
        assert_eq!(longest_since(&HashMap::new(), &HashMap::new()), s(0));
    }
}
