//! Makes `cargo course` work inside `exercises/` too.
//!
//! The alias says `--package course`, and the nearest workspace in here is the reader's own. So this
//! small package has the same name, and runs the real one from the workspace above. It keeps the current
//! folder, because `cargo course check` depends on where it was called.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    // exercises/given/course: three folders up.
    let Some(root) = here.ancestors().nth(3) else {
        eprintln!("error: {} is not in a clone of the course", here.display());
        return ExitCode::from(2);
    };
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args([
            "run",
            "--package",
            "course",
            "--bin",
            "course",
            "--manifest-path",
        ])
        .arg(root.join("Cargo.toml"))
        .arg("--")
        .args(std::env::args_os().skip(1));
    become_it(command)
}

/// On Unix the tool takes this process's place, and with it its signals and its exit code.
#[cfg(unix)]
fn become_it(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt;
    failed(&command.exec())
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) => status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => failed(&error),
    }
}

fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("error: cannot run cargo: {error}");
    ExitCode::from(2)
}
