//! The book in a browser: live reload, and live grades.
//!
//! Four things run side by side. The *server* hands out the last book that was built and streams
//! events. The *watcher* waits for files to change; it rebuilds the book, and asks for grades. The
//! *grader* makes one grade at a time, and a newer save of the same lab cancels and restarts it.
//! The *hub* holds what all of them know, and is the only thing that they share.
//!
//! Nothing that a reader writes may stop the server: code that does not compile is a verdict, a page
//! that does not build leaves the last good book in place, and a folder that is gone is waited for.

mod grading;
mod http;
mod hub;
mod site;
mod watch;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::watch as flag;

use crate::grade::{self, Report, Stop};
use crate::lab::Lab;
use crate::memory;
use crate::repo::Repo;
use crate::terminal::Terminal;
use crate::way::Way;
use records::moment;

use grading::Grading;
use hub::Hub;
use site::Site;
use watch::Watch;

/// How `cargo course serve` was asked to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeOptions {
    /// The port to try first; 0 takes any that is free.
    pub port: u16,
    /// The address to listen on. Anything but loopback shows a reader's work to whoever reaches it.
    pub host: IpAddr,
    /// Whether to open a browser.
    pub open: bool,
    /// Whether to look at the files once a second instead of waiting for the system to report changes.
    pub poll: bool,
}

/// The port that is tried if nobody asks for another.
pub const PORT: u16 = 3000;

/// Where it listens if nobody asks for more: this machine alone.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            port: PORT,
            host: LOOPBACK,
            open: true,
            poll: false,
        }
    }
}

/// Makes a grade; a test passes its own.
pub type Grader = dyn Fn(&Repo, &Lab, &Stop) -> Result<Report> + Send + Sync;

/// Prints something for the reader, a line at a time.
pub type Say = dyn Fn(&str) + Send + Sync;

/// How long a shutdown waits for a grade to notice that it is not wanted any more.
const GRACE: Duration = Duration::from_secs(3);

/// Serves the book until Ctrl-C.
///
/// # Errors
/// When no port is free, or the system refuses threads.
pub fn run(repo: &Repo, options: ServeOptions) -> Result<()> {
    let say: Arc<Say> = Arc::new(|line| anstream::println!("{line}"));
    let grader: Arc<Grader> =
        Arc::new(|repo, lab, stop| grade::grade(repo, lab, stop, memory::extent(repo, lab)));
    if let Ok(way) = Way::remembered(repo) {
        let now = moment::seconds(SystemTime::now());
        say(&way.text(Terminal::of_stdout(), now));
    }
    let port = options.port;
    let server = Server::start(repo, options, grader, Arc::clone(&say))?;
    if !options.host.is_loopback() {
        say(&format!(
            "It listens on {}: whoever reaches this machine can read the book and your grades. There is no \
             password.",
            options.host
        ));
    }
    // Before the reader is told to press Ctrl-C.
    let interrupts = server.interrupts()?;
    let address = format!("http://{}/", server.address());
    if port != 0 && server.address().port() != port {
        say(&format!(
            "Port {port} is taken, so the book is on another one. Predictions and answers are kept \
             for each address: those made on port {port} don't show here."
        ));
    }
    say(&format!("The book: {address}   (Ctrl-C ends it)"));
    if options.open && !opened(&address) {
        say("No browser could be opened; open the address yourself.");
    }
    server.until(interrupts)
}

/// A running server. Dropping it stops it.
pub struct Server {
    address: SocketAddr,
    stop: flag::Sender<bool>,
    runtime: Option<tokio::runtime::Runtime>,
    grading: Arc<Grading>,
    watch: Option<Watch>,
}

impl Server {
    /// Binds a port, builds the book for the first time, and begins to watch and to grade.
    ///
    /// A book that does not build is not an error: its page says what is wrong until it does.
    ///
    /// # Errors
    /// When no port is free, or the system refuses threads.
    pub fn start(
        repo: &Repo,
        options: ServeOptions,
        grader: Arc<Grader>,
        say: Arc<Say>,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start the server's threads")?;
        let listener = runtime.block_on(bind(options.host, options.port))?;
        let address = listener.local_addr()?;

        let hub = Arc::new(Hub::new());
        let (stop, stopped) = flag::channel(false);
        let router = http::router(Arc::clone(&hub), options.host, stopped.clone());
        runtime.spawn(serve(listener, router, stopped));

        let mut site = Site::new(repo, address.port(), Arc::clone(&hub), Arc::clone(&say));
        // Watched first and built then, so that no change falls between the two.
        let watch = Watch::new(repo, options.poll, &say);
        watch.rebuild_for(&hub);
        site.build();

        let grading = Arc::new(Grading::start(repo, Arc::clone(&hub), grader, say)?);
        grading.begin();
        let watch = watch.run(site, Arc::clone(&grading))?;
        Ok(Self {
            address,
            stop,
            runtime: Some(runtime),
            grading,
            watch: Some(watch),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens for Ctrl-C, a closed terminal and a request to terminate, from now on.
    fn interrupts(&self) -> Result<Interrupts> {
        let runtime = self.runtime.as_ref();
        let _inside = runtime.context("the server has stopped already")?.enter();
        Interrupts::listen().context("cannot listen for Ctrl-C")
    }

    /// Serves until there is such a signal.
    fn until(mut self, mut interrupts: Interrupts) -> Result<()> {
        let runtime = self
            .runtime
            .take()
            .context("the server has stopped already")?;
        runtime.block_on(interrupts.next());
        self.runtime = Some(runtime);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        drop(self.watch.take());
        self.grading.close(GRACE);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(GRACE);
        }
    }
}

async fn bind(host: IpAddr, port: u16) -> Result<TcpListener> {
    match TcpListener::bind((host, port)).await {
        Ok(listener) => Ok(listener),
        // In use, or not permitted (a port below 1024): any other will do.
        Err(_) if port != 0 => TcpListener::bind((host, 0))
            .await
            .with_context(|| format!("cannot listen on {host}")),
        Err(error) => Err(error).with_context(|| format!("cannot listen on {host}")),
    }
}

async fn serve(listener: TcpListener, router: axum::Router, mut stopped: flag::Receiver<bool>) {
    let shutdown = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    // Only the shutdown ends it; accepting never fails permanently.
    let _ = axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await;
}

#[cfg(unix)]
struct Interrupts([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Interrupts(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Tries to open a browser, without waiting for it.
fn opened(address: &str) -> bool {
    // Without a display the usual opener falls back to a text browser, in the terminal that shows
    // the reader's grades.
    let headless = cfg!(target_os = "linux")
        && ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"]
            .iter()
            .all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()));
    !headless && open::that_detached(address).is_ok()
}

/// A private folder for the built books of the server on this port.
fn build_folder(repo: &Repo, port: u16) -> std::path::PathBuf {
    repo.root()
        .join("target")
        .join("course-book")
        .join(format!("port-{port}"))
}

/// Removes a folder that may be gone already.
fn remove(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}
