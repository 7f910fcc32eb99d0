//! Groups of an exact size: so many writes are handed in, and then the committer is called once.
//!
//! With real writers the size of a group follows from the disk's speed. A curve over it needs the
//! size given, and so there is no thread and no runtime here, only futures polled by hand.

use std::future::Future;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use authority::authority::{Settings, open};
use ladder::child::{Probe, Seat};
use ladder::counted::Counted;

use crate::writers::{Counts, Learner};

/// Groups of as many writes as the place on the curve says; a sample is the time a write.
pub fn commit(seat: &Seat) -> Result<Probe, String> {
    let size = seat.at;
    let (backend, syncs) = Counted::new(&seat.folder, "group")?;
    let (authority, mut committer) =
        open(backend, Settings::default()).map_err(|error| error.to_string())?;
    let mut learners: Vec<Learner> = (0..size).map(Learner::new).collect();
    let mut group = move || -> Result<(), String> {
        let mut writes: Vec<_> = learners
            .iter_mut()
            .map(|learner| Box::pin(authority.write(learner.next())))
            .collect();
        let mut context = Context::from_waker(Waker::noop());
        for write in &mut writes {
            if write.as_mut().poll(&mut context).is_ready() {
                return Err("a write was answered before anybody committed it".to_owned());
            }
        }
        let together = committer.commit_waiting();
        if u64::try_from(together) != Ok(size) {
            return Err(format!(
                "{together} of {size} writes were committed together"
            ));
        }
        for (learner, write) in learners.iter_mut().zip(&mut writes) {
            match write.as_mut().poll(&mut context) {
                Poll::Ready(Ok(receipt)) => learner.acknowledged(receipt.version()),
                Poll::Ready(Err(error)) => return Err(error.to_string()),
                Poll::Pending => return Err("a committed write got no answer".to_owned()),
            }
        }
        Ok(())
    };
    group()?;
    Ok(Box::new(move |mut slice| {
        let before = Counts::of(&syncs);
        let mut commits = 0;
        while slice.goes_on() {
            let start = Instant::now();
            group()?;
            slice.keep(start.elapsed(), size);
            commits += 1;
        }
        slice.count("commits", commits);
        before.count(&syncs, &mut slice);
        Ok(slice)
    }))
}
