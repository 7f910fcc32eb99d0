//! The rungs, in the order of the ladder.

mod disk;
mod local;
mod relay;
pub mod rpc;
pub mod sockets;

use crate::child::{Probe, Seat, Side};
use crate::suite::{Rung, Suite};
use crate::{Rpc, figure, lessons, scratch};

/// How much travels each way on the raw rungs: a small request, in one segment and cache line.
const MESSAGE_BYTES: usize = 64;

/// The raw TCP ping-pong's id: the physical limit, and the base of every ratio.
pub const BASE: &str = "tcp-loopback";

/// The base measured a second time, by a pair of its own, to show what a ratio of 1 looks like.
pub const CONTROL: &str = "tcp-loopback-again";

/// The ladder, with `R` as the framed RPC.
pub fn suite<R: Rpc>() -> Suite {
    Suite {
        what: "ladder",
        title: "The ladder",
        against: "raw TCP",
        command: ["measure", "ladder"],
        rungs: all::<R>(),
        curves: Vec::new(),
        lessons: lessons::lessons,
        picture: Some((figure::PATH, figure::svg)),
    }
}

fn all<R: Rpc>() -> Vec<Rung> {
    let mut rungs = Vec::from(local());
    rungs.extend(sockets());
    rungs.extend(framed::<R>());
    rungs.push(Rung {
        most: sockets::CONNECTIONS_A_SLICE,
        ..crossing(
            Side {
                id: "tcp-connect",
                server: Some(sockets::echo_tcp),
                client: sockets::connect_each_time,
            },
            "A new TCP connection for each exchange",
            "new TCP connection a call",
        )
    });
    rungs.extend(disk());
    rungs.extend(hundred::<R>());
    rungs
}

fn local() -> [Rung; 5] {
    [
        within(
            "fn-call",
            local::fn_call,
            "A function call, not inlined",
            "function call",
        ),
        within(
            "dyn-call",
            local::dyn_call,
            "A call through a trait object",
            "dynamic call",
        ),
        within(
            "mutex",
            local::mutex,
            "Locking and unlocking a mutex that nobody else wants",
            "uncontended mutex",
        ),
        crossing(
            Side {
                id: "thread-handoff",
                server: None,
                client: local::thread_handoff,
            },
            "A message to another thread and back",
            "thread hand-off and back",
        ),
        within(
            "task-handoff",
            local::task_handoff,
            "A message to another task on the same thread and back",
            "task hand-off and back",
        ),
    ]
}

fn sockets() -> [Rung; 3] {
    [
        crossing(
            Side {
                id: "unix-socket",
                server: Some(sockets::echo_unix),
                client: sockets::ping_unix,
            },
            "Unix socket, 64 B there and back",
            "Unix socket, 64 B",
        ),
        crossing(
            Side {
                id: BASE,
                server: Some(sockets::echo_tcp),
                client: sockets::ping_tcp,
            },
            "TCP loopback, 64 B there and back",
            "TCP loopback, 64 B (raw)",
        ),
        Rung {
            control: true,
            ..crossing(
                Side {
                    id: CONTROL,
                    server: Some(sockets::echo_tcp),
                    client: sockets::ping_tcp,
                },
                "TCP loopback once more",
                "TCP loopback, once more",
            )
        },
    ]
}

fn framed<R: Rpc>() -> [Rung; 3] {
    [
        crossing(
            Side {
                id: "rpc",
                server: Some(rpc::serve::<R, 0>),
                client: rpc::one::<R>,
            },
            "The framed RPC, one call",
            "framed RPC (yours)",
        ),
        delayed(
            Side {
                id: "rpc-rtt-500us",
                server: Some(rpc::serve::<R, 500>),
                client: rpc::one::<R>,
            },
            "The framed RPC with 0.5 ms of round trip added",
            "framed RPC, 0.5 ms away",
        ),
        delayed(
            Side {
                id: "rpc-rtt-20ms",
                server: Some(rpc::serve::<R, 20_000>),
                client: rpc::one::<R>,
            },
            "The framed RPC with 20 ms of round trip added",
            "framed RPC, 20 ms away",
        ),
    ]
}

fn disk() -> [Rung; 2] {
    let append = |id, client, title, short| Rung {
        note: scratch::note,
        ..within(id, client, title, short)
    };
    [
        append(
            "append",
            disk::append,
            "Appending 64 B to a file",
            "append 64 B",
        ),
        append(
            "append-fsync",
            disk::append_synced,
            "Appending 64 B to a file and syncing it",
            "append 64 B and fsync",
        ),
    ]
}

fn hundred<R: Rpc>() -> [Rung; 2] {
    let over = |id, client, title, short| Rung {
        needs: Some("rpc"),
        ..crossing(
            Side {
                id,
                server: Some(rpc::serve::<R, 0>),
                client,
            },
            title,
            short,
        )
    };
    [
        over(
            "calls-100",
            rpc::calls::<R>,
            "100 calls of the framed RPC, one after another",
            "100 calls in sequence",
        ),
        over(
            "batch-100",
            rpc::batch::<R>,
            "One call of the framed RPC for 100 items",
            "one batch of 100",
        ),
    ]
}

fn within(
    id: &'static str,
    client: fn(&Seat) -> Result<Probe, String>,
    title: &'static str,
    short: &'static str,
) -> Rung {
    Rung {
        base: BASE,
        ..Rung::within(id, client, title, short)
    }
}

fn crossing(side: Side, title: &'static str, short: &'static str) -> Rung {
    Rung {
        crosses: true,
        side,
        ..within("", |_| Err(String::new()), title, short)
    }
}

fn delayed(side: Side, title: &'static str, short: &'static str) -> Rung {
    Rung {
        needs: Some("rpc"),
        least: 3,
        note: |_| relay::NOTE.to_owned(),
        ..crossing(side, title, short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    struct Silent;

    impl Rpc for Silent {
        type Client = ();
        fn connect(_: TcpStream) {}
        async fn serve(_: TcpStream) {}
        async fn one((): &()) -> bool {
            false
        }
        async fn many((): &(), _: usize) -> usize {
            0
        }
    }

    #[test]
    fn the_ladder_has_all_its_rungs_in_order() {
        let ids: Vec<_> = all::<Silent>()
            .iter()
            .filter(|rung| !rung.control)
            .map(|rung| rung.side.id)
            .collect();
        assert_eq!(
            ids,
            [
                "fn-call",
                "dyn-call",
                "mutex",
                "thread-handoff",
                "task-handoff",
                "unix-socket",
                "tcp-loopback",
                "rpc",
                "rpc-rtt-500us",
                "rpc-rtt-20ms",
                "tcp-connect",
                "append",
                "append-fsync",
                "calls-100",
                "batch-100"
            ]
        );
    }

    #[test]
    fn every_rung_fits_the_table_and_needs_only_what_comes_before() {
        let rungs = all::<Silent>();
        for (i, rung) in rungs.iter().enumerate() {
            assert!(rung.short.chars().count() <= 26, "{}", rung.short);
            if let Some(needed) = rung.needs {
                assert!(rungs[..i].iter().any(|before| before.side.id == needed));
            }
        }
    }
}
