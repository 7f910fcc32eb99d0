//! Polling by hand, as a caller does that looks once and then has something else to do.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls a future once. Nobody is woken when it could go on.
///
/// It may be done as often as a test likes without waiting in between: what is polled by hand has no part in
/// the budget after which tokio has a task that never waits find everything pending.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let unbounded = std::pin::pin!(tokio::task::unconstrained(future));
    unbounded.poll(&mut Context::from_waker(Waker::noop()))
}

#[cfg(test)]
mod tests {
    use super::poll_once;
    use crate::{Gate, story};
    use std::pin::pin;

    /// A test that polls by hand a thousand times, and never waits itself, does not find everything pending.
    #[test]
    fn a_test_may_poll_as_often_as_it_likes() {
        story(|| async {
            let gate = Gate::closed();
            for _ in 0..1_000 {
                gate.let_one_pass();
                assert!(poll_once(pin!(gate.pass())).is_ready());
            }
        });
    }
}
