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

    // ANCHOR: judge
    /// Decides about one write. The order of the questions is the contract.
    pub(crate) fn judge(&mut self, write: &Write) -> Result<Judged, redb::Error> {
        // Was it done before? That is asked first, because the answer is about the past: neither a
        // newer epoch nor a newer version makes it untrue that this caller's write was done.
        if let Some(number) = self.known.replies.get(write.idempotency_key.as_str()) {
            return self.repeat(*number, write);
        }
        let newest = self.known.newest;
        if write.epoch < newest {
            return Ok(Judged::Refused(WriteError::Fenced { newest }));
        }
        let current = version_in(&self.facts, write.key)?;
        if write.expected != current {
            return Ok(Judged::Refused(WriteError::Stale { current }));
        }
        let version = Version(current.map_or(1, |version| version.0 + 1));
        self.accept(write, version)?;
        Ok(Judged::Accepted(Receipt::of(write.key, version)))
    }
    // ANCHOR_END: judge

    // ANCHOR: accept
    /// Puts a write that was accepted as `version` into the transaction, with all that it leaves behind.
    fn accept(&mut self, write: &Write, version: Version) -> Result<(), redb::Error> {
        let fact = encode(&FactRow::of(write, version));
        self.facts.insert(place_of(write.key), fact.as_slice())?;
        let reply = encode(&ReplyRow::of(write, version));
        self.replies.insert(self.known.next, reply.as_slice())?;
        self.known.add(write.idempotency_key.as_str());
        self.forget()?;
        // A newer writer is rare, and so is the need for another table.
        if write.epoch > self.known.newest {
            self.put_up_fence(write.epoch)?;
        }
        Ok(())
    }
    // ANCHOR_END: accept

    // ANCHOR: repeat
    /// Answers a write whose idempotency key has a reply, under this number.
    fn repeat(&self, number: u64, write: &Write) -> Result<Judged, redb::Error> {
        let row = self.replies.get(number)?;
        let row = row.ok_or_else(|| StorageError::Corrupted(format!("no reply {number}")))?;
        let reply: ReplyRow = decode(row.value())?;
        Ok(if reply.asked == Asked::by(write) {
            Judged::Repeated(Receipt::of(write.key, reply.version))
        } else {
            Judged::Refused(WriteError::Conflict)
        })
    }
    // ANCHOR_END: repeat

    // ANCHOR: forget
    /// Forgets the oldest replies, in the transaction that made them too many.
    fn forget(&mut self) -> Result<(), redb::Error> {
        while self.known.replies.len() as u64 > self.retained_replies.get()
            && let Some((_, row)) = self.replies.pop_first()?
        {
            let reply: ReplyRow = decode(row.value())?;
            self.known.replies.remove(reply.idempotency_key);
        }
        Ok(())
    }
    // ANCHOR_END: forget

    // ANCHOR: fence
    /// Lets nobody of an older epoch in any more, from the next write on.
    fn put_up_fence(&mut self, epoch: Epoch) -> Result<(), redb::Error> {
        let mut fence = self.transaction.open_table(FENCE)?;
        fence.insert((), epoch.0)?;
        self.known.newest = epoch;
        Ok(())
    }
    // ANCHOR_END: fence
}
