//! The course's stream compared with the bare disk, and with NATS JetStream set to sync each message.
//!
//! The stream and the raw log are those of lab 5's bench, by path: the same code measures both, so a
//! figure here and one in the book mean the same. A producer passes 64 or 512 events and waits until all
//! of them are acknowledged. `JetStream` gets them one by one, all in flight, as its clients do.

#[path = "../../exercises/05-outbox/benches/events/log.rs"]
#[expect(
    dead_code,
    reason = "the curve over the size of a batch is the bench's"
)]
mod log;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, stream};
use futures_util::future::try_join_all;
use ladder::child::{Probe, Seat, Side};
use ladder::cpus::Placement;
use ladder::scratch;
use tokio::runtime::Builder;

use crate::compare::{Comparison, Measured, aim, folder, of, shown};

/// Names a server of 2.10 or later, when there is none on the path.
const SERVER: &str = "NATS_SERVER";

/// How long the server may take to listen.
const START: Duration = Duration::from_secs(10);

/// As long as an event of ours with its envelope.
const PAYLOAD: [u8; 66] = [7; 66];

pub fn comparison() -> Comparison {
    let side = |id, client| Side {
        id,
        server: None,
        client,
    };
    let mut sides = vec![
        side("log 64", log::append::<64>),
        side("log 64 again", log::append::<64>),
        side("stream 64", log::publish::<64>),
        side("log 512", log::append::<512>),
        side("stream 512", log::publish::<512>),
    ];
    if server().is_some() {
        let peer = |id, client| Side {
            server: Some(serve),
            ..side(id, client)
        };
        sides.push(peer("jetstream 64", publish::<64>));
        sides.push(peer("jetstream 512", publish::<512>));
    }
    Comparison {
        name: "events",
        title: "A durable event",
        placement: Placement::OneCpu,
        each: "an event",
        sides,
        aims: vec![
            shown(
                "log 64 again",
                "log 64",
                "noise: the raw log against itself",
            ),
            aim(
                "stream 64",
                "log 64",
                "64 in flight, stream against raw log",
                1.3,
            ),
            aim(
                "stream 512",
                "log 512",
                "512 in flight, stream against raw log",
                1.3,
            ),
            aim(
                "stream 64",
                "jetstream 64",
                "64 in flight, stream against JetStream",
                0.8,
            ),
            aim(
                "stream 512",
                "jetstream 512",
                "512 in flight, stream against JetStream",
                0.8,
            ),
        ],
        counted,
    }
}

fn counted(measured: &[Measured]) -> Vec<String> {
    let mut lines = vec![scratch::note(&folder()).replace("the figures", "this program")];
    for id in ["stream 64", "stream 512"] {
        lines.extend(of(measured, id).map(|samples| {
            let (batches, syncs) = (samples.counted("batches"), samples.counted("syncs"));
            format!("{id}: {syncs} syncs of {batches} batches")
        }));
    }
    if of(measured, "jetstream 64").is_none() {
        lines.push(format!(
            "no nats-server on the path or in {SERVER}: JetStream was left out"
        ));
    }
    lines
}

/// The server's program, if there is one.
fn server() -> Option<PathBuf> {
    let named = std::env::var_os(SERVER).map(PathBuf::from);
    named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join("nats-server"))
            .find(|file| file.is_file())
    })
}

/// This process becomes the server, so ending it ends the server.
fn serve(seat: &Seat, announce: &dyn Fn(&str)) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    let store = seat
        .folder
        .join(format!("jetstream-{}", std::process::id()));
    std::fs::create_dir_all(&store).map_err(said)?;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(said)?;
    let address = free.local_addr().map_err(said)?;
    drop(free);
    let configuration = store.join("server.conf");
    let text = format!(
        "listen: \"{address}\"\njetstream {{ store_dir: {store:?}, sync_interval: always }}\n"
    );
    std::fs::write(&configuration, text).map_err(said)?;
    announce(&address.to_string());
    let program = server().ok_or("there is no nats-server")?;
    let mut command = Command::new(program);
    command.arg("--config").arg(configuration);
    // Its output stays the pipe that shows the coordinator that this process is alive.
    command.stderr(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        Err(command.exec().to_string())
    }
    #[cfg(not(unix))]
    command.status().map(|_| ()).map_err(said)
}

/// `BATCH` events in flight on one connection until each is acknowledged; a sample is the time per
/// event.
fn publish<const BATCH: usize>(seat: &Seat) -> Result<Probe, String> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let address = seat.address.clone();
    let context = runtime.block_on(async move {
        let client = connected(&address).await?;
        let context = jetstream::new(client);
        let stream = stream::Config {
            name: "events".to_owned(),
            subjects: vec!["events.>".to_owned()],
            storage: stream::StorageType::File,
            max_messages: 100_000,
            ..stream::Config::default()
        };
        let made = context.create_stream(stream).await;
        made.map(|_| context).map_err(|error| error.to_string())
    })?;
    Ok(Box::new(move |mut slice| {
        runtime.block_on(async {
            while slice.goes_on() {
                let start = Instant::now();
                let mut acknowledged = Vec::with_capacity(BATCH);
                for _ in 0..BATCH {
                    let sent = context.publish("events.7", PAYLOAD.as_slice().into()).await;
                    acknowledged.push(sent.map_err(|error| error.to_string())?.into_future());
                }
                let all = try_join_all(acknowledged).await;
                all.map_err(|error| error.to_string())?;
                slice.keep(start.elapsed(), BATCH as u64);
            }
            Ok(slice)
        })
    }))
}

/// A connection, as soon as the server listens.
async fn connected(address: &str) -> Result<async_nats::Client, String> {
    let start = Instant::now();
    loop {
        match async_nats::connect(address).await {
            Ok(client) => return Ok(client),
            Err(error) if start.elapsed() > START => return Err(error.to_string()),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
