//! What a write means: the questions that it is asked, and what is kept of one that is accepted.
//!
//! A [`Group`] is a transaction that is open, with what has to be known to judge a write in it. Whatever it
//! puts into its tables becomes durable together, or not at all, when [`Store::commit`] says so.
//!
//! [`Store::commit`]: crate::store::Store

use crate::fact::{Epoch, Receipt, Write, WriteError};
use crate::rows::{
    Asked, FACTS, FENCE, FactRow, REPLIES, ReplyRow, decode, encode, place_of, version_in,
};
use crate::store::{Judged, Known};
use domain::Version;
use redb::{ReadableTable, StorageError, Table, WriteTransaction};
use std::num::NonZeroU64;

/// A group in the making.
pub(crate) struct Group<'g> {
    pub(crate) transaction: &'g WriteTransaction,
    /// Learner and lesson to the fact.
    pub(crate) facts: Table<'g, (u64, u64), &'static [u8]>,
    /// The number of an accepted write to the reply that is kept for its retries.
    pub(crate) replies: Table<'g, u64, &'static [u8]>,
    /// What is known in memory of these tables. Whoever changes one changes the other.
    pub(crate) known: &'g mut Known,
    pub(crate) retained_replies: NonZeroU64,
}

impl<'g> Group<'g> {
    /// A group in `transaction`, of which nothing has been judged.
    pub(crate) fn on(
        transaction: &'g WriteTransaction,
        known: &'g mut Known,
        retained_replies: NonZeroU64,
    ) -> Result<Self, redb::Error> {
        Ok(Self {
            transaction,
            facts: transaction.open_table(FACTS)?,
            replies: transaction.open_table(REPLIES)?,
            known,
            retained_replies,
        })
    }

    /// Decides about one write. The first question that has an answer decides:
    ///
    /// 1. Has its idempotency key a reply? [`repeat`](Self::repeat) answers.
    /// 2. Is its epoch older than the newest that has written? [`WriteError::Fenced`].
    /// 3. Does it expect another version than the current one? [`WriteError::Stale`].
    /// 4. It is [accepted](Self::accept) as the next version: 1 for the first, and one more each time.
    ///
    /// A refused write leaves nothing behind.
    ///
    /// Begin with 3 and 4. The sections on idempotency and on epochs come back to 1 and 2.
    ///
    /// Judged by `a_stale_write_changes_nothing` and `versions_rise_without_gaps`, and by the tests of all
    /// later stages.
    pub(crate) fn judge(&mut self, write: &Write) -> Result<Judged, redb::Error> {
        let _ = write;
        todo!(
            "Compare the expected version with the current one, and refuse, or accept as the next."
        )
    }

    /// Puts a write that was accepted as `version` into the transaction, with all that it leaves behind:
    ///
    /// - the fact;
    /// - the reply for its retries, under the number `known.next`: first a row in the table, then its key in
    ///   [`Known`]. [`Known::add`] does the latter, and advances `next`;
    /// - when more replies are known than are to be kept, [`forget`](Self::forget) takes out the oldest;
    /// - when its epoch is newer than the newest, [`put_up_fence`](Self::put_up_fence).
    ///
    /// Begin with the first two.
    ///
    /// Judged by `a_write_becomes_a_record`, `a_retry_after_a_crash_at_any_point_has_one_effect` and
    /// `the_fence_survives_a_crash_with_the_write_that_put_it_up`.
    fn accept(&mut self, write: &Write, version: Version) -> Result<(), redb::Error> {
        let _ = (write, version);
        todo!("Put the fact and the reply for its retries into their tables.")
    }

    /// Answers a write whose idempotency key has a reply, under this number.
    ///
    /// If the reply is to the same write (all but the epoch is the same, as in [`Asked`]), it is given again,
    /// and nothing happens. If not, two writes have one name, and this is [`WriteError::Conflict`].
    ///
    /// A number without a row is a file that is not whole: [`StorageError::Corrupted`]. (If no file was
    /// damaged, `accept` or `forget` did one thing to the table and another to [`Known`].)
    ///
    /// Judged by `a_retry_gets_the_same_reply_and_has_no_effect` and
    /// `another_write_under_the_same_key_is_a_conflict`.
    fn repeat(&self, number: u64, write: &Write) -> Result<Judged, redb::Error> {
        let _ = (number, write);
        todo!("Give the reply again if it is to the same write, and refuse another one.")
    }

    /// Forgets the oldest replies until as many are left as are to be kept, in the table and in [`Known`].
    ///
    /// It may be more than one, for a store can be opened again with fewer to keep. A key that was forgotten
    /// is free.
    ///
    /// Judged by `replies_are_kept_for_as_long_as_promised_and_then_forgotten`.
    fn forget(&mut self) -> Result<(), redb::Error> {
        todo!("Take the oldest replies out of the table and out of what is known.")
    }

    /// Lets nobody of an epoch older than `epoch` in any more: from the next write of this group on, and
    /// after any crash that leaves this group there.
    ///
    /// [`FENCE`] has one row.
    ///
    /// Judged by `a_replaced_writer_is_refused` and
    /// `the_fence_survives_a_crash_with_the_write_that_put_it_up`.
    fn put_up_fence(&mut self, epoch: Epoch) -> Result<(), redb::Error> {
        let _ = epoch;
        todo!(
            "Keep the newest epoch, in the transaction of the write that brought it, and in memory."
        )
    }
}
