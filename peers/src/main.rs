//! The course's solutions compared with others, in interleaved runs.
//!
//! A solution is an example that people will copy, so it must perform well: about as fast as its few
//! hundred lines allow, and much faster than libraries that do more.

mod cache;
mod commits;
mod compare;
mod events;
mod rpc;

use std::process::ExitCode;

use compare::Comparison;
use ladder::child;

fn main() -> ExitCode {
    let mut comparisons = vec![
        rpc::comparison(),
        commits::comparison(),
        events::comparison(),
    ];
    comparisons.extend(cache::comparisons());
    // A child finds its side by its id, and several comparisons have a `quick_cache`.
    comparisons.iter_mut().for_each(Comparison::name_sides);
    if let Some(code) = child::enter(comparisons.iter().flat_map(|one| &one.sides)) {
        return code;
    }
    if cfg!(debug_assertions) {
        eprintln!("peers: figures of a debug build mean nothing; use cargo run --release");
        return ExitCode::from(2);
    }
    let mut args = std::env::args().skip(1);
    let (name, side) = (args.next(), args.next());
    let chosen = |one: &&Comparison| name.as_ref().is_none_or(|name| one.name == name);
    let chosen: Vec<&Comparison> = comparisons.iter().filter(chosen).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = comparisons.iter().map(|one| one.name).collect();
        eprintln!("peers: [COMPARISON [SIDE]], of: {}", names.join(", "));
        return ExitCode::from(2);
    }
    for comparison in chosen {
        if let Err(broken) = comparison.run(side.as_deref()) {
            eprintln!("peers: {}", broken.message);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
