//! The rungs within one process: calls, a lock, and hand-offs to a thread and to a task.

#![expect(
    clippy::unnecessary_wraps,
    reason = "all rungs have one signature, and those that connect can fail"
)]

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Instant;

use tokio::sync::mpsc as async_mpsc;

use crate::child::{Probe, Seat};
use crate::cpus;

/// Reading the clock takes as long as thirty calls, so a sample is a run of this many.
const RUN: u64 = 1000;

/// What is called: small, but not nothing, or the loop around it would be optimised away.
#[inline(never)]
fn step(x: u64) -> u64 {
    x.rotate_left(7) ^ 0x9e37
}

trait Step {
    fn step(&self, x: u64) -> u64;
}

struct Rotate(u32);
struct Xor(u64);

impl Step for Rotate {
    fn step(&self, x: u64) -> u64 {
        x.rotate_left(self.0)
    }
}

impl Step for Xor {
    fn step(&self, x: u64) -> u64 {
        x ^ self.0
    }
}

pub fn fn_call(_: &Seat) -> Result<Probe, String> {
    Ok(in_runs(step))
}

pub fn dyn_call(_: &Seat) -> Result<Probe, String> {
    // With a single implementation the compiler may call it directly.
    let steps: [Box<dyn Step>; 2] = [Box::new(Rotate(7)), Box::new(Xor(0x9e37))];
    Ok(in_runs(move |x| black_box(&*steps[0]).step(x)))
}

pub fn mutex(_: &Seat) -> Result<Probe, String> {
    let counter = Mutex::new(0u64);
    Ok(in_runs(move |x| {
        // Nobody else has this lock, so nobody can have poisoned it.
        let mut counter = black_box(&counter).lock().expect("the lock is not shared");
        *counter = counter.wrapping_add(x);
        *counter
    }))
}

/// A message through a channel to a second thread, which sends it back. In the placement on two
/// CPUs the second thread has a CPU of its own.
pub fn thread_handoff(seat: &Seat) -> Result<Probe, String> {
    let (there, inbox) = mpsc::channel::<u64>();
    let (back, answers) = mpsc::channel::<u64>();
    let partner = seat.partner_cpu;
    std::thread::spawn(move || {
        if let Some(cpu) = partner {
            cpus::pin(cpu).expect("the coordinator chose a CPU that may be used");
        }
        // Ends when the process does.
        while let Ok(message) = inbox.recv() {
            if back.send(message).is_err() {
                break;
            }
        }
    });
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            slice
                .time(|| {
                    there.send(1).ok()?;
                    answers.recv().ok()
                })
                .ok_or("the other thread ended")?;
        }
        Ok(slice)
    }))
}

/// A message through a channel to a second task on the same thread, which sends it back: no
/// system call, only the runtime's own queue.
pub fn task_handoff(_: &Seat) -> Result<Probe, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let (there, mut inbox) = async_mpsc::channel::<u64>(1);
    let (back, mut answers) = async_mpsc::channel::<u64>(1);
    runtime.spawn(async move {
        while let Some(message) = inbox.recv().await {
            if back.send(message).await.is_err() {
                break;
            }
        }
    });
    Ok(Box::new(move |mut slice| {
        let (there, mut answers_now) = (there.clone(), std::mem::replace(&mut answers, closed()));
        let task = runtime.spawn(async move {
            while slice.goes_on() {
                let start = Instant::now();
                if there.send(1).await.is_err() || answers_now.recv().await.is_none() {
                    return Err("the other task ended".to_owned());
                }
                slice.keep(start.elapsed(), 1);
            }
            Ok((slice, answers_now))
        });
        let (slice, answers_back) = runtime
            .block_on(task)
            .map_err(|error| error.to_string())??;
        answers = answers_back;
        Ok(slice)
    }))
}

/// Stands in for a receiver that a task has borrowed.
fn closed() -> async_mpsc::Receiver<u64> {
    async_mpsc::channel(1).1
}

/// Measures something too short to time alone.
fn in_runs(mut operation: impl FnMut(u64) -> u64 + 'static) -> Probe {
    Box::new(move |mut slice| {
        let mut x = black_box(1);
        while slice.goes_on() {
            let start = Instant::now();
            for _ in 0..RUN {
                // Each call waits for the one before, as calls that use each other's results do.
                x = operation(black_box(x));
            }
            slice.keep(start.elapsed(), RUN);
            black_box(x);
        }
        Ok(slice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::{Budget, Slice};
    use std::time::Duration;

    #[test]
    fn every_local_rung_takes_samples_slice_after_slice() {
        for rung in [fn_call, dyn_call, mutex, thread_handoff, task_handoff] {
            let mut probe = rung(&Seat::default()).unwrap();
            for _ in 0..2 {
                let slice = Slice::start(Budget::of(Duration::ZERO));
                assert!(!probe(slice).unwrap().finish().is_empty());
            }
        }
    }
}
