//! The table on the terminal.

use std::collections::HashSet;

use crate::cpus::{Cpus, Placement};
use crate::curves;
use crate::lines::{WIDTH, wrapped};
use crate::record::{Figure, Record, Status};
use crate::suite::Suite;
use crate::units;

const NAME: usize = 26;
const TIME: usize = 9;

/// The table, with what there is to know about the run around it.
pub fn table(record: &Record, suite: &Suite) -> String {
    let mut out = header(record, suite);
    let home = home(record);
    let mut said = HashSet::new();
    let mut notes = Vec::new();
    out.push_str(&columns(home, suite.against));
    for rung in suite.rungs.iter().filter(|rung| !rung.control) {
        let of = |placement: Placement| {
            let mut all = record.rungs.iter();
            all.find(|f| f.id == rung.side.id && f.placement == placement)
        };
        let main = of(home).or_else(|| of(Placement::InProcess));
        let Some(main) = main else { continue };
        if main.status == Status::Measured {
            out.push_str(&row(
                &name(rung.short, record),
                main,
                of(Placement::TwoCpus),
            ));
        } else {
            out.push_str(&gap(&name(rung.short, record), main, &mut said));
        }
        let others = [Some(main), of(Placement::TwoCpus)];
        for figure in others.into_iter().flatten() {
            if !figure.note.is_empty() && !notes.iter().any(|(_, known)| known == &figure.note) {
                notes.push((rung.short, figure.note.clone()));
            }
            if !figure.counts.is_empty() {
                notes.push((rung.short, counts(figure)));
            }
            let lost = figure.placement == Placement::TwoCpus && figure.status != Status::Measured;
            if lost && main.status == Status::Measured && said.insert(figure.message.clone()) {
                notes.push(("on two CPUs", figure.message.clone()));
            }
        }
    }
    out.push('\n');
    for line in noise(record, suite.against) {
        out.push_str(&wrapped("noise: ", &line));
    }
    for (name, note) in notes {
        out.push_str(&wrapped(&format!("{name}: "), &note));
    }
    for curve in &record.curves {
        out.push_str(&curves::table(curve));
    }
    out
}

/// Where the figures of the first column were taken.
fn home(record: &Record) -> Placement {
    Cpus::home_of(record.rungs.iter().map(|figure| figure.placement))
}

fn header(record: &Record, suite: &Suite) -> String {
    let machine = &record.machine;
    let mut out = format!(
        "{} on {}, {} CPUs, {}, rustc {}\n",
        suite.title, machine.cpu, machine.logical_cpus, machine.os, record.build.rustc
    );
    let mut warn = |text: &str| out.push_str(&wrapped("", text));
    if !record.build.optimised {
        warn("NOT OPTIMISED: this is a debug build, and its figures say nothing. Use cargo bench.");
    }
    if machine.virtual_machine {
        warn("A virtual machine: waking a CPU goes through the hypervisor and costs more.");
    }
    if record.quick {
        warn("A quick run: few and short rounds, good for an impression.");
    }
    if record.ours {
        warn("The framed call is the course's own, since yours is not built yet.");
    }
    if home(record) == Placement::Unpinned {
        warn(
            "UNPINNED: this system cannot pin a process to a CPU, so the scheduler decides where \
             each side runs; ratios may differ tenfold between runs.",
        );
    }
    out.push('\n');
    out
}

fn columns(home: Placement, against: &str) -> String {
    let first = match home {
        Placement::Unpinned => "unpinned",
        _ => "one CPU",
    };
    let line = |name: &str, p50: &str, two: &str, p99: &str, ratio: &str| {
        let line = format!("{name:NAME$}{p50:>TIME$}{two:>TIME$}{p99:>TIME$}  {ratio}");
        format!("{}\n", line.trim_end())
    };
    let mut out = line("", "p50,", "p50,", "p99,", &format!("against {against}"));
    out.push_str(&line("rung", first, "two CPUs", first, "in the same round"));
    out.push_str(&"─".repeat(WIDTH));
    out.push('\n');
    out
}

/// A rung's name, which says whose code it is.
fn name(short: &str, record: &Record) -> String {
    if record.ours {
        short.replace("(yours)", "(ours)")
    } else {
        short.to_owned()
    }
}

fn row(name: &str, main: &Figure, two: Option<&Figure>) -> String {
    let time = |ns: Option<f64>| ns.map_or_else(|| "–".to_owned(), units::time);
    // With fewer samples the hundredth part of them is not even one.
    let p99 = main.p99_ns.filter(|_| main.samples >= 100);
    let ratio = main
        .ratio
        .as_ref()
        .map(|r| units::ratio_with_spread(r.median, r.low, r.high))
        .unwrap_or_default();
    let line = format!(
        "{name:NAME$}{:>TIME$}{:>TIME$}{:>TIME$}  {ratio}",
        time(main.p50_ns),
        time(two.and_then(|f| f.p50_ns)),
        time(p99),
    );
    format!("{}\n", line.trim_end())
}

/// A rung without figures; the same reason is printed once.
fn gap(name: &str, figure: &Figure, said: &mut HashSet<String>) -> String {
    let status = match figure.status {
        Status::NotBuilt => "not built yet",
        _ => "no figure",
    };
    let start = format!("{name:NAME$}  {status}");
    if said.insert(figure.message.clone()) {
        wrapped(&format!("{start}:"), &figure.message)
    } else {
        format!("{start}, for the same reason\n")
    }
}

/// What was counted, as `1,204 syncs`; two placements of a rung count for themselves.
fn counts(figure: &Figure) -> String {
    let counts = units::counts(&figure.counts);
    format!("counted {}: {counts}", figure.placement.words())
}

fn noise(record: &Record, against: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for noise in &record.noise {
        lines.push(format!(
            "{against} against itself {}: {}",
            noise.placement.words(),
            units::ratio_with_spread(noise.median, noise.low, noise.high),
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Rung;
    use records::sample::sample;

    fn suite(record: &Record) -> Suite {
        let mut ids: Vec<_> = record.rungs.iter().map(|f| f.id.clone()).collect();
        ids.dedup();
        let rungs = ids.into_iter().map(|id| {
            let id: &'static str = id.leak();
            Rung::within(id, |_| Err(String::new()), id, id)
        });
        Suite {
            what: "ladder",
            title: "The ladder",
            against: "raw TCP",
            command: ["measure", "ladder"],
            rungs: rungs.collect(),
            curves: Vec::new(),
            lessons: |_| Vec::new(),
            picture: None,
        }
    }

    fn widest(text: &str) -> usize {
        text.lines().map(|l| l.chars().count()).max().unwrap_or(0)
    }

    #[test]
    fn a_row_shows_both_placements_the_tail_and_the_ratio() {
        let record = sample();
        let table = table(&record, &suite(&record));
        let row = table
            .lines()
            .find(|l| l.starts_with("tcp-loopback"))
            .unwrap();
        let words: Vec<_> = row.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "tcp-loopback",
                "6.4",
                "µs",
                "85",
                "µs",
                "9.6",
                "µs",
                "1.00×",
                "(0.98–1.02)"
            ]
        );
        assert!(table.contains("1/6,400 (6,300–6,500)"), "{table}");
        assert!(widest(&table) <= WIDTH, "{table}");
        assert!(!table.contains("NOT OPTIMISED"));
    }

    #[test]
    fn a_reason_is_told_once_and_fits() {
        let mut record = sample();
        for figure in &mut record.rungs[4..6] {
            figure.status = Status::NotBuilt;
            figure.p50_ns = None;
            figure.message = "Split the stream into frames ".repeat(6).trim().to_owned();
        }
        let table = table(&record, &suite(&record));
        assert_eq!(table.matches("not built yet: Split").count(), 1, "{table}");
        assert_eq!(table.matches("not built yet, for the same").count(), 1);
        assert!(widest(&table) <= WIDTH, "{table}");
    }

    #[test]
    fn what_weakens_the_figures_is_said() {
        let mut record = sample();
        record.build.optimised = false;
        record.quick = true;
        for figure in &mut record.rungs {
            figure.placement = Placement::Unpinned;
        }
        let table = table(&record, &suite(&record));
        for words in ["NOT OPTIMISED", "virtual machine", "quick run", "UNPINNED"] {
            assert!(table.contains(words), "{words} in {table}");
        }
        assert!(widest(&table) <= WIDTH, "{table}");
    }

    #[test]
    fn our_own_call_is_not_passed_off_as_the_readers() {
        let mut record = sample();
        let name_of = |record: &Record| name("framed RPC (yours)", record);
        assert_eq!(name_of(&record), "framed RPC (yours)");
        record.ours = true;
        assert_eq!(name_of(&record), "framed RPC (ours)");
        let table = table(&record, &suite(&record));
        assert!(table.contains("the course's own"), "{table}");
    }

    #[test]
    fn few_samples_have_no_tail() {
        let mut record = sample();
        record.rungs[0].samples = 99;
        let table = table(&record, &suite(&record));
        let row = table.lines().find(|l| l.starts_with("fn-call")).unwrap();
        assert_eq!(
            row.matches('–').count(),
            3,
            "no two CPUs, no p99, one spread: {row}"
        );
    }
}
