//! Sockets: everything that listens, and the end of it.
//!
//! Loopback only. A connection that sends nothing, sends slowly or sends garbage costs a place among
//! many and ends by itself.

use crate::arrivals;
use crate::front;
use crate::http::Loopback;
use crate::parts::NotStarted;
use crate::stage::{Assembly, Ground, Stage};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use web_server::patient::Patient;

/// The page's port, if it is free.
pub const PORT: u16 = 4711;

/// How many connections may be open at once. Any other waits to be accepted.
const MAX_CONNECTIONS: usize = 4096;

/// How long a client may take to send its head, also on a connection that was used before.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// How long an answer may wait to be read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// The longest head that is read.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the store.
    pub folder: PathBuf,
    /// The page's port; another is picked when it is taken.
    pub port: u16,
    /// The seed of everything that is left to chance.
    pub seed: u64,
    /// Arrivals a second from the start.
    pub rate: u64,
}

/// A platform that runs, with its sockets.
pub struct Running {
    /// The stage.
    pub stage: Stage,
    /// Where the page is, and the door.
    pub page: SocketAddr,
    /// Where the API is, which only the edge asks.
    pub api: SocketAddr,
    tasks: JoinSet<()>,
}

/// Starts everything.
///
/// # Errors
/// [`NotStarted`] when a part does not start, or no port can be opened.
pub async fn start(assembly: Arc<dyn Assembly>, options: &Options) -> Result<Running, NotStarted> {
    raise_file_limit();
    std::fs::create_dir_all(&options.folder)
        .map_err(|error| NotStarted(format!("{}: {error}", options.folder.display())))?;
    let ground = Ground::Folder(options.folder.clone());
    let stage = Stage::set(&*assembly, &ground, options.seed)?;
    let cannot = |error: io::Error| NotStarted(format!("nothing can listen on loopback: {error}"));
    let api = listener(0).await.map_err(cannot)?;
    let page = match listener(options.port).await {
        Ok(page) => page,
        Err(_) => listener(0).await.map_err(cannot)?,
    };
    let api_address = api.local_addr().map_err(cannot)?;
    let page_address = page.local_addr().map_err(cannot)?;
    stage.connect(Arc::new(Loopback::new(api_address)));
    stage.load().set(options.rate, options.seed);
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(api, stage.router()));
    tasks.spawn(serve(page, front::router(stage.clone(), assembly)));
    tasks.spawn(stage.clone().keep_looking());
    tasks.spawn(arrivals::come(stage.clone()));
    tasks.spawn(arrivals::measure(stage.clone()));
    Ok(Running {
        stage,
        page: page_address,
        api: api_address,
        tasks,
    })
}

impl Running {
    /// Ends everything: first what arrives, then the parts.
    pub async fn end(mut self) {
        self.tasks.shutdown().await;
        self.stage.take_down().await;
    }
}

/// Allows this process as many open files as the system lets it have, and returns that number where
/// there is one. A connection is a file, and some systems begin with 256.
pub fn raise_file_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        // Some systems refuse the maximum that they report; then the limit stays as it is.
        let raised = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: maximum,
                maximum,
            },
        );
        if raised.is_ok() { maximum } else { current }
    }
    #[cfg(not(unix))]
    None
}

async fn listener(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Answers whoever connects, without end.
pub async fn serve(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // When this task is dropped, so are its connections.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No more file descriptors, mostly: others will end soon.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(MAX_HEAD_BYTES)
                .serve_connection(TokioIo::new(Patient::new(stream, WRITE_TIMEOUT)), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(place);
        });
    }
}
