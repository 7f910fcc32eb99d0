//! A transport that loses messages, and a wallet's books in memory.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::LearnerId;
use measure::client::CallError;
use measure::server::Handler;
use outcome::books::{Books, BooksError, Entry, Remembered};
use outcome::caller::Transport;
use outcome::message::Key;
use outcome::wallet::Wallet;
use story::Picks;

/// The learner of a wish.
pub fn learner(wish: u128) -> LearnerId {
    LearnerId(u64::try_from(wish).unwrap_or(u64::MAX))
}

/// Loses so many of a hundred messages in each direction, by fixed random numbers.
pub struct Lossy {
    wallet: Wallet<PlainBooks>,
    lost: u64,
    picks: Mutex<Picks>,
}

impl Lossy {
    /// A transport to this wallet.
    pub fn new(wallet: Wallet<PlainBooks>, lost: u64) -> Self {
        Self {
            wallet,
            lost,
            picks: Mutex::new(Picks::seeded(7)),
        }
    }

    /// Whether the next message is lost.
    fn loses(&self) -> bool {
        lock(&self.picks).below(100) < self.lost
    }
}

impl Transport for Lossy {
    async fn send(&self, request: Bytes) -> Result<Bytes, CallError> {
        if self.loses() {
            return pending().await;
        }
        let reply = self.wallet.handle(request).await;
        if self.loses() {
            return pending().await;
        }
        reply.map_err(|_| CallError::Failed)
    }
}

/// Books that are fine, and fast.
#[derive(Clone, Default)]
pub struct PlainBooks(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    balances: HashMap<LearnerId, u64>,
    remembered: HashMap<Key, Remembered>,
}

impl PlainBooks {
    /// How many credits a learner has.
    pub fn credits(&self, learner: LearnerId) -> u64 {
        lock(&self.0).balances.get(&learner).copied().unwrap_or(0)
    }
}

impl Books for PlainBooks {
    async fn remembered(&self, key: Key) -> Result<Option<Remembered>, BooksError> {
        Ok(lock(&self.0).remembered.get(&key).copied())
    }

    async fn balance(&self, learner: LearnerId) -> Result<u64, BooksError> {
        Ok(self.credits(learner))
    }

    async fn commit(&self, entries: Vec<Entry>) -> Result<(), BooksError> {
        let mut state = lock(&self.0);
        for entry in entries {
            match entry {
                Entry::Change { learner, credits } => {
                    let balance = state.balances.entry(learner).or_default();
                    *balance = balance.saturating_add_signed(credits);
                }
                Entry::Remember { key, remembered } => {
                    state.remembered.insert(key, remembered);
                }
            }
        }
        Ok(())
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
