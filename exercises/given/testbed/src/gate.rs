//! A place where code under test stops until the test lets it go on.
//!
//! Races are not provoked by luck here: a test holds one side at the gate, lets the other do what
//! it wants to see, and opens.

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

    /// Waits until the gate lets this one pass.
    pub async fn pass(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }

    /// Lets one pass, now or when it comes.
    pub fn let_one_pass(&self) {
        self.0.add_permits(1);
    }

    /// Lets everyone pass from now on.
    pub fn open(&self) {
        self.0.close();
    }
}
