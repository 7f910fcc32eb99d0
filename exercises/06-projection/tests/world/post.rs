//! The mail provider, played by the test.

use crate::world::held::Slow;
use projection::letters::{LetterId, Mail, MailError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testbed::note;
use tokio::time::Instant;

/// How long the provider recognises a letter.
pub const REMEMBERS: Duration = Duration::from_secs(24 * 60 * 60);

/// A provider that counts what reaches the learners. Clones are the same.
#[derive(Clone, Default)]
pub struct Post(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    seen: HashMap<LetterId, Instant>,
    delivered: Vec<LetterId>,
    asked: usize,
    down: bool,
    slow: Slow,
}

impl Post {
    /// What reached the learners.
    pub fn delivered(&self) -> Vec<LetterId> {
        self.0.lock().expect("the post").delivered.clone()
    }

    /// How many times it was asked to send.
    pub fn asked(&self) -> usize {
        self.0.lock().expect("the post").asked
    }

    pub fn set_down(&self, down: bool) {
        self.0.lock().expect("the post").down = down;
    }

    /// From now on sending a letter waits.
    pub fn set_slow(&self, slow: Slow) {
        self.0.lock().expect("the post").slow = slow;
    }

    /// More than a day passes at the provider: it recognises no old letter.
    pub fn forget(&self) {
        note("more than a day passes: the provider recognises none of the letters");
        self.0.lock().expect("the post").seen.clear();
    }
}

impl Mail for Post {
    async fn send(&self, letter: LetterId) -> Result<(), MailError> {
        let slow = self.0.lock().expect("the post").slow;
        slow.before().await;
        let sent = self.send_now(letter);
        slow.after().await;
        sent
    }
}

impl Post {
    fn send_now(&self, letter: LetterId) -> Result<(), MailError> {
        let mut inner = self.0.lock().expect("the post");
        inner.asked += 1;
        if inner.down {
            return Err(MailError);
        }
        let now = Instant::now();
        let known = inner.seen.get(&letter).copied();
        let who = letter.learner.0;
        if known.is_some_and(|seen| now - seen < REMEMBERS) {
            note(format!(
                "the provider drops a letter to learner {who}: it has seen it today"
            ));
            return Ok(());
        }
        note(format!("a letter to learner {who} is delivered"));
        inner.seen.insert(letter, now);
        inner.delivered.push(letter);
        Ok(())
    }
}
