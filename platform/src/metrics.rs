//! What is counted, in Prometheus' text form.

use crate::api::Api;
use crate::parts::Place;
use crate::switch::Switch;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

/// All of it.
pub(crate) fn text(api: &Api) -> String {
    let mut out = String::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, u64)]| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    };
    let by_place = |value: &dyn Fn(Place) -> u64| -> Vec<(String, u64)> {
        let places = Place::ALL.into_iter();
        places
            .map(|place| (format!("{{place=\"{place}\"}}"), value(place)))
            .collect()
    };
    let meters = &api.ways.meters;
    family(
        "platform_calls_total",
        "counter",
        "Calls that a place was asked for.",
        &by_place(&|place| meters.of(place).calls.load(Ordering::Relaxed)),
    );
    family(
        "platform_failures_total",
        "counter",
        "Calls without a usable answer.",
        &by_place(&|place| meters.of(place).failures.load(Ordering::Relaxed)),
    );
    family(
        "platform_last_call_microseconds",
        "gauge",
        "How long the latest call took.",
        &by_place(&|place| meters.of(place).last_us.load(Ordering::Relaxed)),
    );
    family(
        "platform_well",
        "gauge",
        "1 unless a switch says otherwise.",
        &by_place(&|place| u64::from(api.ways.switches.get(place) == Switch::Ok)),
    );
    let one = |value: u64| [(String::new(), value)];
    family("platform_reads_total", "counter", "Facts that were read.", &one(api.reads.load(Ordering::Relaxed)));
    family("platform_authority_reads_total", "counter", "Facts that the authority was asked for.", &one(api.ways.authority_reads()));
    family("platform_cache_entries", "gauge", "Entries in the cache.", &one(api.cache.entries()));
    family("platform_outbox_waiting", "gauge", "Events committed and not yet published.", &one(api.stream.waiting()));
    family("platform_stream_published_total", "counter", "Events published.", &one(api.stream.published()));
    family("platform_view_watermark", "gauge", "Events that are in the dashboard.", &one(api.view.watermark()));
    let accounts = api.workers.accounts();
    let by_consumer = |value: &dyn Fn(&crate::parts::Account) -> u64| -> Vec<(String, u64)> {
        accounts
            .iter()
            .map(|account| (format!("{{consumer=\"{}\"}}", account.consumer), value(account)))
            .collect()
    };
    family("platform_consumer_queued", "gauge", "Published, and not yet done.", &by_consumer(&|account| account.queued));
    family("platform_consumer_dead_total", "counter", "Given up.", &by_consumer(&|account| account.dead.len() as u64));
    let board = api.ways.observer.board();
    let rows = |value: &dyn Fn(&crate::observer::BoardRow) -> u64| -> Vec<(String, u64)> {
        let rows = board.rows.iter();
        rows.map(|row| (format!("{{row=\"{}\"}}", row.id), value(row)))
            .collect()
    };
    family("platform_promise_checked_total", "counter", "How often a promise was checked.", &rows(&|row| row.standing.checked));
    family("platform_promise_broken_total", "counter", "How often it did not hold.", &rows(&|row| row.standing.broken));
    out
}
