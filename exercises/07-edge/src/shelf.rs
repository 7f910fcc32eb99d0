//! Where stored responses are kept, within a bound.
//!
//! Which of them to evict when room runs out is a subject of its own (see lab 4). Here it is the least
//! recently used key.

use crate::stored::{Key, Stored};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Each variant of a key is one more response to compare a request with, and any client can send a
/// header that makes another one: so few are allowed.
pub const MAX_VARIANTS: usize = 16;

/// What a stored response counts for besides its bytes: tables, the headers' structure, the key twice.
const OVERHEAD_BYTES: usize = 1024;

/// What each header counts for besides its bytes, in the response and in the request.
const HEADER_BYTES: usize = 112;

/// Stored responses by their key; several where they vary.
#[derive(Debug)]
pub struct Shelf {
    max_bytes: usize,
    bytes: usize,
    turn: u64,
    slots: HashMap<Key, Slot>,
    /// The keys by when they were last used.
    by_turn: BTreeMap<u64, Key>,
}

#[derive(Debug)]
struct Slot {
    turn: u64,
    /// The latest first.
    variants: Vec<Arc<Stored>>,
}

impl Shelf {
    /// An empty shelf for this many bytes. Nothing is reserved.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            bytes: 0,
            turn: 0,
            slots: HashMap::new(),
            by_turn: BTreeMap::new(),
        }
    }

    /// The latest response of the key that `selects` picks.
    pub fn find(&mut self, key: &Key, selects: impl Fn(&Stored) -> bool) -> Option<Arc<Stored>> {
        let turn = self.next_turn();
        let slot = self.slots.get_mut(key)?;
        self.by_turn.remove(&slot.turn);
        slot.turn = turn;
        self.by_turn.insert(turn, key.clone());
        slot.variants.iter().find(|one| selects(one)).cloned()
    }

    /// Keeps a response, and removes those of the key that `replaces` picks. A response that is too
    /// large for the whole shelf is not kept.
    pub fn put(&mut self, key: &Key, stored: Arc<Stored>, replaces: impl Fn(&Stored) -> bool) {
        self.remove_if(key, replaces);
        let needed = bytes_of(key, &stored);
        if needed > self.max_bytes {
            return;
        }
        while self.bytes + needed > self.max_bytes {
            let Some((_, oldest)) = self.by_turn.pop_first() else {
                break;
            };
            self.remove(&oldest);
        }
        let turn = self.next_turn();
        let slot = self.slots.entry(key.clone()).or_insert(Slot {
            turn,
            variants: Vec::new(),
        });
        self.by_turn.remove(&slot.turn);
        slot.turn = turn;
        self.by_turn.insert(turn, key.clone());
        slot.variants.insert(0, stored);
        self.bytes += needed;
        if slot.variants.len() > MAX_VARIANTS
            && let Some(last) = slot.variants.pop()
        {
            self.bytes -= bytes_of(key, &last);
        }
    }

    /// Removes all responses of the key.
    pub fn remove(&mut self, key: &Key) {
        self.remove_if(key, |_| true);
    }

    /// Removes the responses of the key that `goes` picks.
    pub fn remove_if(&mut self, key: &Key, goes: impl Fn(&Stored) -> bool) {
        let Some(slot) = self.slots.get_mut(key) else {
            return;
        };
        let bytes = &mut self.bytes;
        slot.variants.retain(|one| {
            let stays = !goes(one);
            if !stays {
                *bytes -= bytes_of(key, one);
            }
            stays
        });
        if slot.variants.is_empty() {
            self.by_turn.remove(&slot.turn);
            self.slots.remove(key);
        }
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.max_bytes);
    }

    /// How many bytes the stored responses count for. Never more than the bound.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many responses are stored.
    pub fn len(&self) -> usize {
        self.slots.values().map(|slot| slot.variants.len()).sum()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn next_turn(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }
}

fn bytes_of(key: &Key, stored: &Stored) -> usize {
    let headers = stored.request.iter().chain(stored.response.headers());
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + HEADER_BYTES)
        .sum();
    let key = 2 * (key.host.len() + key.target.len());
    OVERHEAD_BYTES + key + headers + stored.response.body().len()
}
