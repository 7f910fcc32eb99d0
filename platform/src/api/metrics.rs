//! What is counted, in Prometheus' text form.

use super::Api;
use crate::observer::BoardRow;
use crate::parts::{Account, Place};
use crate::switch::Switch;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

/// All of it.
pub(crate) fn text(api: &Api) -> String {
    let mut out = String::new();
    places(api, &mut out);
    counts(api, &mut out);
    consumers(api, &mut out);
    promises(api, &mut out);
    out
}

fn places(api: &Api, out: &mut String) {
    let meters = &api.ways.meters;
    let mut by_place = |name: &str, kind: &str, help: &str, value: &dyn Fn(Place) -> u64| {
        let places = Place::ALL.into_iter();
        let labelled = places.map(|place| (format!("{{place=\"{place}\"}}"), value(place)));
        family(out, name, kind, help, labelled);
    };
    by_place(
        "platform_calls_total",
        "counter",
        "Calls that a place was asked for.",
        &|place| meters.of(place).calls.load(Ordering::Relaxed),
    );
    by_place(
        "platform_failures_total",
        "counter",
        "Calls without a usable answer.",
        &|place| meters.of(place).failures.load(Ordering::Relaxed),
    );
    by_place(
        "platform_last_call_microseconds",
        "gauge",
        "How long the latest call took.",
        &|place| meters.of(place).last_us.load(Ordering::Relaxed),
    );
    by_place(
        "platform_well",
        "gauge",
        "1 unless a switch says otherwise.",
        &|place| u64::from(api.ways.switches.get(place) == Switch::Ok),
    );
}

fn counts(api: &Api, out: &mut String) {
    let mut one = |name: &str, kind: &str, help: &str, value: u64| {
        family(out, name, kind, help, [(String::new(), value)]);
    };
    let reads = api.reads.load(Ordering::Relaxed);
    one(
        "platform_reads_total",
        "counter",
        "Facts that were read.",
        reads,
    );
    one(
        "platform_authority_reads_total",
        "counter",
        "Facts that the authority was asked for.",
        api.ways.authority_reads(),
    );
    one(
        "platform_cache_entries",
        "gauge",
        "Entries in the cache.",
        api.cache.entries(),
    );
    one(
        "platform_outbox_waiting",
        "gauge",
        "Events committed and not yet published.",
        api.stream.waiting(),
    );
    one(
        "platform_stream_published_total",
        "counter",
        "Events published.",
        api.stream.published(),
    );
    one(
        "platform_view_watermark",
        "gauge",
        "Events that are in the dashboard.",
        api.view.watermark(),
    );
}

fn consumers(api: &Api, out: &mut String) {
    let accounts = api.workers.accounts();
    let mut by_consumer = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Account) -> u64| {
        let labelled = accounts.iter().map(|account| {
            let label = format!("{{consumer=\"{}\"}}", account.consumer);
            (label, value(account))
        });
        family(out, name, kind, help, labelled);
    };
    by_consumer(
        "platform_consumer_queued",
        "gauge",
        "Published, and not yet done.",
        &|account| account.queued,
    );
    by_consumer(
        "platform_consumer_dead_total",
        "counter",
        "Given up.",
        &|account| account.dead.len() as u64,
    );
}

fn promises(api: &Api, out: &mut String) {
    let board = api.ways.observer.board();
    let mut by_row = |name: &str, help: &str, value: &dyn Fn(&BoardRow) -> u64| {
        let rows = board.rows.iter();
        let labelled = rows.map(|row| (format!("{{row=\"{}\"}}", row.id), value(row)));
        family(out, name, "counter", help, labelled);
    };
    by_row(
        "platform_promise_checked_total",
        "How often a promise was checked.",
        &|row| row.standing.checked,
    );
    by_row(
        "platform_promise_broken_total",
        "How often it did not hold.",
        &|row| row.standing.broken,
    );
}

fn family(
    out: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    samples: impl IntoIterator<Item = (String, u64)>,
) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in samples {
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}
