//! Many writers, one sync.
//!
//! A sync costs the same for one row as for a hundred. So writers that wait at the same time share
//! one: while a group is being synced the next one gathers, and the slower the disk is, the larger the
//! groups become. No timer is needed for that. One that waits for company makes a lone writer slower
//! and gains nothing under load.
//!
//! The one who commits is not one of the callers. A caller can be dropped at any `.await`, and a commit
//! that is half done must not be. (Letting the first waiting caller commit for all, as many databases
//! do with threads, works where callers cannot be cancelled.)

/// How many writes one transaction takes. It bounds how long the first of a group waits for the last,
/// and what a transaction holds in memory: 4 MiB of notes.
pub const MAX_GROUP: usize = 1024;

/// How many writes may wait to be committed. Further callers wait for a place.
pub const MAX_WAITING: usize = 1024;

/// The one who commits. There is one for each authority, and somebody has to run it.
#[derive(Debug)]
pub struct Committer {
    // What waits, where answers go and what it is committed to is yours to design.
}

impl Committer {
    // ANCHOR: stubs
    /// Commits what waits as one group, and answers everyone in it. Says how many there were; 0 when
    /// nothing waits.
    ///
    /// - A group takes at most [`MAX_GROUP`] writes, in the order in which they were handed in. Each is
    ///   judged as if the ones before it were done already.
    /// - A group costs one sync of the disk. (The engine needs some more when its file has to grow.) A
    ///   group in which nothing is new, but retries and refusals only, costs none.
    /// - Everyone is answered after the sync, and not before: those who are refused as well, for what
    ///   they are refused in favour of has to be durable too.
    /// - When the disk fails under a group, everyone in it gets [`WriteError::Unknown`], or
    ///   [`WriteError::Stopped`] if surely nothing of it was or will be done. From then on the authority
    ///   is stopped: nothing is tried again, and every later write, a retry too, gets
    ///   [`WriteError::Stopped`] until the store is opened anew.
    /// - A caller that has given up is no reason to stop. Its write may be done or not.
    ///
    /// [`WriteError::Unknown`]: crate::fact::WriteError::Unknown
    /// [`WriteError::Stopped`]: crate::fact::WriteError::Stopped
    ///
    /// Judged by every test in `durable` and `group`, and first by
    /// `group::writers_that_wait_together_share_one_sync`.
    pub fn commit_waiting(&mut self) -> usize {
        todo!("Commit what waits: one transaction, one sync, and only then the answers.")
    }

    /// Commits until every [`Authority`](crate::authority::Authority) is gone and nothing waits. It
    /// blocks, and belongs on a thread of its own.
    ///
    /// What gathers while one group is being synced is the next group. There is no timer: a lone writer
    /// waits for nobody.
    ///
    /// Judged by `group::the_loop_commits_what_has_gathered_and_ends_with_the_authority`.
    pub fn run(self) {
        todo!(
            "Wait for a write, commit it with all that wait by then, and go on until nobody can write."
        )
    }
    // ANCHOR_END: stubs
}
