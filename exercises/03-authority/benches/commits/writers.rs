//! Writers that call the authority, each as soon as its last write is durable, with the committer on
//! a thread of its own as in a service.

use std::thread;
use std::time::{Duration, Instant};

use authority::authority::{Authority, Settings, open};
use authority::fact::{Epoch, IdempotencyKey, Write};
use domain::{LessonKey, Version};
use ladder::child::{Probe, Seat};
use ladder::counted::{Counted, Syncs};
use ladder::cpus;
use ladder::slice::Slice;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// How many lessons a writer goes through before it comes back to the first.
const LESSONS: u64 = 256;

/// A learner who completes steps, one after the other, of one lesson after the other.
#[derive(Clone, Debug)]
pub struct Learner {
    number: u64,
    writes: u64,
    seen: Vec<Option<Version>>,
}

impl Learner {
    /// The learner with this number, who has done nothing yet.
    pub fn new(number: u64) -> Self {
        Self {
            number,
            writes: 0,
            seen: vec![None; usize::try_from(LESSONS).expect("some hundred")],
        }
    }

    /// What the learner does next.
    pub fn next(&mut self) -> Write {
        let lesson = self.writes % LESSONS;
        self.writes += 1;
        Write {
            key: LessonKey::new(self.number, lesson),
            expected: self.seen[self.place()],
            steps_done: u32::try_from(self.writes % 20).expect("below 20"),
            completed: false,
            note: String::new(),
            idempotency_key: IdempotencyKey::new(format!("{}-{}", self.number, self.writes))
                .expect("two numbers fit"),
            epoch: Epoch(1),
        }
    }

    /// Takes note of the version that the last write has become.
    pub fn acknowledged(&mut self, version: Version) {
        let place = self.place();
        self.seen[place] = Some(version);
    }

    /// Where the last lesson is among those seen; of the first, before there was one.
    fn place(&self) -> usize {
        let lesson = self.writes.saturating_sub(1) % LESSONS;
        usize::try_from(lesson).expect("some hundred")
    }
}

/// `WRITERS` at once; a sample is the time a write. A lone writer's writes are samples each, those of
/// several are one sample a slice: the time divided by the writes of all.
pub fn commit<const WRITERS: u64>(seat: &Seat) -> Result<Probe, String> {
    let (backend, syncs) = Counted::new(&seat.folder, "commit")?;
    let (authority, committer) =
        open(backend, Settings::default()).map_err(|error| error.to_string())?;
    let cpu = seat.partner_cpu;
    // Ends when the process does, as does the authority.
    thread::spawn(move || {
        if let Some(cpu) = cpu {
            cpus::pin(cpu).expect("the coordinator chose a CPU that may be used");
        }
        committer.run();
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let mut learners: Vec<Learner> = (0..WRITERS).map(Learner::new).collect();
    // The first write has to succeed before anything is measured.
    write_until(&runtime, &authority, &mut learners, Duration::ZERO)?;
    if WRITERS == 1 {
        return Ok(alone(runtime, authority, learners.remove(0), syncs));
    }
    Ok(Box::new(move |mut slice| {
        let duration = slice.duration();
        write_until(&runtime, &authority, &mut learners, duration / 10)?;
        let (start, before) = (Instant::now(), Counts::of(&syncs));
        let writes = write_until(&runtime, &authority, &mut learners, duration)?;
        slice.keep_now(start.elapsed(), writes);
        slice.count("writes", writes);
        before.count(&syncs, &mut slice);
        Ok(slice)
    }))
}

/// The syncs before a slice.
pub struct Counts {
    commits: u64,
    growth: u64,
}

impl Counts {
    /// The syncs until now.
    pub fn of(syncs: &Syncs) -> Self {
        Self {
            commits: syncs.of_commits(),
            growth: syncs.of_growth(),
        }
    }

    /// Counts those since then.
    pub fn count(&self, syncs: &Syncs, slice: &mut Slice) {
        slice.count("syncs", syncs.of_commits() - self.commits);
        let growth = syncs.of_growth() - self.growth;
        if growth > 0 {
            slice.count("syncs to grow the file", growth);
        }
    }
}

fn alone(runtime: Runtime, authority: Authority, learner: Learner, syncs: Syncs) -> Probe {
    // A task takes the learner along and brings them back; after one that failed there is no next.
    let mut resting = Some(learner);
    Box::new(move |mut slice| {
        let mut learner = resting.take().ok_or("an earlier slice failed")?;
        let (authority, before) = (authority.clone(), Counts::of(&syncs));
        // Not in the future given to `block_on`, which is woken by a system call of its own.
        let task = runtime.spawn(async move {
            let mut writes = 0;
            while slice.goes_on() {
                let write = learner.next();
                let start = Instant::now();
                let receipt = authority.write(write).await.map_err(|e| e.to_string())?;
                slice.keep(start.elapsed(), 1);
                learner.acknowledged(receipt.version());
                writes += 1;
            }
            slice.count("writes", writes);
            Ok::<_, String>((slice, learner))
        });
        let (mut slice, learner) = runtime.block_on(task).map_err(|e| e.to_string())??;
        before.count(&syncs, &mut slice);
        resting = Some(learner);
        Ok(slice)
    })
}

/// Lets all learners write for a while; how many writes were acknowledged.
fn write_until(
    runtime: &Runtime,
    authority: &Authority,
    learners: &mut Vec<Learner>,
    duration: Duration,
) -> Result<u64, String> {
    let until = Instant::now() + duration;
    runtime.block_on(async {
        let mut running = JoinSet::new();
        for mut learner in learners.drain(..) {
            let authority = authority.clone();
            running.spawn(async move {
                let mut writes = 0;
                loop {
                    let write = learner.next();
                    let receipt = authority.write(write).await.map_err(|e| e.to_string())?;
                    learner.acknowledged(receipt.version());
                    writes += 1;
                    if Instant::now() >= until {
                        return Ok::<_, String>((learner, writes));
                    }
                }
            });
        }
        let mut writes = 0;
        while let Some(done) = running.join_next().await {
            let (learner, of_learner) = done.map_err(|error| error.to_string())??;
            learners.push(learner);
            writes += of_learner;
        }
        Ok(writes)
    })
}
