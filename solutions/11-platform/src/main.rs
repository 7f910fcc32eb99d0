//! Runs our assembly: one address on loopback, until Ctrl-C.

use ours::Ours;
use platform::serve::{Options, PORT, start};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const USAGE: &str = "\
Usage: platform [--folder FOLDER] [--port PORT] [--seed SEED] [--load ARRIVALS] [--open]

  --folder FOLDER    where the store is kept (.course/platform)
  --port PORT        the page's port; another is picked when it is taken (4711)
  --seed SEED        of the load and of what else is left to chance (1)
  --load ARRIVALS    arrivals a second from the start (0)
  --open             opens the page in a browser
";

/// How long the parts may take to end.
const END: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let (options, open) = match options(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(why) => {
            eprint!("{why}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let code = runtime.block_on(run(&options, open));
    runtime.shutdown_timeout(Duration::from_millis(200));
    code
}

async fn run(options: &Options, open_it: bool) -> ExitCode {
    let running = match start(Arc::new(Ours::default()), options).await {
        Ok(running) => running,
        Err(why) => {
            eprintln!("error: the platform does not start: {why}");
            return ExitCode::from(2);
        }
    };
    say(&format!(
        "The platform runs at http://{}/\nCtrl-C ends it. What it acknowledged is kept in {}.",
        running.page,
        options.folder.display()
    ));
    if open_it {
        // Without a browser the address above is enough.
        let _ = open::that_detached(format!("http://{}/", running.page));
    }
    stopped().await;
    if tokio::time::timeout(END, running.end()).await.is_err() {
        eprintln!("Some parts did not end in time; what was acknowledged is still durable.");
    }
    say("The platform has stopped.");
    ExitCode::SUCCESS
}

/// The program that started it may have closed the pipe; that is no reason to end.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Waits until it is asked to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn options(mut args: impl Iterator<Item = String>) -> Result<(Options, bool), String> {
    let mut options = Options {
        folder: PathBuf::from(".course/platform"),
        port: PORT,
        seed: 1,
        rate: 0,
    };
    let mut open = false;
    while let Some(name) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| format!("{name} needs a value\n\n{USAGE}"))
        };
        let number = |text: String| {
            text.parse::<u64>()
                .map_err(|_| format!("`{text}` is not a number\n\n{USAGE}"))
        };
        match name.as_str() {
            "--folder" => options.folder = value()?.into(),
            "--port" => {
                let port = number(value()?)?;
                options.port =
                    u16::try_from(port).map_err(|_| format!("there is no port {port}\n"))?;
            }
            "--seed" => options.seed = number(value()?)?,
            "--load" => options.rate = number(value()?)?,
            "--open" => open = true,
            "--help" | "-h" => return Err(USAGE.to_owned()),
            other => return Err(format!("there is no `{other}`\n\n{USAGE}")),
        }
    }
    Ok((options, open))
}
