//! The inside of a client or server process.
//!
//! The coordinator starts its own executable again with a hidden argument. A child takes one
//! command a line from stdin and answers with a marked line on stdout, so that whatever the
//! measured code prints cannot be taken for an answer. A child lives no longer than its stdin:
//! when the coordinator goes, by whatever way, its end of the pipe closes.
//!
//! A panic ends the child at once and is reported as one sentence: a `todo!` is not an accident
//! but a rung that is not built yet.

use std::io::{BufRead as _, Write as _};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};

use serde::{Deserialize, Serialize};

use crate::cpus;
use crate::record::Status;
use crate::slice::{Budget, Slice, Wire};

/// The hidden argument; the rest of the role follows it as JSON.
pub(crate) const ROLE: &str = "--ladder-child";

/// Precedes every answer, wherever in a line it begins.
const MARK: &str = "@ladder ";

/// What `todo!` puts before its sentence.
const NOT_YET: &str = "not yet implemented";

/// What takes one slice in a client process; it hands the slice back with its samples.
pub type Probe = Box<dyn FnMut(Slice) -> Result<Slice, String>>;

/// One thing to measure, as two processes or as one.
///
/// Plain functions and no closures: they run in a copy of this executable, which shares nothing
/// with the coordinator but the code.
pub struct Side {
    /// Tells the child which side it is.
    pub id: &'static str,
    /// Serves until it is killed, after announcing its address. `None`: no second process.
    pub server: Option<Server>,
    /// Connects, makes one call that must succeed, and returns what takes slices.
    pub client: fn(&Seat) -> Result<Probe, String>,
}

/// The body of a server process; see [`Side::server`].
pub type Server = fn(&Seat, &dyn Fn(&str)) -> Result<(), String>;

/// What a child knows about its place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seat {
    /// The CPU that this process is pinned to.
    pub cpu: Option<usize>,
    /// The CPU of the other side.
    pub partner_cpu: Option<usize>,
    /// What the server announced; empty for a server.
    pub address: String,
    /// A folder on the disk that the repository is on.
    pub folder: PathBuf,
    /// Which point of a curve this is: where it lies on the x axis. Zero for a rung.
    pub at: u64,
}

/// Why a rung has no figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// `NotBuilt` or `Unavailable`.
    pub status: Status,
    /// One sentence.
    pub message: String,
}

impl Broken {
    /// Something that cannot be measured here, or that went wrong.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self {
            status: Status::Unavailable,
            message: message.into(),
        }
    }
}

/// Who a child is, as its argument says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    pub side: String,
    pub serves: bool,
    pub seat: Seat,
}

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// Set up; a server adds its address.
    Ready(String),
    /// The samples of the slice that was asked for.
    Slice(Wire),
    /// The last word of a child.
    Broke(Broken),
}

impl Report {
    /// Finds the answer in a line, if it holds one.
    pub(crate) fn in_line(line: &str) -> Option<Self> {
        let (_, json) = line.split_once(MARK)?;
        serde_json::from_str(json).ok()
    }

    fn say(&self) {
        let json = serde_json::to_string(self).expect("a report holds nothing but plain data");
        let mut out = std::io::stdout().lock();
        // A closed pipe means that nobody is left to report to, and that this process is about to end.
        let _ = writeln!(out, "{MARK}{json}").and_then(|()| out.flush());
    }
}

/// Plays the child that this process was started as; `None` in a process that a person started.
///
/// Must come first in `main`, with the same sides in every process.
pub fn enter<'a>(sides: impl IntoIterator<Item = &'a Side>) -> Option<ExitCode> {
    let mut args = std::env::args().skip(1);
    if args.next()? != ROLE {
        return None;
    }
    let outcome = args
        .next()
        .and_then(|json| serde_json::from_str::<Role>(&json).ok())
        .ok_or_else(|| format!("{ROLE} is not meant to be given by hand"))
        .and_then(|role| play(&role, sides));
    Some(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            Report::Broke(Broken::unavailable(message)).say();
            ExitCode::FAILURE
        }
    })
}

fn play<'a>(role: &Role, sides: impl IntoIterator<Item = &'a Side>) -> Result<(), String> {
    std::panic::set_hook(Box::new(|panic| {
        Report::Broke(last_word(panic)).say();
        std::process::exit(101);
    }));
    let commands = commands();
    if let Some(cpu) = role.seat.cpu {
        cpus::pin(cpu)?;
    }
    let side = sides
        .into_iter()
        .find(|side| side.id == role.side)
        .ok_or_else(|| format!("there is no side called {}", role.side))?;
    if role.serves {
        let server = side.server.ok_or("this side has no server")?;
        server(&role.seat, &|address| {
            Report::Ready(address.to_owned()).say();
        })
    } else {
        let mut probe = (side.client)(&role.seat)?;
        Report::Ready(String::new()).say();
        for budget in commands {
            let slice = probe(Slice::start(budget))?;
            Report::Slice(slice.finish().to_wire()).say();
        }
        Ok(())
    }
}

/// Reads commands on a thread of its own, which ends the process when stdin closes, even while a
/// call hangs. It is started before the pinning, and sleeps while a slice runs.
fn commands() -> Receiver<Budget> {
    let (send, commands) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let budget = line
                .ok()
                .and_then(|line| serde_json::from_str::<Budget>(&line).ok());
            match budget {
                Some(budget) if send.send(budget).is_ok() => {}
                _ => break,
            }
        }
        std::process::exit(0);
    });
    commands
}

/// A panic as one sentence.
pub(crate) fn last_word(panic: &PanicHookInfo<'_>) -> Broken {
    let payload = panic.payload();
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    let place = panic
        .location()
        .map(|place| format!("{}:{}", place.file(), place.line()))
        .unwrap_or_default();
    verdict(text, &place)
}

fn verdict(text: &str, place: &str) -> Broken {
    let first_line = text.lines().next().unwrap_or_default().trim();
    match first_line.strip_prefix(NOT_YET) {
        Some(rest) => {
            let sentence = rest.trim_start_matches(':').trim();
            Broken {
                status: Status::NotBuilt,
                message: if sentence.is_empty() {
                    format!("{NOT_YET}, at {place}")
                } else {
                    sentence.to_owned()
                },
            }
        }
        None => Broken::unavailable(format!("panicked at {place}: {first_line}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_todo_is_not_built_and_speaks_in_its_own_words() {
        let broken = verdict(
            "not yet implemented: Write the frame's header",
            "src/a.rs:7",
        );
        assert_eq!(broken.status, Status::NotBuilt);
        assert_eq!(broken.message, "Write the frame's header");
        let bare = verdict("not yet implemented", "src/a.rs:7");
        assert_eq!(bare.status, Status::NotBuilt);
        assert_eq!(bare.message, "not yet implemented, at src/a.rs:7");
    }

    #[test]
    fn any_other_panic_says_where_in_one_line() {
        let broken = verdict("assertion failed: x\n  left: 1\n right: 2", "src/a.rs:7");
        assert_eq!(broken.status, Status::Unavailable);
        assert_eq!(
            broken.message,
            "panicked at src/a.rs:7: assertion failed: x"
        );
    }

    #[test]
    fn what_the_measured_code_prints_is_not_an_answer() {
        assert!(Report::in_line("{\"Ready\":\"\"}").is_none());
        assert!(Report::in_line("@ladder nonsense").is_none());
        let line = "a print without a line end@ladder {\"Ready\":\"here\"}";
        assert!(matches!(Report::in_line(line), Some(Report::Ready(at)) if at == "here"));
    }
}
