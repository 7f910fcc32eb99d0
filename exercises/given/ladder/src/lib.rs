//! The harness that measures the ladder of lab 1: what each step costs, from a function call to a
//! synced append, with the reader's own framed RPC as one of the rungs. Later labs measure their own
//! rungs and curves with it, as a [`suite`].
//!
//! A figure for "a call to another process" means little before three things are settled, so the
//! harness settles them:
//!
//! - **Two processes.** A client and a server in one runtime share a scheduler and never wake each
//!   other through the system. Every rung that crosses a boundary runs as a pair of processes.
//! - **Placement.** On one CPU the system only switches; across two it must wake a CPU that may
//!   be asleep. That decides more than the code does, so each pair is pinned and both placements
//!   are shown. Where the system cannot pin, the figures are marked `unpinned`.
//! - **Drift.** A machine changes speed while it is measured. All rungs are measured in short
//!   slices, round after round in a changing order, and compared within a round with the raw TCP
//!   ping-pong of the same placement. What is reported is the median of those ratios.
//!
//! It is not a load generator, and loopback is not a network: no distance, and hardly any loss.
//!
//! Modules in reading order: [`slice`] takes samples; [`pair`] starts two processes and measures
//! slices in them, [`child`] is their inside; [`cpus`] pins; [`suite`] says what can be measured, and
//! `rungs` is the ladder itself; `measure` takes turns, [`rounds`] compares; [`record`] is the file
//! of figures; `table`, `lessons` and [`figure`] show it. [`derived`] computes a line of a curve
//! from others. [`sides`] lends the pairs to other benches, [`append`] the bare disk, [`scratch`]
//! files, [`zipf`] keys as readers choose them, and `counted` (with the feature `redb`) a file for the
//! engine whose syncs are counted.

pub mod append;
mod args;
pub mod child;
#[cfg(feature = "redb")]
pub mod counted;
pub mod cpus;
mod curves;
pub mod derived;
pub mod figure;
mod figures;
mod lessons;
mod lines;
mod machine;
mod measure;
pub mod pair;
mod progress;
pub mod rounds;
mod run;
mod rungs;
pub mod scratch;
pub mod sides;
pub mod slice;
pub mod suite;
mod table;
pub mod zipf;

use std::future::Future;
use std::process::ExitCode;

use tokio::net::TcpStream;

pub use records::{record, units};

use crate::record::Record;
use crate::suite::Suite;

/// What the harness needs to know of an RPC to measure it.
///
/// `connect` and `serve` run in different processes, each on a current-thread runtime, and the
/// harness has set `TCP_NODELAY` on the stream.
pub trait Rpc: 'static {
    /// The calling side; shared by every task that calls.
    type Client: Send + Sync + 'static;

    /// Starts a client on a connected stream. Runs inside a tokio runtime.
    fn connect(stream: TcpStream) -> Self::Client;

    /// Serves one connection until it ends.
    fn serve(stream: TcpStream) -> impl Future<Output = ()> + Send;

    /// Makes one call; true when the answer was the right one.
    fn one(client: &Self::Client) -> impl Future<Output = bool> + Send;

    /// Asks for `n` items in one crossing; how many right answers came back.
    fn many(client: &Self::Client, n: usize) -> impl Future<Output = usize> + Send;
}

/// Measures the ladder with `R` as the framed RPC: the whole `main` of a bench.
///
/// The same executable is started again for every client and server, so this must be the first
/// thing that `main` does.
pub fn main<R: Rpc>() -> ExitCode {
    main_of(&rungs::suite::<R>())
}

/// Measures a suite: the whole `main` of a bench, as [`main`] is for the ladder.
pub fn main_of(suite: &Suite) -> ExitCode {
    main_deriving(suite, |_| ())
}

/// As [`main_of`]; `derive` adds to the record what follows from what was measured, before it is
/// written and shown. See [`derived`].
pub fn main_deriving(suite: &Suite, derive: fn(&mut Record)) -> ExitCode {
    let series = suite.curves.iter().flat_map(|curve| &curve.series);
    let sides = suite.rungs.iter().map(|rung| &rung.side);
    if let Some(code) = child::enter(sides.chain(series.map(|series| &series.side))) {
        return code;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{}", args::help(suite));
        return ExitCode::SUCCESS;
    }
    match args::Args::parse(args) {
        Ok(args) => run::run(suite, derive, &args),
        Err(message) => {
            eprintln!("{}: {message}\n\n{}", suite.what, args::help(suite));
            ExitCode::from(2)
        }
    }
}
