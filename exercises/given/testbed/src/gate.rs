//! A place where code under test stops until the test lets it continue.
//!
//! Races are not provoked by luck here: a test holds one side at the gate, lets the other side act, and
//! opens it.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// A gate that is closed at first. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Waits until the gate lets the caller pass.
    pub async fn pass(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }

    /// Lets one caller pass, now or when it arrives.
    pub fn let_one_pass(&self) {
        self.0.add_permits(1);
    }

    /// Lets every caller pass from now on.
    pub fn open(&self) {
        self.0.close();
    }
}
