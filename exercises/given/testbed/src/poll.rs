//! Polling by hand, like a caller that checks once and then does something else.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls a future once. Nothing is woken when it could continue.
///
/// A test may do it as often as it likes without waiting in between: polling by hand does not use
/// tokio's budget, after which everything is pending for a task that never waits.
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
