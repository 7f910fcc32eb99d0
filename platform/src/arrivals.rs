//! The arrivals: they come to the stage at the rate of its load, and their figures are drawn.

use crate::browser::Browser;
use crate::load::{Act, Dice};
use crate::stage::Stage;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How many visits may be under way; an arrival beyond them is counted and turned away at the browser.
const MAX_UNDER_WAY: usize = 1024;

/// Lets arrivals come, without end.
pub async fn come(stage: Stage) {
    let places = Arc::new(Semaphore::new(MAX_UNDER_WAY));
    let browser = stage.browser();
    loop {
        let changed = stage.load().changed();
        let rate = stage.load().rate();
        if rate == 0 {
            changed.await;
            continue;
        }
        tokio::select! {
            () = changed => {}
            () = come_at(rate, &stage, &browser, &places) => {}
        }
    }
}

async fn come_at(rate: u64, stage: &Stage, browser: &Browser, places: &Arc<Semaphore>) {
    let load = stage.load();
    let mut dice = Dice::new(load.seed());
    let mut next = Instant::now();
    loop {
        #[expect(clippy::cast_precision_loss, reason = "a rate is small")]
        let gap = dice.gap(rate as f64);
        next += gap;
        let act = Act::next(&mut dice);
        tokio::time::sleep_until(next).await;
        load.arrived();
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            load.turned_away();
            continue;
        };
        let (load, key) = (load.clone(), stage.fresh_key());
        let browser = browser.on(dice.below(2));
        let due = next;
        tokio::spawn(async move {
            let visit = act.act(&browser, &key).await;
            drop(place);
            // Time spent reading a lesson is not latency.
            let reading = match act {
                Act::Later { wait, .. } => wait,
                _ => Duration::ZERO,
            };
            load.done(&visit, due + reading);
        });
    }
}

/// Draws a point each second, without end.
pub async fn measure(stage: Stage) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (reads, loads) = stage.reads();
        stage.load().draw(reads, loads, stage.observer().sums());
    }
}
