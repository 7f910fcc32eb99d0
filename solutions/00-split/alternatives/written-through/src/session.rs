//! A session as a short list: it is never told of many lessons at once.

use domain::{LessonKey, Version};

/// The versions that were acknowledged to one user.
#[derive(Clone, Debug, Default)]
pub struct Session {
    told: Vec<(LessonKey, Version)>,
}

impl Session {
    /// Remembers an acknowledgement.
    pub fn told(&mut self, key: LessonKey, version: Version) {
        self.told.push((key, version));
    }

    /// The highest of them.
    pub fn floor(&self, key: LessonKey) -> Option<Version> {
        let own = self.told.iter().filter(|(told, _)| *told == key);
        own.map(|(_, version)| *version).max()
    }
}
