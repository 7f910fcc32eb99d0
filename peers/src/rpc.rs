//! The reference RPC compared with raw TCP, tarpc and tonic.
//!
//! All sides ask for the same thing, one learner's progress in one lesson, over one connection between
//! two processes that share one CPU. That placement is the most repeatable: across two CPUs, waking the
//! other one dominates and flatters the side that does most.

mod reference;
mod same;
mod tarpc_peer;
mod tonic_peer;

use ladder::cpus::Placement;
use ladder::sides;

use crate::compare::{Comparison, aim, shown, times};
use reference::Reference;
use tarpc_peer::Tarpc;
use tonic_peer::Tonic;

/// Callers that share one connection.
const CALLERS: usize = 64;

pub fn comparison() -> Comparison {
    Comparison {
        name: "rpc",
        title: "An RPC between two processes",
        placement: Placement::OneCpu,
        each: "a call",
        sides: vec![
            sides::raw_tcp("raw"),
            sides::raw_tcp("raw again"),
            sides::one_caller::<Reference>("reference"),
            sides::one_caller::<Tarpc>("tarpc"),
            sides::one_caller::<Tonic>("tonic"),
            sides::many_callers::<Reference, CALLERS>("reference x64"),
            sides::many_callers::<Tarpc, CALLERS>("tarpc x64"),
            sides::many_callers::<Tonic, CALLERS>("tonic x64"),
        ],
        aims: vec![
            shown("raw again", "raw", "noise: raw TCP against itself"),
            aim(
                "reference",
                "raw",
                "one caller, reference against raw TCP",
                1.5,
            ),
            aim(
                "reference",
                "tarpc",
                "one caller, reference against tarpc",
                0.6,
            ),
            aim(
                "reference",
                "tonic",
                "one caller, reference against tonic",
                0.25,
            ),
            times(
                "tarpc x64",
                "reference x64",
                "64 callers, calls for one of tarpc",
                3.0,
            ),
            times(
                "tonic x64",
                "reference x64",
                "64 callers, calls for one of tonic",
                12.0,
            ),
            times(
                "reference",
                "reference x64",
                "64 callers, calls for one of a lone caller",
                6.0,
            ),
        ],
        counted: |_| Vec::new(),
    }
}
