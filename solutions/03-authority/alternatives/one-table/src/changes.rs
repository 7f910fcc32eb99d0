//! Telling the others, without waiting for them.
//!
//! Each subscriber has a list of its own, and the one who tells puts a notice into each. A list has a
//! bound: the oldest notice goes, and a mark is left that one went. So a subscriber costs what it is
//! behind, and one that listens costs next to nothing.

/// Given by the lab.
pub use ours::changes::{MAX_BEHIND, Notice};

use crate::fact::Receipt;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

#[derive(Debug, Default)]
struct List {
    kept: VecDeque<Notice>,
    missed: bool,
    ended: bool,
}

#[derive(Debug, Default)]
struct Subscriber {
    list: Mutex<List>,
    told: Notify,
}

impl Subscriber {
    fn change(&self, change: impl FnOnce(&mut List)) {
        change(&mut self.list());
        self.told.notify_one();
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where changes are told, and who listens.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    subscribers: Vec<Weak<Subscriber>>,
    ended: bool,
}

impl Hub {
    pub(crate) fn subscribe(&self) -> Changes {
        let subscriber = Arc::new(Subscriber::default());
        let mut listeners = self.listeners();
        subscriber.list().ended = listeners.ended;
        // Those who have gone are forgotten here too: there may never be a change.
        let subscribers = &mut listeners.subscribers;
        subscribers.retain(|subscriber| subscriber.strong_count() > 0);
        subscribers.push(Arc::downgrade(&subscriber));
        Changes { subscriber }
    }

    pub(crate) fn tell(&self, changed: &[Receipt]) {
        self.each(|list| {
            for receipt in changed {
                if list.kept.len() == MAX_BEHIND {
                    list.kept.pop_front();
                    list.missed = true;
                }
                list.kept.push_back(Notice::Changed {
                    key: receipt.key(),
                    version: receipt.version(),
                });
            }
        });
    }

    /// Nothing will be told any more.
    pub(crate) fn end(&self) {
        self.listeners().ended = true;
        self.each(|list| list.ended = true);
    }

    fn each(&self, change: impl Fn(&mut List)) {
        self.listeners().subscribers.retain(|subscriber| {
            let subscriber = subscriber.upgrade();
            if let Some(subscriber) = &subscriber {
                subscriber.change(&change);
            }
            subscriber.is_some()
        });
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The changes from one moment on.
#[derive(Debug)]
pub struct Changes {
    subscriber: Arc<Subscriber>,
}

impl Changes {
    /// The next notice; `None` once every authority and its committer are gone and all has been told.
    ///
    /// - Each accepted write is told once, after it is durable; the changes of one key in the order of
    ///   their versions. Retries and refusals are not told.
    /// - What is kept for a subscriber that is behind is bounded: the latest [`MAX_BEHIND`] notices.
    ///   Whoever has fallen behind further hears [`Notice::Missed`] before anything that is newer than
    ///   what it missed, and then what is still kept.
    /// - Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice> {
        loop {
            {
                let mut list = self.subscriber.list();
                if std::mem::take(&mut list.missed) {
                    return Some(Notice::Missed);
                }
                let notice = list.kept.pop_front();
                if notice.is_some() || list.ended {
                    return notice;
                }
            }
            self.subscriber.told.notified().await;
        }
    }
}
