//! What all sides ask and answer, so that they differ only in the way there.

use domain::{LessonKey, Progress, Version};

/// What is asked for.
pub const KEY: LessonKey = LessonKey::new(1_000_000, 77);

/// Found without any work.
pub const fn progress(key: LessonKey) -> Progress {
    Progress {
        key,
        version: Version(7),
        steps_done: 12,
        completed: true,
    }
}
