//! What a test has done so far, and what is reported of it.
//!
//! A test's body runs on a thread of its own, under a generous limit on the time in which it could run.
//! So an endless loop, or a deadlock, becomes a message and not a hanging terminal. The thread is left
//! behind; the other tests keep their verdicts.

use crate::patience;
use crate::whereabouts::{self, Whereabouts};
use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a whole test may take in real time, without its waits for a CPU: about ten times what the
/// slowest correct design took on a busy machine, so only a spin reaches it.
const SPIN_LIMIT: Duration = Duration::from_secs(30);

/// How many of the latest events a failure prints.
const EVENTS_TOLD: usize = 14;

/// The most events in a round whose repetitions are folded.
const LONGEST_ROUND: usize = 4;

/// How many rounds are printed in full.
const ROUNDS_TOLD: usize = 3;

thread_local! {
    /// What this test has done so far; `None` on threads that run no story.
    static TELLING: RefCell<Option<Telling>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Telling {
    events: Vec<String>,
    panics: Vec<Panic>,
}

/// One panic, as the hook saw it.
struct Panic {
    message: String,
    place: String,
}

impl Panic {
    fn is_todo(&self) -> bool {
        self.message.starts_with("not yet implemented")
    }

    /// Where it was; empty if that is a line of the test harness.
    fn place(&self) -> &str {
        let ours = ["given/testbed", "given/story"];
        if ours.iter().any(|folder| self.place.contains(folder)) {
            return "";
        }
        &self.place
    }
}

/// A place on a line of its own.
fn at(place: &str) -> String {
    match place {
        "" => String::new(),
        place => format!("\n    at {place}"),
    }
}

/// Adds an event to this test's story. It is printed only if the test fails.
pub fn note(event: impl Into<String>) {
    TELLING.with_borrow_mut(|telling| {
        if let Some(telling) = telling {
            telling.events.push(event.into());
        }
    });
}

/// Runs a test's body in real time, and turns every failure into a message: a panic, a `todo!`, and a
/// loop or a deadlock, which the limit finds.
///
/// # Panics
/// When the body panics or does not end; the report is on stdout, where the test harness collects it.
pub fn live(body: impl FnOnce() + Send + 'static) {
    live_within(SPIN_LIMIT, body);
}

/// Starts the story again for another case of the same test, so that a failure prints only its own
/// events.
pub fn scene(what: impl Into<String>) {
    forget();
    note(what);
}

/// Forgets what happened in earlier cases, except a stub's message.
pub fn forget() {
    TELLING.with_borrow_mut(|telling| {
        if let Some(telling) = telling {
            telling.events.clear();
            telling.panics.retain(Panic::is_todo);
        }
    });
}

/// Like [`live`], with a limit on the time in which the body could run.
///
/// # Panics
/// As [`live`] does.
pub fn live_within(limit: Duration, body: impl FnOnce() + Send + 'static) {
    let cause = "Usual cause: a loop that does not wait, such as reading again and again at the end of \
                 a stream, or decoding the same bytes for ever; or two threads that wait for each \
                 other.";
    live_or(limit, cause, body);
}

/// Like [`live_within`], if it is known why the body may not end: `cause` says why.
///
/// # Panics
/// As [`live`] does.
pub fn live_or(limit: Duration, cause: &str, body: impl FnOnce() + Send + 'static) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !keep(info) {
                default(info);
            }
        }));
    });

    let name = thread::current().name().unwrap_or("story").to_owned();
    let (done, finished) = mpsc::channel();
    let body_runs = thread::Builder::new().name(name).spawn(move || {
        TELLING.set(Some(Telling::default()));
        let outcome = panic::catch_unwind(panic::AssertUnwindSafe(body));
        let telling = TELLING.take().unwrap_or_default();
        // The receiver is gone only if the spin limit has passed: then the result is not needed.
        let _ = done.send(report(outcome, &telling));
    });
    let body_runs = body_runs.expect("a thread for the test");

    match patience::wait(&finished, limit) {
        Ok(None) => {}
        Ok(Some(report)) => fail(&report),
        Err(RecvTimeoutError::Timeout) => fail(&spin(limit, cause, whereabouts::of(&body_runs))),
        Err(RecvTimeoutError::Disconnected) => fail(&Report {
            message: "The test's thread died without a report.".to_owned(),
            ..Report::default()
        }),
    }
}

/// What is reported about a test's end.
#[derive(Default)]
struct Report {
    kind: Kind,
    message: String,
    /// Where the panic was, or the loop: `file:line`, or empty.
    place: String,
    /// The function in which it spins, or empty.
    function: String,
    /// What led to it.
    rest: String,
}

#[derive(Clone, Copy, Default)]
enum Kind {
    #[default]
    Failed,
    Todo,
    Spin,
}

impl Report {
    /// For a program that reads the report: the kind, the place and the function, each on a line, then
    /// the text.
    fn record(&self) -> String {
        let kind = match self.kind {
            Kind::Failed => "failed",
            Kind::Todo => "todo",
            Kind::Spin => "spin",
        };
        let Self {
            message,
            place,
            function,
            rest,
            ..
        } = self;
        format!("{kind}\n{place}\n{function}\n{message}{rest}\n")
    }
}

fn spin(limit: Duration, cause: &str, found: Option<Whereabouts>) -> Report {
    let found = found.unwrap_or_default();
    let within = match found.function.as_str() {
        "" => String::new(),
        function => format!(" It was in `{function}`."),
    };
    Report {
        kind: Kind::Spin,
        message: format!(
            "The test could run for {} s of real time, and has not finished.{within}",
            limit.as_secs()
        ),
        place: found.place,
        function: found.function,
        rest: format!("\n    {cause}"),
    }
}

/// The panic hook of a story: keeps the message for the report. Returns whether it did.
fn keep(info: &PanicHookInfo<'_>) -> bool {
    TELLING
        .try_with(|telling| {
            let Ok(mut telling) = telling.try_borrow_mut() else {
                return false;
            };
            let Some(telling) = telling.as_mut() else {
                return false;
            };
            let place = info
                .location()
                .map(|at| format!("{}:{}", at.file(), at.line()))
                .unwrap_or_default();
            telling.panics.push(Panic {
                message: text_of(info.payload()),
                place,
            });
            true
        })
        .unwrap_or(false)
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// What to report of a test's end; `None` if it passed.
fn report(outcome: Result<(), Box<dyn Any + Send>>, telling: &Telling) -> Option<Report> {
    // A stub explains everything that comes after it.
    if let Some(todo) = telling.panics.iter().find(|panic| panic.is_todo()) {
        return Some(Report {
            kind: Kind::Todo,
            message: todo.message.clone(),
            place: todo.place().to_owned(),
            ..Report::default()
        });
    }
    let Err(payload) = outcome else {
        return telling.panics.first().map(|panic| Report {
            message: format!(
                "A task panicked while the test continued: {}",
                plainly(&panic.message)
            ),
            place: panic.place().to_owned(),
            ..Report::default()
        });
    };
    let message = text_of(&*payload);
    let own = telling
        .panics
        .iter()
        .rfind(|panic| panic.message == message);
    let mut rest = String::new();
    if let Some(first) = telling.panics.first()
        && first.message != message
    {
        rest += &format!(
            "\nBefore that, a task panicked: {}{}",
            plainly(&first.message),
            at(first.place())
        );
    }
    let events = numbered(&telling.events);
    if !events.is_empty() {
        rest += "\nWhat happened, in order:";
        let untold = events.len().saturating_sub(EVENTS_TOLD);
        if untold > 0 {
            rest += "\n    …";
        }
        for event in &events[untold..] {
            rest += &format!("\n    {event}");
        }
    }
    Some(Report {
        message: plainly(&message),
        place: own.map(Panic::place).unwrap_or_default().to_owned(),
        rest,
        ..Report::default()
    })
}

/// The events with their numbers; of rounds that differ only in numbers, the first and the last.
fn numbered(events: &[String]) -> Vec<String> {
    let shape = |event: &String| event.replace(|c: char| c.is_ascii_digit(), "");
    let shapes: Vec<String> = events.iter().map(shape).collect();
    let line = |at: usize| format!("{}. {}", at + 1, events[at]);
    let mut lines = Vec::new();
    let mut at = 0;
    while at < events.len() {
        let (round, rounds) = repetition(&shapes[at..]);
        let end = at + round * rounds;
        lines.extend((at..at + round).map(line));
        if rounds > ROUNDS_TOLD {
            let folded = round * (rounds - 2);
            lines.push(format!("   … {folded} more like it, up to"));
            lines.extend((end - round..end).map(line));
        } else {
            lines.extend((at + round..end).map(line));
        }
        at = end;
    }
    lines
}

/// The number of events in the round with which these begin, and the number of such rounds in a row.
fn repetition(shapes: &[String]) -> (usize, usize) {
    let rounds_of = |round: usize| {
        let rounds = shapes.chunks_exact(round);
        (
            round,
            rounds
                .take_while(|other| **other == shapes[..round])
                .count(),
        )
    };
    let found = (1..=LONGEST_ROUND).map(rounds_of);
    let mut long = found.filter(|(_, rounds)| *rounds > ROUNDS_TOLD);
    long.next().unwrap_or((1, 1))
}

/// The message of `assert_eq!`, with the lesson first and the two sides named as they are used in these
/// tests.
fn plainly(message: &str) -> String {
    let Some(said) = message.strip_prefix("assertion `left == right` failed") else {
        return message.to_owned();
    };
    let said = said.strip_prefix(": ").unwrap_or(said);
    said.replacen("\n  left: ", "\n    got:      ", 1)
        .replacen("\n right: ", "\n    expected: ", 1)
}

/// Fails the running test with a finished text: the hook adds nothing to it. The file in `STORY_RECORD`
/// gets the same as a record, for a tool.
fn fail(report: &Report) -> ! {
    println!("{}{}{}", report.message, at(&report.place), report.rest);
    if let Some(file) = std::env::var_os("STORY_RECORD") {
        // The tool sees that there is no record, and has the text.
        let _ = std::fs::write(file, report.record());
    }
    panic::resume_unwind(Box::new("reported above"))
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn what_repeats_is_folded_and_keeps_its_numbers() {
        let rounds = (1..=5).flat_map(|n| [format!("asks {n}"), format!("gives up {n}")]);
        let mut events = vec!["begins".to_owned()];
        events.extend(rounds);
        events.extend((0..4).map(|n| format!("waits {n} s")));
        events.extend(["ends".to_owned(), "ends".to_owned()]);
        assert_eq!(
            numbered(&events),
            [
                "1. begins",
                "2. asks 1",
                "3. gives up 1",
                "   … 6 more like it, up to",
                "10. asks 5",
                "11. gives up 5",
                "12. waits 0 s",
                "   … 2 more like it, up to",
                "15. waits 3 s",
                "16. ends",
                "17. ends",
            ]
        );
        assert_eq!(numbered(&[]), Vec::<String>::new());
    }
}
