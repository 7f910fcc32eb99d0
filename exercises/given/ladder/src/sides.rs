//! Sides to compare RPCs with, for benches other than the ladder.
//!
//! The ladder asks what a boundary costs; whoever maintains an RPC asks how it compares with
//! another. Both need the same pairs of processes. Start them with [`Pair::start`], measure slices
//! in turns, and compare with [`Spread::of_ratios`].
//!
//! [`Pair::start`]: crate::pair::Pair::start
//! [`Spread::of_ratios`]: crate::rounds::Spread::of_ratios

use crate::Rpc;
use crate::child::Side;
use crate::rungs::{rpc, sockets};

/// The raw, blocking TCP ping-pong: what no RPC over TCP can beat.
pub fn raw_tcp(id: &'static str) -> Side {
    Side {
        id,
        server: Some(sockets::echo_tcp),
        client: sockets::ping_tcp,
    }
}

/// One caller, who waits for each answer before asking again.
pub fn one_caller<R: Rpc>(id: &'static str) -> Side {
    Side {
        id,
        server: Some(rpc::serve::<R, 0>),
        client: rpc::one::<R>,
    }
}

/// `CALLERS` tasks that share one client and call all the time. A slice has a single sample: the
/// time divided by the calls of all of them.
pub fn many_callers<R: Rpc, const CALLERS: usize>(id: &'static str) -> Side {
    Side {
        id,
        server: Some(rpc::serve::<R, 0>),
        client: rpc::many_callers::<R, CALLERS>,
    }
}
