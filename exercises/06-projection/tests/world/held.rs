//! Something that runs until it has to wait, and continues when the test says so.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use testbed::{poll_once, soon};

/// When a slow operation has its effect: before the wait, or after it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Slow {
    /// Without a wait.
    #[default]
    Not,
    /// At once, and then the answer waits.
    Answer,
    /// After the wait, and then it is answered.
    Question,
}

impl Slow {
    pub async fn before(self) {
        if self == Self::Question {
            once_around().await;
        }
    }

    pub async fn after(self) {
        if self == Self::Answer {
            once_around().await;
        }
    }
}

/// Waits until it is polled again.
async fn once_around() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A future that was started, and may have ended.
pub struct Held<T> {
    what: String,
    future: Pin<Box<dyn Future<Output = T>>>,
    ended: Option<T>,
}

impl<T> Held<T> {
    /// Starts it, and lets it run as far as it can.
    pub fn begin(what: &str, future: impl Future<Output = T> + 'static) -> Self {
        let mut held = Self {
            what: what.to_owned(),
            future: Box::pin(future),
            ended: None,
        };
        testbed::note(format!("{what} begins"));
        held.go_on();
        held
    }

    /// Lets it run as far as it can. Returns whether it has ended.
    pub fn go_on(&mut self) -> bool {
        if self.ended.is_none()
            && let Poll::Ready(value) = poll_once(Pin::new(&mut self.future))
        {
            testbed::note(format!("{} ends", self.what));
            self.ended = Some(value);
        }
        self.ended.is_some()
    }

    pub fn is_done(&self) -> bool {
        self.ended.is_some()
    }

    /// Lets it run to its end.
    pub async fn finish(mut self) -> T {
        if !self.go_on() {
            let value = soon(&self.what, self.future.as_mut()).await;
            testbed::note(format!("{} ends", self.what));
            return value;
        }
        self.ended.expect("it has ended")
    }

    /// Drops it where it is: a caller that gave up, or a process that died.
    pub fn give_up(self) {
        testbed::note(format!("{} is dropped half-way", self.what));
    }
}

impl<T, E: Debug> Held<Result<T, E>> {
    /// Lets it run to its end, which must not be an error.
    pub async fn succeed(self) -> T {
        let what = self.what.clone();
        match self.finish().await {
            Ok(value) => value,
            Err(error) => panic!("{what} ended with an error: {error:?}"),
        }
    }
}
