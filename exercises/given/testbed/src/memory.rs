//! What the code under test allocated.
//!
//! An announced length costs the announcer four bytes. Whether it costs the receiver a mebibyte is a
//! question about allocations, not about time, and its answer is the same on every machine: so the
//! tests' allocator counts, separately for each thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static LIVE_BYTES: Cell<isize> = const { Cell::new(0) };
    static LARGEST_BYTES: Cell<usize> = const { Cell::new(0) };
}

fn count(taken: usize, given_back: usize) {
    // When a thread ends, the counters may be gone already; nothing reads them then.
    let _ = LIVE_BYTES
        .try_with(|live| live.set(live.get() + taken.cast_signed() - given_back.cast_signed()));
    let _ = LARGEST_BYTES.try_with(|largest| largest.set(largest.get().max(taken)));
}

// SAFETY: every method passes its arguments to the system's allocator unchanged and returns its result;
// counting touches only thread-local integers and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size, layout.size());
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.realloc(memory, layout, new_size) }
    }
}

/// Watches this thread's allocations from its creation on.
///
/// In a [`story`](crate::story()) every task runs on the test's own thread, so this sees them all.
pub struct Watch {
    live_at_start: isize,
}

impl Watch {
    /// Starts to watch; an earlier watch's [`largest_bytes`](Self::largest_bytes) ends here.
    #[must_use]
    pub fn start() -> Self {
        LARGEST_BYTES.set(0);
        Self {
            live_at_start: LIVE_BYTES.get(),
        }
    }

    /// The largest single allocation since the start, in bytes.
    #[must_use]
    pub fn largest_bytes(&self) -> usize {
        LARGEST_BYTES.get()
    }

    /// What has been allocated since the start and not freed, in bytes.
    #[must_use]
    pub fn grown_bytes(&self) -> usize {
        usize::try_from(LIVE_BYTES.get() - self.live_at_start).unwrap_or(0)
    }
}
