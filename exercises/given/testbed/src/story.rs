//! Running a test so that its failure is a short story.
//!
//! Three things make a concurrent test a bad teacher: it hangs, it spins, or it fails far from the
//! cause, because the panic that matters happened in a task that nobody awaits. [`story`] turns each
//! into a message:
//!
//! - a **deadlock**: time is virtual, and jumps ahead once no task can move. A test that is not done
//!   after a virtual day never will be, and fails at once.
//! - a **spin** never lets time jump. So the test runs on a thread of its own, and a generous limit on
//!   the time in which it could run reports it. The thread is left behind; the other tests keep their
//!   verdicts.
//! - a **panic in a task** is kept, and reported first.
//!
//! The rejected alternative for spins, a child process for each test, gives stronger isolation but
//! makes output, debuggers and single runs awkward.

use crate::cases::{for_all, widening};
use ::story::live_within;
use proptest::strategy::Strategy;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

pub use ::story::{live_or, note, scene};

/// How long [`soon`] waits in virtual time. No delay in any test comes near it.
const SOON: Duration = Duration::from_secs(60 * 60);

/// How long a whole test may take in virtual time.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a whole test may take in real time, without its waits for a CPU: about ten times what the
/// slowest correct design took on a busy machine, so only a spin reaches it. A larger search gets more
/// time.
const SPIN_LIMIT: Duration = Duration::from_secs(30);

/// Awaits something that must happen without outside help, and fails the test with `what` if nothing can
/// run any more and it has not happened.
///
/// # Panics
/// When `what` did not happen within a virtual hour, or a task panicked meanwhile.
pub async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    match tokio::time::timeout(SOON, happens).await {
        Ok(value) => value,
        Err(_) => panic!("Waited in vain for {what}: every task is waiting and none can move."),
    }
}

/// Waits until nothing can run any more without outside help.
///
/// Time is virtual, so a sleep ends only when every task waits.
pub async fn idle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Runs a test's body on a paused clock and turns every failure into a message.
///
/// # Panics
/// When the body panics, deadlocks or spins; the report is on stdout, where the test harness
/// collects it.
pub fn story<Body, Running>(body: Body)
where
    Body: FnOnce() -> Running + Send + 'static,
    Running: Future<Output = ()>,
{
    tell(|| virtually(body()));
}

/// Runs a test's body in real time, for what virtual time cannot control: threads and processes. A
/// failure is reported as in a [`story`]; the limit for spins finds a deadlock.
///
/// # Panics
/// When the body panics or does not end; the report is on stdout.
pub fn live(body: impl FnOnce() + Send + 'static) {
    tell(body);
}

/// Runs a property as a story for each generated case: see [`for_all`].
///
/// # Panics
/// When the property fails; the report is of the smallest failing case.
pub fn stories<Cases, Running>(
    cases: Cases,
    property: impl Fn(Cases::Value) -> Running + Send + 'static,
) where
    Cases: Strategy + Send + 'static,
    Cases::Value: Clone + Debug,
    Running: Future<Output = ()>,
{
    tell(move || for_all(&cases, |case| virtually(property(case))));
}

/// Runs `body` on a thread of its own, and reports its result.
fn tell(body: impl FnOnce() + Send + 'static) {
    live_within(SPIN_LIMIT.saturating_mul(widening()), body);
}

fn virtually(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime with only a time driver");
    runtime.block_on(async {
        if tokio::time::timeout(A_DAY, body).await.is_err() {
            panic!("Nothing can run any more: every task waits for another one.");
        }
    });
}
