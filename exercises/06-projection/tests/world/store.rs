//! The store, played by the test.

use crate::world::held::Slow;
use projection::store::{Store, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testbed::{Gate, note};

type Contents = BTreeMap<String, Vec<u8>>;

/// A store that counts, and keeps each state in which a crash could leave it. Clones are the same.
#[derive(Clone, Default)]
pub struct TestStore(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    contents: Contents,
    /// The content before the first change, before the second one, …
    before: Vec<Contents>,
    gets: usize,
    puts: usize,
    failing: Option<StoreError>,
    /// Whether a failing put is done anyway.
    happens: bool,
    unreadable: bool,
    putting: Option<Gate>,
    slow: Slow,
}

impl TestStore {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn with(contents: Contents) -> Self {
        let store = Self::default();
        store.inner().contents = contents;
        store
    }

    /// What is in it.
    pub fn contents(&self) -> Contents {
        self.inner().contents.clone()
    }

    /// Each state in which a crash could have left it, from the first to this one.
    pub fn states(&self) -> Vec<Contents> {
        let inner = self.inner();
        let mut states = inner.before.clone();
        states.push(inner.contents.clone());
        states
    }

    /// Puts something into the store by hand.
    pub fn plant(&self, name: &str, bytes: Vec<u8>) {
        self.inner().contents.insert(name.to_owned(), bytes);
    }

    /// Removes all.
    pub fn wipe(&self) {
        note("everything in the store is deleted");
        self.inner().contents.clear();
    }

    /// From now on each put fails. With `happens` it is done anyway, and only the answer is lost.
    pub fn fail_puts(&self, error: StoreError, happens: bool) {
        note(format!("from now on puts fail: {error}"));
        let mut inner = self.inner();
        inner.failing = Some(error);
        inner.happens = happens;
    }

    /// From now on nothing can be read.
    pub fn set_unreadable(&self, unreadable: bool) {
        self.inner().unreadable = unreadable;
    }

    /// From now on puts succeed.
    pub fn repair(&self) {
        note("the store works again");
        self.inner().failing = None;
        self.inner().unreadable = false;
    }

    /// From now on each call waits.
    pub fn set_slow(&self, slow: Slow) {
        self.inner().slow = slow;
    }

    /// From now on each put waits, before it is done, until it is let go.
    pub fn hold_puts(&self) -> Gate {
        let gate = Gate::closed();
        self.inner().putting = Some(gate.clone());
        gate
    }

    /// No longer holds up puts.
    pub fn stop_holding(&self) {
        if let Some(gate) = self.inner().putting.take() {
            gate.open();
        }
    }

    pub fn gets(&self) -> usize {
        self.inner().gets
    }

    pub fn puts(&self) -> usize {
        self.inner().puts
    }
}

impl Inner {
    fn change(&mut self, change: impl FnOnce(&mut Contents)) {
        self.before.push(self.contents.clone());
        change(&mut self.contents);
    }
}

impl TestStore {
    fn put_now(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let failing = inner.failing;
        if failing.is_none() || inner.happens {
            inner.change(|contents| {
                contents.insert(name.to_owned(), bytes);
            });
        }
        match failing {
            None => {
                note(format!("the store has `{name}`"));
                Ok(())
            }
            Some(error) => {
                note(format!("the store refuses `{name}`: {error}"));
                Err(error)
            }
        }
    }

    fn get_now(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut inner = self.inner();
        inner.gets += 1;
        if inner.unreadable {
            return Err(StoreError::Unavailable);
        }
        Ok(inner.contents.get(name).cloned())
    }

    fn delete_now(&self, name: &str) {
        note(format!("`{name}` is deleted from the store"));
        self.inner().change(|contents| {
            contents.remove(name);
        });
    }

    fn names_now(&self) -> Result<Vec<String>, StoreError> {
        let inner = self.inner();
        if inner.unreadable {
            return Err(StoreError::Unavailable);
        }
        Ok(inner.contents.keys().cloned().collect())
    }
}

impl Store for TestStore {
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let (gate, slow) = {
            let mut inner = self.inner();
            inner.puts += 1;
            (inner.putting.clone(), inner.slow)
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
        slow.before().await;
        let put = self.put_now(name, bytes);
        slow.after().await;
        put
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let slow = self.inner().slow;
        slow.before().await;
        let got = self.get_now(name);
        slow.after().await;
        got
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let slow = self.inner().slow;
        slow.before().await;
        self.delete_now(name);
        slow.after().await;
        Ok(())
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        let slow = self.inner().slow;
        slow.before().await;
        let names = self.names_now();
        slow.after().await;
        names
    }
}
