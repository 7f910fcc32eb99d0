//! Child processes that can be stopped: with a limit, a cancel flag, and bounded memory.
//!
//! A reader's code may spin, print without end or leave a server behind. So every child leads a
//! process group of its own, and the whole group is killed when the child is done or its time is up.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A flag that asks whatever runs to stop soon. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag; it stays raised.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether the flag is raised.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// Killed: its time was up.
    TimedOut,
    /// Killed: someone raised the flag.
    Stopped,
}

/// A child that is gone, and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    pub end: End,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    pub fn succeeded(&self) -> bool {
        matches!(self.end, End::Exited(status) if status.success())
    }
}

/// Output beyond this is read and dropped: a loop that prints must not fill the memory. Cargo's own
/// messages about a few hundred crates stay far below it.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// How often a running child is looked at. Short enough that forty tests of a millisecond each do
/// not wait long for one another.
const GLANCE: Duration = Duration::from_millis(3);

/// How long to wait for the ends of the pipes once the child's group is dead.
const DRAIN: Duration = Duration::from_secs(2);

/// Runs `command` until it ends, `limit` has passed, or `stop` is raised. Each line of standard
/// error is also handed to `echo`.
pub(crate) fn run(
    mut command: Command,
    limit: Duration,
    stop: &Stop,
    echo: Option<fn(&str)>,
) -> std::io::Result<Finished> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    lead_a_group(&mut command);
    let mut child = command.spawn()?;
    let stdout = Captured::start(child.stdout.take(), None);
    let stderr = Captured::start(child.stderr.take(), echo);
    let started = Instant::now();
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break End::Exited(status);
        }
        if stop.is_stopped() {
            break End::Stopped;
        }
        if started.elapsed() >= limit {
            break End::TimedOut;
        }
        thread::sleep(GLANCE);
    };
    // Also after a good end: what the child left behind would keep the pipes open.
    kill_group(&mut child);
    let _ = child.wait();
    let patience = Instant::now() + DRAIN;
    Ok(Finished {
        end,
        stdout: stdout.text(patience),
        stderr: stderr.text(patience),
    })
}

struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Captured {
    fn start(pipe: Option<impl Read + Send + 'static>, echo: Option<fn(&str)>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reader = pipe.map(|pipe| {
            thread::spawn(move || {
                let mut pipe = BufReader::new(pipe);
                let mut line = Vec::new();
                // A line without end is taken in pieces, so that it cannot grow without bound.
                while matches!(pipe.by_ref().take(64 * 1024).read_until(b'\n', &mut line), Ok(n) if n > 0) {
                    if let Some(echo) = echo {
                        echo(&String::from_utf8_lossy(&line));
                    }
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = KEPT_BYTES.saturating_sub(kept.len());
                    kept.extend_from_slice(&line[..line.len().min(room)]);
                    line.clear();
                }
            })
        });
        Self { bytes, reader }
    }

    fn text(self, patience: Instant) -> String {
        if let Some(reader) = self.reader {
            while !reader.is_finished() && Instant::now() < patience {
                thread::sleep(GLANCE);
            }
        }
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(unix)]
fn lead_a_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(unix)]
fn kill_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // An error says that nobody is left in the group.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn lead_a_group(_command: &mut Command) {}

#[cfg(not(unix))]
fn kill_group(child: &mut Child) {
    // Windows has no process groups in this sense; taskkill walks the tree while its root lives.
    if matches!(child.try_wait(), Ok(None)) {
        let _ = Command::new("taskkill")
            .args(["/T", "/F", "/PID", &child.id().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = child.kill();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{End, Stop, run};
    use std::process::Command;
    use std::time::Duration;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn keeps_what_was_said() {
        let finished = run(
            shell("echo out; echo err >&2; exit 3"),
            LONG,
            &Stop::new(),
            None,
        )
        .unwrap();
        assert_eq!(
            (finished.stdout.as_str(), finished.stderr.as_str()),
            ("out\n", "err\n")
        );
        assert!(matches!(finished.end, End::Exited(status) if status.code() == Some(3)));
    }

    #[test]
    fn a_child_left_behind_holds_nothing_up() {
        // The sleeper inherits the pipe: without killing the group this would take an hour.
        let finished = run(shell("sleep 3600 & echo done"), LONG, &Stop::new(), None).unwrap();
        assert!(finished.succeeded());
        assert_eq!(finished.stdout, "done\n");
    }

    #[test]
    fn an_endless_child_is_killed_at_its_limit_with_its_children() {
        let script = "sleep 3600 & echo started; wait";
        let finished = run(
            shell(script),
            Duration::from_millis(200),
            &Stop::new(),
            None,
        )
        .unwrap();
        assert_eq!(finished.end, End::TimedOut);
        assert_eq!(finished.stdout, "started\n");
    }

    #[test]
    fn a_raised_flag_stops_it() {
        let stop = Stop::new();
        stop.stop();
        assert_eq!(
            run(shell("sleep 3600"), LONG, &stop, None).unwrap().end,
            End::Stopped
        );
    }
}
