//! Fetches in flight, by the marks that show whether they still count.

use crate::stored::{Key, Stored};
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use web::Response;
use web::http::StatusCode;

/// A response for one client: the first to take it gets it.
#[derive(Clone)]
pub struct Envelope(Arc<Mutex<Option<Response>>>);

impl Envelope {
    pub fn of(response: Response) -> Self {
        Self(Arc::new(Mutex::new(Some(response))))
    }

    pub fn open(&self) -> Option<Response> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// How a fetch ended.
#[derive(Clone)]
pub enum Landing {
    Kept(Arc<Stored>),
    Private(Envelope),
    Failed(StatusCode, Envelope),
}

pub type Flight = Shared<BoxFuture<'static, Landing>>;

/// Whether a fetch's response may still be kept.
#[derive(Debug, Default)]
pub struct Mark(AtomicBool);

impl Mark {
    pub fn counts(&self) -> bool {
        !self.0.load(Ordering::SeqCst)
    }

    fn void(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct UnderWay {
    joinable: Option<WeakShared<BoxFuture<'static, Landing>>>,
    marks: Vec<Weak<Mark>>,
}

/// The fetches in flight, by key.
#[derive(Default)]
pub struct Flights(HashMap<Key, UnderWay>);

impl Flights {
    pub fn joinable(&self, key: &Key) -> Option<Flight> {
        let flight = self.0.get(key)?.joinable.as_ref()?.upgrade()?;
        // A fetch that has ended is nothing to wait for.
        flight.peek().is_none().then_some(flight)
    }

    /// A mark for a fetch that starts now.
    pub fn begin(&mut self, key: &Key) -> Arc<Mark> {
        let mark = Arc::new(Mark::default());
        let under_way = self.0.entry(key.clone()).or_default();
        under_way.marks.push(Arc::downgrade(&mark));
        mark
    }

    pub fn offer(&mut self, key: &Key, flight: &Flight) {
        let under_way = self.0.entry(key.clone()).or_default();
        under_way.joinable = flight.downgrade();
    }

    /// From now on none of the key's fetches counts, and none is joined.
    pub fn overtake(&mut self, key: &Key) {
        if let Some(under_way) = self.0.remove(key) {
            for mark in under_way.marks.iter().filter_map(Weak::upgrade) {
                mark.void();
            }
        }
    }

    pub fn overtake_all(&mut self) {
        let keys: Vec<Key> = self.0.keys().cloned().collect();
        for key in keys {
            self.overtake(&key);
        }
    }

    /// Forgets the key if no fetch for it is in flight.
    pub fn tidy(&mut self, key: &Key) {
        if let Some(under_way) = self.0.get_mut(key) {
            under_way.marks.retain(|mark| mark.strong_count() > 0);
            if under_way.marks.is_empty() {
                self.0.remove(key);
            }
        }
    }
}
