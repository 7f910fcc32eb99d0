//! What the figures say: a few plain sentences, each from this run's own numbers, and each left
//! out when its numbers are missing or say something else.

use crate::cpus::{Cpus, Placement};
use crate::record::Record;
use crate::units::{count, time};

/// The sentences for a record.
pub fn lessons(record: &Record) -> Vec<String> {
    let figures = Figures::of(record);
    [
        figures.calls_in_a_round_trip(),
        figures.waking_a_cpu(),
        figures.durability(),
        figures.batch(),
        figures.distance(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct Figures<'a> {
    record: &'a Record,
    home: Placement,
}

impl<'a> Figures<'a> {
    fn of(record: &'a Record) -> Self {
        let home = Cpus::home_of(record.rungs.iter().map(|figure| figure.placement));
        Self { record, home }
    }

    fn local(&self, id: &str) -> Option<f64> {
        self.record.p50(id, Placement::InProcess)
    }

    fn here(&self, id: &str) -> Option<f64> {
        self.record.p50(id, self.home)
    }

    fn calls_in_a_round_trip(&self) -> Option<String> {
        let (call, tcp) = (self.local("fn-call")?, self.here("tcp-loopback")?);
        Some(format!(
            "{} function calls fit in one round trip over loopback, which crosses no distance.",
            count(tcp / call)
        ))
    }

    fn waking_a_cpu(&self) -> Option<String> {
        let one = self.record.p50("tcp-loopback", Placement::OneCpu)?;
        let two = self.record.p50("tcp-loopback", Placement::TwoCpus)?;
        Some(if two > one * 1.2 {
            format!(
                "On two CPUs the same 64 bytes take {} times as long: waking the other CPU costs \
                 about {} each way, and no code of yours is in it.",
                count(two / one),
                time((two - one) / 2.0)
            )
        } else {
            format!(
                "On two CPUs the same 64 bytes take {} against {} on one: here the other CPU was \
                 awake. A CPU that sleeps costs tens of microseconds to wake.",
                time(two),
                time(one)
            )
        })
    }

    fn durability(&self) -> Option<String> {
        let (append, synced) = (self.local("append")?, self.local("append-fsync")?);
        let tcp = self.here("tcp-loopback")?;
        Some(format!(
            "An append that the disk has confirmed costs as much as {} that it has not, or as {} \
             round trips over loopback.",
            count(synced / append),
            count(synced / tcp)
        ))
    }

    fn batch(&self) -> Option<String> {
        let (calls, batch) = (self.here("calls-100")?, self.here("batch-100")?);
        Some(if calls > batch {
            format!(
                "100 calls take {}, one batch of the same 100 takes {}: {} times less, for one \
                 crossing instead of a hundred.",
                time(calls),
                time(batch),
                count(calls / batch)
            )
        } else {
            format!(
                "One batch of 100 takes {}, no less than 100 calls with {}: does it cross once?",
                time(batch),
                time(calls)
            )
        })
    }

    fn distance(&self) -> Option<String> {
        let (rpc, far) = (self.here("rpc")?, self.here("rpc-rtt-20ms")?);
        let share = rpc / far * 100.0;
        Some(format!(
            "With 20 ms of distance a call takes {}; all of the protocol is {share:.2}% of it. \
             Far away, only fewer crossings help.",
            time(far)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::sample::sample;

    #[test]
    fn the_sentences_follow_from_the_figures() {
        let told = lessons(&sample()).join("\n");
        for part in [
            "6,400 function calls fit",
            "take 13 times as long",
            "about 39 µs each way",
            "as much as 180 that it has not, or as 38 round trips",
            "100 calls take 900 µs, one batch of the same 100 takes 20 µs: 45 times less",
            "With 20 ms of distance a call takes 20 ms; all of the protocol is 0.04%",
        ] {
            assert!(told.contains(part), "{part}\nin\n{told}");
        }
    }

    #[test]
    fn figures_that_say_something_else_get_another_sentence() {
        let mut record = sample();
        for figure in &mut record.rungs {
            match (figure.id.as_str(), figure.placement) {
                ("tcp-loopback", Placement::TwoCpus) => figure.p50_ns = Some(6000.0),
                ("batch-100", _) => figure.p50_ns = Some(950_000.0),
                _ => {}
            }
        }
        let told = lessons(&record).join("\n");
        assert!(told.contains("here the other CPU was awake"), "{told}");
        assert!(told.contains("does it cross once?"), "{told}");
    }

    #[test]
    fn what_was_not_measured_is_not_talked_about() {
        let mut record = sample();
        for figure in &mut record.rungs {
            figure.p50_ns = figure.p50_ns.filter(|_| !figure.id.contains("rpc"));
        }
        assert_eq!(lessons(&record).len(), 4);
        record.rungs.clear();
        assert_eq!(lessons(&record), Vec::<String>::new());
    }
}
