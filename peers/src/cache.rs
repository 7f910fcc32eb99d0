//! The course's cache compared with `quick_cache`, which it is built on, and moka.
//!
//! It adds a promise about age, so each hit reads the clock. `quick_cache` is also measured with the
//! same clock read: the difference to that is the course's own cost, and the difference between the two
//! `quick_cache`s is the price of having an age at all.

#![expect(
    clippy::unnecessary_wraps,
    reason = "all sides have one signature, and the ones with a file can fail"
)]

mod contenders;
mod stampede;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use domain::{LessonKey, Progress, Version};
use ladder::child::{Probe, Seat, Side};
use ladder::cpus::{self, Placement};
use ladder::zipf;

use crate::compare::{Comparison, Measured, aim, of, shown, verdict};
use contenders::{Contender, Moka, Ours, Quick, QuickWithClock};

const KEYS: u64 = 10_000;
const SKEW: f64 = 0.99;
const DRAWS: usize = 500_000;

/// An operation is too short to time alone.
const RUN: usize = 1000;

/// One in this many operations is a write.
const WRITES_ONE_IN: usize = 20;

pub fn comparisons() -> [Comparison; 4] {
    [
        Comparison {
            name: "hits",
            title: "A hit: Zipf 0.99 over 10,000 keys, all resident",
            placement: Placement::OneCpu,
            each: "a hit",
            sides: vec![
                side("quick_cache", hits::<Quick>),
                side("quick_cache again", hits::<Quick>),
                side("quick_cache, clock", hits::<QuickWithClock>),
                side("moka", hits::<Moka>),
                side("ours", hits::<Ours>),
            ],
            aims: vec![
                shown(
                    "quick_cache again",
                    "quick_cache",
                    "noise: quick_cache against itself",
                ),
                shown(
                    "quick_cache, clock",
                    "quick_cache",
                    "what reading the clock costs quick_cache",
                ),
                aim("ours", "quick_cache", "ours against quick_cache", 1.3),
                aim(
                    "ours",
                    "quick_cache, clock",
                    "ours against quick_cache with a clock",
                    1.3,
                ),
                aim("ours", "moka", "ours against moka", 0.25),
            ],
            counted: |_| Vec::new(),
        },
        Comparison {
            name: "contended",
            title: "Two threads, 5 % of operations take an entry away",
            placement: Placement::TwoCpus,
            each: "an op",
            sides: vec![
                side("quick_cache", contended::<Quick>),
                side("quick_cache again", contended::<Quick>),
                side("quick_cache, clock", contended::<QuickWithClock>),
                side("moka", contended::<Moka>),
                side("ours", contended::<Ours>),
            ],
            aims: vec![
                shown(
                    "quick_cache again",
                    "quick_cache",
                    "noise: quick_cache against itself",
                ),
                shown("ours", "quick_cache", "ours against quick_cache"),
                shown(
                    "ours",
                    "quick_cache, clock",
                    "ours against quick_cache with a clock",
                ),
                shown("ours", "moka", "ours against moka"),
            ],
            counted: |_| Vec::new(),
        },
        Comparison {
            name: "ratio",
            title: "Room for 10 % of the keys",
            placement: Placement::OneCpu,
            each: "an op",
            sides: vec![
                side("quick_cache", ratio::<Quick>),
                side("moka", ratio::<Moka>),
                side("ours", ratio::<Ours>),
            ],
            aims: Vec::new(),
            counted: ratios,
        },
        stampede::comparison(),
    ]
}

fn side(id: &'static str, client: fn(&Seat) -> Result<Probe, String>) -> Side {
    Side {
        id,
        server: None,
        client,
    }
}

/// The lesson with this number.
const fn key(number: u64) -> LessonKey {
    LessonKey::new(1_000_000 + number / 8, number % 8)
}

/// Found without any work: only the way there is compared.
const fn progress(key: LessonKey) -> Progress {
    Progress {
        key,
        version: Version(7),
        steps_done: 12,
        completed: true,
    }
}

fn choices(seed: u64) -> Vec<LessonKey> {
    let draws = zipf::draw(KEYS, SKEW, DRAWS, seed);
    draws.into_iter().map(key).collect()
}

/// Reads, and loads what is missing; returns whether it was there.
fn read(cache: &impl Contender, key: LessonKey) -> bool {
    cache.read(black_box(key), progress)
}

fn hits<C: Contender>(_: &Seat) -> Result<Probe, String> {
    let cache = C::with_room_for(2 * KEYS);
    for number in 0..KEYS {
        read(&cache, key(number));
    }
    let choices = choices(1);
    let mut next = 0;
    Ok(Box::new(move |mut slice| {
        let mut missed = 0;
        while slice.goes_on() {
            let run = &choices[next..next + RUN];
            next = (next + RUN) % DRAWS;
            let start = Instant::now();
            for &key in run {
                missed += u64::from(!read(&cache, key));
            }
            slice.keep(start.elapsed(), RUN as u64);
        }
        match missed {
            0 => Ok(slice),
            _ => Err(format!("{missed} reads of resident keys missed")),
        }
    }))
}

/// Two threads, each on its own CPU; one of them is timed.
fn contended<C: Contender>(seat: &Seat) -> Result<Probe, String> {
    let cache = Arc::new(C::with_room_for(2 * KEYS));
    let mixed = |cache: &C, run: &[LessonKey]| {
        for (index, &key) in run.iter().enumerate() {
            if index % WRITES_ONE_IN == 0 {
                cache.remove(key);
            } else {
                read(cache, key);
            }
        }
    };
    let (partner, cpu) = (Arc::clone(&cache), seat.partner_cpu);
    let measuring = Arc::new(AtomicBool::new(false));
    let runs = Arc::new(AtomicU64::new(0));
    let (asked, done) = (Arc::clone(&measuring), Arc::clone(&runs));
    // Ends with the process; it sleeps between slices, so as not to disturb the other sides.
    let other = std::thread::spawn(move || {
        if let Some(cpu) = cpu {
            cpus::pin(cpu).expect("the coordinator chose a CPU that may be used");
        }
        let choices = choices(2);
        for run in choices.chunks_exact(RUN).cycle() {
            while !asked.load(Ordering::Acquire) {
                std::thread::park();
            }
            mixed(&partner, run);
            done.fetch_add(1, Ordering::Release);
        }
    });
    let choices = choices(1);
    let mut next = 0;
    Ok(Box::new(move |mut slice| {
        measuring.store(true, Ordering::Release);
        other.thread().unpark();
        let before = runs.load(Ordering::Acquire);
        // Start only when the other thread is running.
        while runs.load(Ordering::Acquire) == before {
            std::hint::spin_loop();
        }
        while slice.goes_on() {
            let run = &choices[next..next + RUN];
            next = (next + RUN) % DRAWS;
            let start = Instant::now();
            mixed(&cache, run);
            slice.keep(start.elapsed(), RUN as u64);
        }
        measuring.store(false, Ordering::Release);
        Ok(slice)
    }))
}

fn ratio<C: Contender>(_: &Seat) -> Result<Probe, String> {
    let cache = C::with_room_for(KEYS / 10);
    let choices = choices(1);
    for &key in &choices {
        read(&cache, key);
    }
    let mut next = 0;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let run = &choices[next..next + RUN];
            next = (next + RUN) % DRAWS;
            let start = Instant::now();
            let hits = run.iter().filter(|key| read(&cache, **key)).count();
            slice.keep(start.elapsed(), RUN as u64);
            slice.count("hits", hits as u64);
            slice.count("reads", RUN as u64);
        }
        Ok(slice)
    }))
}

fn ratios(measured: &[Measured]) -> Vec<String> {
    let share = |id| of(measured, id).map(|s| 100.0 * s.counted("hits") / s.counted("reads"));
    let peers: Vec<f64> = ["quick_cache", "moka"]
        .into_iter()
        .filter_map(share)
        .collect();
    let best = peers.into_iter().fold(0.0, f64::max);
    ["quick_cache", "moka", "ours"]
        .into_iter()
        .filter_map(|id| {
            let share = share(id)?;
            let aim = if id == "ours" && best > 0.0 {
                format!(
                    "  aim within 1 point of the best: {}",
                    verdict(share > best - 1.0)
                )
            } else {
                String::new()
            };
            Some(format!("hit ratio of {id:14}{share:.1} %{aim}"))
        })
        .collect()
}
