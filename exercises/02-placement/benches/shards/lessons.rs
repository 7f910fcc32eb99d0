//! What the figures say, by the reader's own `cost` and `fit`.

use ladder::cpus::Placement;
use ladder::derived::attempt;
use ladder::record::{Curve, Point, Record, Status};
use ladder::units::{count, grouped};
use placement::capacity::{self, Cost, Measured};
use placement::usl::Usl;

/// The sentences for a record.
pub fn lessons(record: &Record) -> Vec<String> {
    let mut lessons = Vec::new();
    if let Some(curve) = record.curves.iter().find(|curve| curve.id == "scaling") {
        lessons.extend(cost(record, curve));
        lessons.extend(best(curve));
        // Why there is none stands below the curve.
        if let Ok(Ok(law)) = attempt(|| crate::law(curve)) {
            lessons.extend(attempt(|| of_law(record, &law)).ok());
        }
    }
    lessons.extend(crossing(record));
    lessons
}

fn cost(record: &Record, curve: &Curve) -> Option<String> {
    let thread = measured(&thread(curve)?);
    let sharded = crate::sharded(curve);
    let sharded: Vec<_> = sharded
        .iter()
        .map(|(n, point)| (*n, measured(point)))
        .collect();
    if sharded.is_empty() {
        return None;
    }
    let cpus = cpus(record);
    Some(match attempt(|| capacity::cost(thread, &sharded)) {
        Ok(Ok(Cost::Shards(shards))) => format!(
            "COST: the smallest number of shards that beat one thread here is {shards}. This machine \
             has {cpus}."
        ),
        Ok(Ok(Cost::NotWith { up_to })) => format!(
            "COST: no number of shards up to {up_to} beat one thread here by more than the noise. \
             This machine has {cpus}."
        ),
        Ok(Err(why)) => format!("COST: none, because {why}."),
        Err(broken) if broken.status == Status::NotBuilt => {
            format!("COST: not built yet: {}", broken.message)
        }
        Err(broken) => format!("COST: no figure: {}", broken.message),
    })
}

fn best(curve: &Curve) -> Option<String> {
    let thread = thread(curve)?;
    let sharded = crate::sharded(curve);
    let (shards, best) = sharded
        .iter()
        .max_by(|(_, one), (_, other)| one.y.total_cmp(&other.y))?;
    Some(format!(
        "The most was scored with {}: {:.2} times what one thread scored in the same rounds.",
        some(*shards, "shard"),
        best.y / thread.y
    ))
}

fn of_law(record: &Record, law: &Usl) -> String {
    let peak = match law.peak() {
        Some(peak) => format!("its peak is at {}", some(peak, "shard")),
        None => "it has no peak".to_owned(),
    };
    format!(
        "The law's curve has λ = {} learners a second, σ = {:.3} and κ = {:.4}; {peak}. It was fitted \
         on {}, and knows of no others.",
        count(law.lambda),
        law.sigma,
        law.kappa,
        cpus(record)
    )
}

fn crossing(record: &Record) -> Option<String> {
    let rung = record.measured("shards-2", Placement::InProcess)?;
    let a_run = |what| {
        let counted = rung.counts.get(what)?;
        counted.checked_div(*rung.counts.get("runs")?)
    };
    Some(format!(
        "A run on 2 shards takes {} rounds; {} bytes go to them and {} come back. That is counted, and \
         holds on every machine.",
        a_run("rounds")?,
        grouped(a_run("bytes sent")?),
        grouped(a_run("bytes answered")?)
    ))
}

/// The same at every place.
fn thread(curve: &Curve) -> Option<Point> {
    let series = curve.series.iter().find(|series| series.id == "thread")?;
    series.points.first().copied()
}

/// The outermost tenth of the rounds is left out of a point already: something else always ran in one.
const fn measured(point: &Point) -> Measured {
    Measured {
        lowest: point.low,
        median: point.y,
        highest: point.high,
    }
}

fn cpus(record: &Record) -> String {
    let cpus = record.machine.logical_cpus;
    format!("{cpus} CPU{}", if cpus == 1 { "" } else { "s" })
}

fn some(number: u32, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
