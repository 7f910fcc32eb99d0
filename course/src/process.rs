//! Child processes that can be stopped: with a limit, a cancel flag, and bounded memory.
//!
//! A reader's code may loop forever, print without end or leave a server behind. So every child leads a
//! process group of its own, and the whole group is killed when the child is done or its time is up.

use std::collections::VecDeque;
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

/// A child that has ended, and what it printed.
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

/// If there is more output than this, only the end is kept: a loop that prints must not fill the memory,
/// and what failed is printed last. Cargo's own messages about a few hundred crates stay far below it.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// What a child may use before it is stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How long it may run.
    pub time: Duration,
    /// How much it may have allocated, where the system supports it; `None` for no bound.
    pub memory_bytes: Option<u64>,
}

impl Bounds {
    /// A bound on time alone.
    pub fn time(time: Duration) -> Self {
        Self {
            time,
            memory_bytes: None,
        }
    }
}

/// How often a running child is checked. Short enough that forty tests of a millisecond each do not wait
/// long for one another.
const GLANCE: Duration = Duration::from_millis(3);

/// How long to wait for the ends of the pipes once the child's group is dead.
const DRAIN: Duration = Duration::from_secs(2);

/// Runs `command` until it ends, `limit` has passed, or `stop` is raised. Each line of standard
/// error is also handed to `echo`.
pub(crate) fn run(
    command: Command,
    limit: Duration,
    stop: &Stop,
    echo: Option<fn(&str)>,
) -> std::io::Result<Finished> {
    run_within(command, Bounds::time(limit), stop, echo)
}

/// As [`run`], with more bounds than time. A child that asks for more memory than it may have is ended by
/// its own allocator.
pub(crate) fn run_within(
    mut command: Command,
    bounds: Bounds,
    stop: &Stop,
    echo: Option<fn(&str)>,
) -> std::io::Result<Finished> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    lead_a_group(&mut command);
    let mut child = command.spawn()?;
    if let Some(bytes) = bounds.memory_bytes {
        bound_memory(&child, bytes);
    }
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
        if started.elapsed() >= bounds.time {
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
    bytes: Arc<Mutex<VecDeque<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Captured {
    fn start(pipe: Option<impl Read + Send + 'static>, echo: Option<fn(&str)>) -> Self {
        let bytes = Arc::new(Mutex::new(VecDeque::new()));
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
                    kept.extend(&line);
                    let beyond = kept.len().saturating_sub(KEPT_BYTES);
                    kept.drain(..beyond);
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
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(bytes.make_contiguous()).into_owned()
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

/// Bounds what the child may map and write, stacks and heap together. Reserved address space does not
/// count, which allocators take generously.
#[cfg(target_os = "linux")]
fn bound_memory(child: &Child, bytes: u64) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let bound = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    if let Some(child) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // An error says that the child is gone already.
        let _ = prlimit(Some(child), Resource::Data, bound);
    }
}

#[cfg(not(target_os = "linux"))]
fn bound_memory(_child: &Child, _bytes: u64) {}

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
    fn of_too_much_output_the_end_is_kept() {
        let script = "echo first; head -c 20000000 /dev/zero | tr '\\0' 'x'; echo; echo last";
        let finished = run(shell(script), LONG, &Stop::new(), None).unwrap();
        assert_eq!(finished.stdout.len(), super::KEPT_BYTES);
        assert!(finished.stdout.ends_with("x\nlast\n"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_has_no_more_memory_than_it_may() {
        let mut hungry = Command::new("awk");
        hungry.arg("BEGIN { s = \"x\"; while (1) s = s s }");
        let bounds = super::Bounds {
            memory_bytes: Some(200 << 20),
            ..super::Bounds::time(LONG)
        };
        let finished = super::run_within(hungry, bounds, &Stop::new(), None).unwrap();
        assert!(matches!(finished.end, End::Exited(status) if !status.success()));
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
