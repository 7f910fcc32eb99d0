//! The outside of a pair of processes: starting it, asking it for slices, noticing that it broke.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::child::{Broken, ROLE, Report, Role, Seat, Side};
use crate::record::Status;
use crate::slice::{Budget, Samples};

/// What a slice, or the first call, may take beyond its own time before it counts as hung.
///
/// A slice is some 20 ms; on a machine with every CPU busy it becomes ten times that. Longer
/// would make a run with a broken RPC tedious.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long to wait for the server's last word once the client failed: a client whose server
/// panicked sees only a closed connection, and the panic is the better explanation.
const LAST_WORD: Duration = Duration::from_millis(300);

/// A client and perhaps a server, started and ready. Dropping it ends both.
pub struct Pair {
    client: Process,
    events: Receiver<(Who, Event)>,
    // Held for its `Drop`.
    _server: Option<Process>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Client,
    Server,
}

enum Event {
    Said(Report),
    Gone,
}

impl Pair {
    /// Starts the processes of a side, and waits until its first call has succeeded.
    ///
    /// # Errors
    /// Says in one sentence why the side cannot be measured.
    pub fn start(side: &Side, client: &Seat, server: &Seat) -> Result<Self, Broken> {
        let (send, events) = mpsc::channel();
        let mut seat = client.clone();
        let mut running = None;
        if side.server.is_some() {
            running = Some(Process::start(side, server, Who::Server, &send)?);
            seat.address = ready(&events, Who::Server)?;
        }
        let client = Process::start(side, &seat, Who::Client, &send)?;
        ready(&events, Who::Client)?;
        Ok(Self {
            client,
            events,
            _server: running,
        })
    }

    /// Measures one slice.
    ///
    /// # Errors
    /// Says in one sentence what broke; the pair is of no further use then.
    pub fn slice(&mut self, budget: Budget) -> Result<Samples, Broken> {
        // A client that has gone cannot be written to; why it went is in its last word.
        let _ = serde_json::to_writer(&self.client.stdin, &budget)
            .map_err(Into::into)
            .and_then(|()| self.client.stdin.write_all(b"\n"));
        match next(&self.events, budget.duration + PATIENCE, Who::Client)? {
            Report::Slice(samples) => Ok(samples.into()),
            _ => Err(Broken::unavailable("the client answered out of turn")),
        }
    }

    /// The client's process id, for tools that look at a process from outside.
    pub fn client_id(&self) -> u32 {
        self.client.child.id()
    }
}

/// A child that does not outlive its handle.
struct Process {
    child: Child,
    /// A child ends when this closes.
    stdin: ChildStdin,
}

impl Process {
    fn start(
        side: &Side,
        seat: &Seat,
        who: Who,
        events: &Sender<(Who, Event)>,
    ) -> Result<Self, Broken> {
        let role = Role {
            side: side.id.to_owned(),
            serves: who == Who::Server,
            seat: seat.clone(),
        };
        let role = serde_json::to_string(&role).expect("a role is plain data");
        let mut child = std::env::current_exe()
            .and_then(|exe| {
                Command::new(exe)
                    .args([ROLE, &role])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
            })
            .map_err(|error| Broken::unavailable(format!("cannot start a process: {error}")))?;
        let stdin = child.stdin.take().expect("stdin was asked to be a pipe");
        let stdout = child.stdout.take().expect("stdout was asked to be a pipe");
        let events = events.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(report) = Report::in_line(&line) {
                    // The pair was dropped: nobody waits for this any more.
                    let _ = events.send((who, Event::Said(report)));
                }
            }
            let _ = events.send((who, Event::Gone));
        });
        Ok(Self { child, stdin })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either may fail only because the child has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ready(events: &Receiver<(Who, Event)>, who: Who) -> Result<String, Broken> {
    match next(events, PATIENCE, who)? {
        Report::Ready(address) => Ok(address),
        _ => Err(Broken::unavailable(format!("{who:?} answered out of turn"))),
    }
}

/// Waits for `who` to answer, or for either process to break.
fn next(events: &Receiver<(Who, Event)>, limit: Duration, who: Who) -> Result<Report, Broken> {
    let until = Instant::now() + limit;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let (from, broken) = match events.recv_timeout(left) {
            Ok((from, Event::Said(Report::Broke(broken)))) => (from, broken),
            Ok((from, Event::Said(report))) if from == who => return Ok(report),
            Ok((_, Event::Said(_))) => continue,
            Ok((from, Event::Gone)) => (from, gone(from)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let limit = limit.as_secs();
                return Err(Broken::unavailable(format!("no answer within {limit} s")));
            }
        };
        // A `todo!` explains all that follows from it, and so does whatever the server broke on.
        // A client may have failed because its server did.
        return Err(match from {
            Who::Client if broken.status != Status::NotBuilt => {
                servers_last_word(events).unwrap_or(broken)
            }
            _ => broken,
        });
    }
}

/// Why the server broke, if it did.
fn servers_last_word(events: &Receiver<(Who, Event)>) -> Option<Broken> {
    let until = Instant::now() + LAST_WORD;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match events.recv_timeout(left) {
            Ok((Who::Server, Event::Said(Report::Broke(broken)))) => return Some(broken),
            Ok((Who::Server, Event::Gone)) => return Some(gone(Who::Server)),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

fn gone(who: Who) -> Broken {
    let name = match who {
        Who::Client => "client",
        Who::Server => "server",
    };
    Broken::unavailable(format!("the {name} process ended"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_built(message: &str) -> Broken {
        Broken {
            status: Status::NotBuilt,
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_todo_in_the_server_explains_the_client_that_failed_first() {
        let (send, events) = mpsc::channel();
        let closed = Broken::unavailable("a call failed");
        for (who, broken) in [
            (Who::Client, closed),
            (Who::Server, not_built("Match replies by id")),
        ] {
            send.send((who, Event::Said(Report::Broke(broken))))
                .unwrap();
        }
        let broken = next(&events, Duration::ZERO, Who::Client).err();
        assert_eq!(broken, Some(not_built("Match replies by id")));
    }

    #[test]
    fn a_client_that_never_answers_is_reported() {
        let (_send, events) = mpsc::channel();
        let broken = next(&events, Duration::ZERO, Who::Client).err();
        assert_eq!(broken, Some(Broken::unavailable("no answer within 0 s")));
    }

    #[test]
    fn a_process_that_ends_without_a_word_is_reported() {
        let (send, events) = mpsc::channel();
        send.send((Who::Server, Event::Gone)).unwrap();
        let broken = next(&events, Duration::from_secs(60), Who::Client).err();
        assert_eq!(
            broken,
            Some(Broken::unavailable("the server process ended"))
        );
    }
}
