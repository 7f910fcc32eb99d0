//! The promises in numbers. The parts keep them, and the observer holds them to it.

use std::time::Duration;

/// No read is served by a load that began longer than this before it.
pub const CACHE_TTL: Duration = Duration::from_secs(5);

/// How many entries the API's cache holds.
pub const CACHE_ENTRIES: usize = 20_000;

/// How many loads of the authority may run at once, and how many may wait.
pub const CACHE_LOADS: usize = 64;
/// See [`CACHE_LOADS`].
pub const CACHE_WAITING: usize = 4096;

/// For how long a course page is fresh at the edge.
pub const COURSE_FRESH: Duration = Duration::from_secs(5);

/// For how long after that the edge may serve it while it asks for a newer one.
pub const COURSE_WHILE_REVALIDATE: Duration = Duration::from_secs(10);

/// For how long after its freshness the edge may serve it when the API fails.
pub const COURSE_IF_ERROR: Duration = Duration::from_secs(600);

/// From this age on, the dashboard has to say that it is late.
pub const VIEW_LAG: Duration = Duration::from_secs(10);

/// What the observer allows on top: hand-overs between tasks take a moment.
pub const VIEW_SLACK: Duration = Duration::from_secs(5);

/// How many lessons a course has.
pub const LESSONS: u64 = 40;

/// The most attempts that a browser makes.
pub const ATTEMPTS: u32 = 3;

/// How long a browser waits for an answer.
pub const BROWSER_TIMEOUT: Duration = Duration::from_secs(3);
