//! The rungs of the framed RPC, each side on a current-thread runtime of its own.
//!
//! Whoever calls runs as a spawned task, as a caller in a real server would. The future given to
//! `block_on` is woken through the runtime's own event file, which costs a system call a wake-up.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::relay;
use crate::Rpc;
use crate::child::{Probe, Seat};

/// How many items the last two rungs ask for.
const ITEMS: usize = 100;

/// What is said of a call that failed.
const WRONG: &str = "a call did not bring the right answer";

/// Serves `R`; with a round trip to add, behind a relay.
pub fn serve<R: Rpc, const RTT_US: u64>(_: &Seat, announce: &dyn Fn(&str)) -> Result<(), String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| e.to_string())?;
    let mut address = listener.local_addr().map_err(|e| e.to_string())?;
    if RTT_US > 0 {
        let round_trip = Duration::from_micros(RTT_US);
        address = relay::start(address, round_trip).map_err(|e| e.to_string())?;
    }
    listener.set_nonblocking(true).map_err(|e| e.to_string())?;
    let runtime = runtime()?;
    announce(&address.to_string());
    let accepting = runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(|e| e.to_string())?;
        loop {
            let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
            stream.set_nodelay(true).map_err(|e| e.to_string())?;
            tokio::spawn(R::serve(stream));
        }
    });
    runtime.block_on(accepting).map_err(|e| e.to_string())?
}

pub fn one<R: Rpc>(seat: &Seat) -> Result<Probe, String> {
    probe::<R, _, _>(seat, |client| async move {
        R::one(&client).await.then_some(()).ok_or(WRONG)
    })
}

pub fn calls<R: Rpc>(seat: &Seat) -> Result<Probe, String> {
    probe::<R, _, _>(seat, |client| async move {
        for _ in 0..ITEMS {
            if !R::one(&client).await {
                return Err(WRONG);
            }
        }
        Ok(())
    })
}

pub fn batch<R: Rpc>(seat: &Seat) -> Result<Probe, String> {
    probe::<R, _, _>(seat, |client| async move {
        let items = R::many(&client, ITEMS).await;
        (items == ITEMS)
            .then_some(())
            .ok_or("the batch did not bring 100 right answers")
    })
}

/// `CALLERS` tasks that share one client; see [`crate::sides::many_callers`].
pub fn many_callers<R: Rpc, const CALLERS: usize>(seat: &Seat) -> Result<Probe, String> {
    let (runtime, client) = connect::<R>(seat)?;
    Ok(Box::new(move |mut slice| {
        let duration = slice.duration();
        let run = |duration| runtime.block_on(call_until::<R>(&client, CALLERS, duration));
        run(duration / 10)?;
        let start = Instant::now();
        let calls = run(duration)?;
        slice.keep_now(start.elapsed(), calls);
        Ok(slice)
    }))
}

/// Lets `callers` tasks call for a while; how many calls they made.
async fn call_until<R: Rpc>(
    client: &Arc<R::Client>,
    callers: usize,
    duration: Duration,
) -> Result<u64, String> {
    let until = Instant::now() + duration;
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let client = Arc::clone(client);
        running.spawn(async move {
            let mut calls = 0;
            while Instant::now() < until {
                if !R::one(&client).await {
                    return Err(WRONG);
                }
                calls += 1;
            }
            Ok(calls)
        });
    }
    let mut calls = 0;
    while let Some(done) = running.join_next().await {
        calls += done.map_err(|e| e.to_string())??;
    }
    Ok(calls)
}

/// Connects, tries `call` once, and returns what measures it.
fn probe<R, Call, Calling>(seat: &Seat, call: Call) -> Result<Probe, String>
where
    R: Rpc,
    Call: Fn(Arc<R::Client>) -> Calling + Clone + Send + 'static,
    Calling: Future<Output = Result<(), &'static str>> + Send + 'static,
{
    let (runtime, client) = connect::<R>(seat)?;
    runtime
        .block_on(runtime.spawn(call(Arc::clone(&client))))
        .map_err(|e| e.to_string())??;
    Ok(Box::new(move |mut slice| {
        let (call, client) = (call.clone(), Arc::clone(&client));
        let task = runtime.spawn(async move {
            while slice.goes_on() {
                let start = Instant::now();
                call(Arc::clone(&client)).await?;
                slice.keep(start.elapsed(), 1);
            }
            Ok::<_, &'static str>(slice)
        });
        let slice = runtime.block_on(task).map_err(|e| e.to_string())?;
        slice.map_err(str::to_owned)
    }))
}

fn connect<R: Rpc>(seat: &Seat) -> Result<(Runtime, Arc<R::Client>), String> {
    let runtime = runtime()?;
    let client = runtime.block_on(async {
        let stream = TcpStream::connect(&seat.address).await?;
        stream.set_nodelay(true)?;
        Ok(Arc::new(R::connect(stream)))
    });
    let client = client.map_err(|e: std::io::Error| format!("cannot connect: {e}"))?;
    Ok((runtime, client))
}

fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())
}
