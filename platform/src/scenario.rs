//! Scenarios: one sentence, a prediction, a run, a verdict.
//!
//! A scenario runs on parts of its own, in memory, under a paused clock: an hour passes in a moment, and
//! the same seed leads to the same events, so that a link to it shows everybody the same.

use crate::doubles::{Doubles, Leak};
use crate::load::{Act, Dice};
use crate::observer::{BoardRow, Sometimes, Step};
use crate::parts::{NotStarted, Place};
use crate::planted::{Fault, Planted};
use crate::stage::{Assembly, Ground, Stage};
use crate::switch::Switch;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many events of a run are shown.
const SHOWN: usize = 200;

/// Something that goes wrong, and what somebody may think of it before.
pub struct Scenario {
    /// As it stands in addresses.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What happens.
    pub says: &'static str,
    /// What to predict.
    pub asks: &'static str,
    /// What one may predict.
    pub guesses: &'static [&'static str],
    /// Which of these is right.
    pub right: usize,
    /// What to conclude.
    pub verdict: &'static str,
    /// Where to read.
    pub read: &'static str,
    script: Script,
    /// What else runs, for comparison.
    mistake: Option<Mistake>,
}

#[derive(Clone, Copy)]
enum Script {
    CacheFlushed,
    WorkerStopped,
    ReplyLost,
    /// People act for some minutes, and the workers and the view are stopped for one of them.
    Minutes,
}

/// A design that is wrong in one way.
#[derive(Clone, Copy)]
enum Mistake {
    Fault(Fault),
    Leak(Leak),
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What to conclude.
    pub verdict: &'static str,
    /// Each run.
    pub runs: Vec<Run>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Of what.
    pub title: &'static str,
    /// What was counted.
    pub figures: Vec<String>,
    /// What did not hold.
    pub broken: Vec<BoardRow>,
    /// How often the rows were checked, together.
    pub checked: u64,
    /// The latest events.
    pub tape: Vec<Step>,
    /// Equal in two runs in which the same happened at the same times.
    pub fingerprint: String,
}

/// All of them.
pub fn all() -> &'static [Scenario] {
    &ALL
}

/// The one of that name.
pub fn named(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

static ALL: [Scenario; 7] = [
    Scenario {
        name: "cache-flushed",
        title: "The cache is emptied at the busiest moment",
        says: "Twenty visits a second, and then the API's cache is gone for ten seconds.",
        asks: "What changes for learners?",
        guesses: &[
            "Some see older progress until the cache is warm",
            "Answers stay the same; the authority has more to do",
            "Commands fail while the cache is away",
        ],
        right: 1,
        verdict: "Answers were the same, and no promise broke. What changed is who was asked: the authority's reads rose while the copy was away.",
        read: "chapter 4, Acceleration that may vanish",
        script: Script::CacheFlushed,
        mistake: None,
    },
    Scenario {
        name: "worker-stopped",
        title: "The workers stand still for an hour",
        says: "Learners go on completing lessons, and nobody acts on the events for an hour.",
        asks: "What is true after the hour, once the workers run again?",
        guesses: &[
            "Commands were slower, since events piled up",
            "Some events of the hour are gone",
            "Every event has its effect, once and in order; only late",
        ],
        right: 2,
        verdict: "Commands answered as before: the stream stood between them and the workers. Afterwards the backlog was worked off, once for each event and in order.",
        read: "chapter 5, Telling others, later",
        script: Script::WorkerStopped,
        mistake: None,
    },
    Scenario {
        name: "reply-lost",
        title: "The reply is lost",
        says: "The authority decides, and its answers do not come back. Browsers ask again with the same key.",
        asks: "What may a browser conclude when no answer came?",
        guesses: &[
            "The command failed: nothing was written",
            "It may have been done; asking again with the same key is safe",
            "It was done twice, once for each attempt",
        ],
        right: 1,
        verdict: "Nobody was told that a command had failed which had been done. A retry with the same key met its first attempt, and got the same answer.",
        read: "chapter 3, One source of truth",
        script: Script::ReplyLost,
        mistake: None,
    },
    Scenario {
        name: "dashboard-truth",
        title: "A copy is taken for the truth",
        says: "Somebody saves a question: before a command goes to the authority, the API looks whether a copy says that the lesson is completed already, and refuses by itself.",
        asks: "Is that more than a saved question?",
        guesses: &[
            "No: the copy says what the authority would say",
            "Yes: commands are refused that the authority would have accepted",
            "Yes, but only while the authority is down",
        ],
        right: 1,
        verdict: "The copy had become a second decider. Commands were refused that nobody with the right to refuse had seen, and no log of the authority's shows them.",
        read: "chapter 6, Derived views",
        script: Script::Minutes,
        mistake: Some(Mistake::Fault(Fault::CacheDecides)),
    },
    Scenario {
        name: "edge-shares",
        title: "An authenticated answer is kept at the edge",
        says: "The address is the same for everybody, and the answer is not. The edge keeps it by its address.",
        asks: "Who sees what?",
        guesses: &[
            "Each learner their own: the Authorization header differs",
            "The second learner sees the first one's lessons",
            "Nobody sees anything: such answers are never stored",
        ],
        right: 1,
        verdict: "Each private answer carries a word that belongs to its owner, and a word came to somebody else. Lab 7's edge keeps no such answer unless it's told that it may.",
        read: "chapter 7, Close to the user",
        script: Script::Minutes,
        mistake: Some(Mistake::Fault(Fault::EdgeShares)),
    },
    Scenario {
        name: "late-fill",
        title: "A fill that comes late",
        says: "A load began before a write, and its value arrives after it. The cache keeps it.",
        asks: "For how long is the old value served to others?",
        guesses: &[
            "Until the next read: a miss is never kept",
            "For as long as the entry may stay, and beyond the bound that was promised",
            "Not at all: the write had removed the entry",
        ],
        right: 1,
        verdict: "The write had removed the entry, and the late fill put the old one back. Whoever wrote sees their own version; everybody else sees the old one, longer than the bound allows.",
        read: "chapter 4, Acceleration that may vanish",
        script: Script::Minutes,
        mistake: Some(Mistake::Fault(Fault::LateFill)),
    },
    Scenario {
        name: "skipped-row",
        title: "A relay that skips a row",
        says: "The relay remembers the highest number that it has sent, and asks for what is above. One row commits after a higher one has been sent.",
        asks: "When is that row sent?",
        guesses: &[
            "With the next batch: it's in the table",
            "Never, and nothing fails",
            "After the relay is restarted",
        ],
        right: 1,
        verdict: "No queue grew and nothing failed. Only whoever counts what was decided and what was done finds the event that is in neither.",
        read: "chapter 5, Telling others, later",
        script: Script::Minutes,
        mistake: Some(Mistake::Leak(Leak::Skips(20))),
    },
];

/// Runs a scenario on a thread of its own.
///
/// # Errors
/// [`NotStarted`] when its parts do not stand.
pub async fn run_apart(
    scenario: &'static Scenario,
    assembly: Arc<dyn Assembly>,
    seed: u64,
) -> Result<Report, NotStarted> {
    let (done, report) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = done.send(run(scenario, &*assembly, seed));
    });
    report
        .await
        .unwrap_or_else(|_| Err(NotStarted("the scenario ended early".into())))
}

/// Runs a scenario here, on a clock of its own. Not to be called from within a runtime.
///
/// # Errors
/// [`NotStarted`] when its parts do not stand.
pub fn run(
    scenario: &'static Scenario,
    assembly: &dyn Assembly,
    seed: u64,
) -> Result<Report, NotStarted> {
    let mut runs = vec![played(scenario, assembly, seed, "This platform's parts")?];
    if let Some(mistake) = scenario.mistake {
        let wrong: Box<dyn Assembly + '_> = match mistake {
            Mistake::Fault(fault) => Box::new(Planted {
                right: assembly,
                fault,
            }),
            Mistake::Leak(leak) => Box::new(Doubles { leak: Some(leak) }),
        };
        runs.push(played(
            scenario,
            &*wrong,
            seed,
            "The same, with the mistake in it",
        )?);
    }
    Ok(Report {
        verdict: scenario.verdict,
        runs,
    })
}

fn played(
    scenario: &Scenario,
    assembly: &dyn Assembly,
    seed: u64,
    title: &'static str,
) -> Result<Run, NotStarted> {
    in_virtual_time(async {
        let stage = Stage::set(assembly, &Ground::Memory, seed)?;
        stage.connect_in_process();
        let looking = tokio::spawn(stage.clone().keep_looking());
        let figures = play(scenario.script, &stage, seed).await?;
        looking.abort();
        stage.look().await;
        Ok(report(&stage, title, figures))
    })
}

/// Runs `work` on one thread, where waiting takes no time.
///
/// # Panics
/// When called from within a runtime.
pub fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets needs nothing from the system")
        .block_on(work)
}

fn report(stage: &Stage, title: &'static str, figures: Vec<String>) -> Run {
    let board = stage.observer().board();
    let mut tape = stage.observer().tape();
    tape.drain(..tape.len().saturating_sub(SHOWN));
    Run {
        title,
        figures,
        checked: board.rows.iter().map(|row| row.standing.checked).sum(),
        broken: board
            .rows
            .into_iter()
            .filter(|row| row.standing.broken > 0)
            .collect(),
        tape,
        fingerprint: format!("{:016x}", stage.observer().fingerprint()),
    }
}

/// Lets people act for some time, at so many visits a second.
///
/// Arrivals do not wait for answers; at the end everybody gets theirs.
pub async fn arrivals(stage: &Stage, dice: &mut Dice, rate: f64, lasting: Duration) -> u64 {
    let browser = stage.browser();
    let mut visits = tokio::task::JoinSet::new();
    let end = Instant::now() + lasting;
    let mut next = Instant::now();
    loop {
        next += dice.gap(rate);
        if next > end {
            break;
        }
        tokio::time::sleep_until(next).await;
        let (act, key) = (Act::next(dice), stage.fresh_key());
        let browser = browser.on(dice.below(2));
        visits.spawn(async move { act.act(&browser, &key).await });
        while visits.try_join_next().is_some() {}
    }
    let mut left = 0;
    while visits.join_next().await.is_some() {
        left += 1;
    }
    left
}

async fn play(script: Script, stage: &Stage, seed: u64) -> Result<Vec<String>, NotStarted> {
    let mut dice = Dice::new(seed);
    let minute = Duration::from_secs(60);
    match script {
        Script::CacheFlushed => {
            // Long enough for the cache to be warm, and short enough to be run while one reads.
            arrivals(stage, &mut dice, 20.0, minute / 3).await;
            let warm = stage.ways().authority_reads();
            stage.switch(Place::Cache, Switch::Stopped).await?;
            arrivals(stage, &mut dice, 20.0, minute / 6).await;
            let cold = stage.ways().authority_reads() - warm;
            stage.switch(Place::Cache, Switch::Ok).await?;
            arrivals(stage, &mut dice, 20.0, minute / 6).await;
            let again = stage.ways().authority_reads() - warm - cold;
            Ok(vec![
                format!(
                    "with the cache, the authority was read {} times in ten seconds",
                    warm / 2
                ),
                format!("{cold} times without it"),
                format!("{again} times once it was back, and empty"),
            ])
        }
        Script::WorkerStopped => {
            arrivals(stage, &mut dice, 1.0, minute).await;
            stage.switch(Place::Workers, Switch::Stopped).await?;
            arrivals(stage, &mut dice, 0.2, minute * 60).await;
            let owed = stage.observer().sums();
            stage.switch(Place::Workers, Switch::Ok).await?;
            tokio::time::sleep(minute).await;
            let paid = stage.observer().sums();
            Ok(vec![
                format!("{} events were decided", paid.accepted),
                format!(
                    "{} were owed at the end of the hour, the oldest for {} minutes",
                    owed.unfinished,
                    owed.oldest_ms / 60_000
                ),
                format!("{} are owed a minute after", paid.unfinished),
            ])
        }
        Script::Minutes => {
            let visits = 240;
            arrivals(stage, &mut dice, 4.0, minute).await;
            stage.switch(Place::Workers, Switch::Stopped).await?;
            stage.switch(Place::View, Switch::Stopped).await?;
            arrivals(stage, &mut dice, 4.0, minute).await;
            stage.switch(Place::Workers, Switch::Ok).await?;
            stage.switch(Place::View, Switch::Ok).await?;
            arrivals(stage, &mut dice, 4.0, minute).await;
            tokio::time::sleep(minute).await;
            let sums = stage.observer().sums();
            Ok(vec![
                format!("about {} visits in three minutes", visits * 3),
                format!("{} events decided, {} effects", sums.accepted, sums.effects),
            ])
        }
        Script::ReplyLost => {
            arrivals(stage, &mut dice, 4.0, minute).await;
            stage.switch(Place::Authority, Switch::Loses).await?;
            arrivals(stage, &mut dice, 4.0, minute).await;
            stage.switch(Place::Authority, Switch::Ok).await?;
            arrivals(stage, &mut dice, 4.0, minute).await;
            let board = stage.observer().board();
            let count = |row: Sometimes| {
                let found = board.sometimes.iter().find(|seen| seen.says == row.says());
                found.map_or(0, |row| row.seen)
            };
            Ok(vec![
                format!(
                    "{} answers left the outcome open",
                    count(Sometimes::Unknown)
                ),
                format!(
                    "{} retries met their first attempt",
                    count(Sometimes::RetryMetFirst)
                ),
            ])
        }
    }
}

/// Bad days: people act, and every now and then something is wrong with one or two places for a while.
/// What it does depends on `seed` alone.
///
/// # Errors
/// [`NotStarted`] when a part does not come up again.
pub async fn bad_days(stage: &Stage, seed: u64, minutes: u64, rate: f64) -> Result<(), NotStarted> {
    let mut dice = Dice::new(seed);
    let looking = tokio::spawn(stage.clone().keep_looking());
    let people = {
        let (stage, mut dice) = (stage.clone(), Dice::new(seed ^ 0xACE));
        tokio::spawn(async move {
            arrivals(&stage, &mut dice, rate, Duration::from_secs(60 * minutes)).await;
        })
    };
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    while Instant::now() < end {
        let calm = Duration::from_millis(dice.below(40_000));
        tokio::time::sleep(calm).await;
        let count = 1 + dice.below(2);
        let wrong: Vec<Place> = (0..count)
            .map(|_| Place::ALL[usize::try_from(dice.below(7)).unwrap_or(0)])
            .collect();
        for place in &wrong {
            let switch = Switch::ALL[1 + usize::try_from(dice.below(4)).unwrap_or(0)];
            stage.switch(*place, switch).await?;
        }
        tokio::time::sleep(Duration::from_millis(dice.below(30_000))).await;
        for place in wrong {
            stage.switch(place, Switch::Ok).await?;
        }
    }
    // A calm end, in which everything that was owed can be paid.
    let _ = people.await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    looking.abort();
    stage.look().await;
    Ok(())
}

/// Each place in turn, with each thing that can be wrong with it, while people act.
///
/// # Errors
/// [`NotStarted`] when a part does not come up again.
pub async fn gauntlet(stage: &Stage, seed: u64, rate: f64) -> Result<(), NotStarted> {
    let looking = tokio::spawn(stage.clone().keep_looking());
    let people = {
        let (stage, mut dice) = (stage.clone(), Dice::new(seed));
        // As long as all that follows.
        let lasting = Duration::from_secs(7 * 4 * 30 + 2 * 40);
        tokio::spawn(async move { arrivals(&stage, &mut dice, rate, lasting).await })
    };
    for place in Place::ALL {
        for switch in &Switch::ALL[1..] {
            tokio::time::sleep(Duration::from_secs(10)).await;
            stage.switch(place, *switch).await?;
            // Long enough for something to pile up behind those who act later.
            let piles_up =
                *switch == Switch::Stopped && matches!(place, Place::Stream | Place::Workers);
            let lasting = if piles_up { 60 } else { 20 };
            tokio::time::sleep(Duration::from_secs(lasting)).await;
            stage.switch(place, Switch::Ok).await?;
        }
    }
    let _ = people.await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    looking.abort();
    stage.look().await;
    Ok(())
}
