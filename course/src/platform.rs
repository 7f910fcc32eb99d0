//! `cargo course platform`: builds the platform, and is replaced by it.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo;
use crate::repo::Repo;

/// Where its store is kept, below the repository.
const FOLDER: &str = ".course/platform";

#[derive(Debug, Args)]
pub(crate) struct PlatformArgs {
    /// Port of the page, on loopback; 4711 unless it is in use
    #[arg(long)]
    port: Option<u16>,
    /// Seed of the load, and of everything else that is random
    #[arg(long)]
    seed: Option<u64>,
    /// Arrivals a second from the start
    #[arg(long, value_name = "ARRIVALS")]
    load: Option<u64>,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
}

pub(crate) fn run(repo: &Repo, args: &PlatformArgs) -> Result<ExitCode> {
    let mut command = cargo::command(repo.root());
    // Its progress is shown: the first build takes a while.
    command.args([
        "run",
        "--package",
        "platform-solution",
        "--bin",
        "platform",
        "--",
    ]);
    command.args(arguments(args));
    become_it(command)
}

fn arguments(args: &PlatformArgs) -> Vec<OsString> {
    let mut given: Vec<OsString> = vec!["--folder".into(), FOLDER.into()];
    let numbers = [
        ("--port", args.port.map(u64::from)),
        ("--seed", args.seed),
        ("--load", args.load),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            given.extend([name.into(), number.to_string().into()]);
        }
    }
    if !args.no_open {
        given.push("--open".into());
    }
    given
}

/// On Unix the platform takes this process's place, and with it Ctrl-C and the exit code.
#[cfg(unix)]
fn become_it(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(anyhow::Error::new(command.exec()).context("cannot run cargo"))
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> Result<ExitCode> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
