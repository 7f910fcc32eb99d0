//! How long a ledger of 100, 1,000 and 10,000 components takes, with three boundaries for each, and how
//! much memory: `cargo bench -p boundaries`.
//!
//! Each size runs in its own process, so that the peak memory is its own. Times are CPU times, the
//! lowest of several runs; small ledgers are read many times in each, as the system counts in
//! milliseconds. The largest ledger has 14 MB, and reading it takes most of the time, nearly all of that
//! in the TOML parser.
//!
//! Ten times the input takes ten times the instructions (`valgrind --tool=cachegrind --cache-sim=no`: ×
//! 9.9, × 10.1), and up to 14 times the time. A quarter of that goes to page faults; the rest probably
//! to CPU caches, which the largest does not fit into.
//!
//! `SCALE_RULES=1` prints the time of each rule. It fails if everything together takes more than a
//! second.

use boundaries::lint::{Options, lint};
use boundaries::output;
use ledger::{Date, Ledger};
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn main() {
    if let Ok(size) = std::env::var("SCALE_SIZE") {
        return one(size.parse().expect("a number"));
    }
    println!(
        "components  boundaries      bytes       parse        lint      print  peak memory  findings"
    );
    let this = std::env::current_exe().expect("this program");
    let mut before: Option<f64> = None;
    for size in SIZES {
        let mut command = Command::new(&this);
        let output = command
            .env("SCALE_SIZE", size.to_string())
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (row, seconds) = text
            .trim_end()
            .rsplit_once(' ')
            .expect("a row and its time");
        println!("{row}");
        let seconds: f64 = seconds.parse().expect("a time");
        if let Some(before) = before {
            let factor = seconds / before;
            println!("            10 × the input took {factor:.1} × the time");
        }
        before = Some(seconds);
    }
}

/// Reads, checks and prints a ledger of this size, and prints how long each took.
fn one(size: usize) {
    let text = ledger(size);
    let options = Options {
        today: Date::parse("2026-11-29").expect("a day"),
        pedantic: true,
        baseline: None,
        before: None,
    };
    let times = u32::try_from(10_000 / size).unwrap_or(1).max(1);
    let parsed = least(times, || Ledger::parse(&text).expect("a ledger"));
    let ledger = Ledger::parse(&text).expect("a ledger");
    let linted = least(times, || lint(&ledger, &options));
    let report = lint(&ledger, &options);
    let printed = least(times, || {
        output::text::render(&report, &ledger, "boundaries.toml", false)
    });
    let found = report.findings.len();
    let all = parsed + linted + printed;
    assert!(all <= Duration::from_secs(1), "it takes {all:?}");
    if std::env::var_os("SCALE_RULES").is_some() {
        let checks = ledger::rules::CHECKS.iter().chain(&review::rules::CHECKS);
        for (rule, check) in checks {
            let least = least(times, || check(&ledger));
            println!(
                "    {:<26} {:>8.2} ms",
                rule.name,
                least.as_secs_f64() * 1e3
            );
        }
    }
    println!(
        "{size:>10}  {:>10}  {:>9}  {:>8.2} ms  {:>7.2} ms  {:>6.2} ms  {:>11}  {found:>8} {}",
        3 * size,
        text.len(),
        parsed.as_secs_f64() * 1e3,
        linted.as_secs_f64() * 1e3,
        printed.as_secs_f64() * 1e3,
        peak(),
        all.as_secs_f64()
    );
}

/// How long one run takes, in the best of five rounds of `times` runs: other work on the machine only
/// adds to it.
fn least<T>(times: u32, mut run: impl FnMut() -> T) -> Duration {
    let mut round = || {
        let begun = Clock::now();
        for _ in 0..times {
            black_box(run());
        }
        begun.elapsed() / times
    };
    (0..5).map(|_| round()).min().unwrap_or_default()
}

fn ledger(size: usize) -> String {
    let mut text = String::new();
    let roles = [
        "service",
        "service",
        "service",
        "authority",
        "cache",
        "worker",
    ];
    for at in 0..size {
        let role = roles[at % roles.len()];
        let _ = writeln!(
            text,
            "[[component]]\nname = \"c{at}\"\nrole = \"{role}\"\nscope = \"cluster\"\nowner = \"t{}\"\n\
             objective = 0.9999\n[[fact]]\nname = \"f{at}\"\ndecided_by = \"c{}\"\naudience = \"user\"\n\
             [[copy]]\nof = \"f{at}\"\nat = \"c{at}\"\nstale_at_most = \"5 s\"\nrebuilt_from = \"c3\"\n\
             keyed_by = \"user\"",
            at % 40,
            at / 6 * 6 + 3
        );
    }
    for at in 0..3 * size {
        let from = at / 3;
        let to = (from + 1 + (at % 3) * 7).min(size - 1);
        if from == to {
            continue;
        }
        let _ = writeln!(
            text,
            "[[boundary]]\nfrom = \"c{from}\"\nto = \"c{to}\"\nmode = \"network\"\ntimeout = \"300 ms\"\n\
             tries = {}\naccess = \"read\"\ncarries = \"f{from}\"\np50 = \"3 ms\"\np99 = \"20 ms\"\n\
             pressure = {{ kind = \"load\", metric = \"requests\", value = \"1,900 a second\", evidence = \
             \"load test\", measured = 2026-11-02 }}\nfallback = {{ when_slow = \"callers wait\", \
             when_absent = \"callers are told\" }}\ncorrectness = {{ owner = \"c{}\" }}",
            1 + u32::from(at % 50 == 0),
            from / 6 * 6 + 3
        );
    }
    for at in 0..size / 10 {
        let _ = writeln!(
            text,
            "[[flow]]\nname = \"flow {at}\"\ndeadline = \"9 s\"\nobjective = 0.9"
        );
        for step in 0..5 {
            let from = (at * 10 + step).min(size - 2);
            let to = from + 1;
            let _ = writeln!(text, "[[flow.step]]\nfrom = \"c{from}\"\nto = \"c{to}\"");
        }
    }
    text
}

/// The time in which this process ran, if the system reports it, otherwise wall-clock time: a busy
/// machine then changes little.
struct Clock(Instant, Option<Duration>);

impl Clock {
    fn now() -> Self {
        Self(Instant::now(), on_cpu())
    }

    fn elapsed(&self) -> Duration {
        let ran = self.1.zip(on_cpu());
        ran.map_or_else(
            || self.0.elapsed(),
            |(before, now)| now.saturating_sub(before),
        )
    }
}

fn on_cpu() -> Option<Duration> {
    // "Time on the CPU, time ready for one, …", in nanoseconds.
    let said = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let ran = said.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(ran))
}

/// The peak memory of this process, if the system reports it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |line| {
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
        format!("{:.1} MiB", kib / 1024.0)
    })
}
