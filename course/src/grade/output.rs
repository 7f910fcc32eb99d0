//! Reads what libtest prints for one test.

use serde::{Deserialize, Serialize};

/// How a `todo!` begins what it says.
const TODO: &str = "not yet implemented";

/// A panic, as the default hook prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panic {
    /// Its text.
    pub message: String,
    /// Where it was raised.
    pub place: Option<Place>,
}

impl Panic {
    /// Whether a `todo!` raised it.
    pub fn is_todo(&self) -> bool {
        self.message.starts_with(TODO)
    }
}

/// The sentence of a `todo!`, from the message of its panic.
pub(crate) fn todo_sentence(message: &str) -> &str {
    message
        .strip_prefix(TODO)
        .map_or(message, |rest| rest.trim_start_matches(": ").trim())
}

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the repository's root if it is inside.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Libtest {
    Ok,
    Failed,
    Ignored,
}

/// What libtest reports of the one test that it ran; `None` when it did not get that far.
pub(super) fn verdict(stdout: &str) -> Option<Libtest> {
    let result = stdout
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("test result: "))?;
    if result.contains(" 1 passed;") {
        Some(Libtest::Ok)
    } else if result.contains(" 1 failed;") {
        Some(Libtest::Failed)
    } else if result.contains(" 1 ignored;") {
        Some(Libtest::Ignored)
    } else {
        None
    }
}

/// What the test printed before it failed.
pub(super) fn captured(stdout: &str) -> String {
    let from = stdout.find("\n---- ").map_or(stdout.len(), |at| at + 1);
    let block = &stdout[from..];
    let block = block.split_once('\n').map_or("", |(_, rest)| rest);
    let until = block.rfind("\nfailures:\n").unwrap_or(block.len());
    without_notes(block[..until].trim())
}

/// What a test of `given/story` records about its end, in addition to what it prints.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Whether it was stopped because it did not end.
    pub spin: bool,
    /// The function that it was in then, where that is known.
    pub function: Option<String>,
    pub panic: Panic,
}

impl Ending {
    /// Reads one; `None` where there is none, as of a test that is not run as a story.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '\n');
        let (kind, place, function) = (parts.next()?, parts.next()?, parts.next()?);
        let place = place.rsplit_once(':').and_then(|(file, line)| {
            Some(Place {
                file: file.to_owned(),
                line: line.parse().ok()?,
            })
        });
        Some(Self {
            spin: kind == "spin",
            function: (!function.is_empty()).then(|| function.to_owned()),
            panic: Panic {
                message: parts.next()?.trim_end().to_owned(),
                place,
            },
        })
    }
}

/// Every panic that `text` reports, in order.
pub(super) fn panics_in(text: &str) -> Vec<Panic> {
    let text = text
        .rfind("\nfailures:\n    ")
        .map_or(text, |at| &text[..at]);
    let mut panics: Vec<Panic> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(place) = panic_at(line) {
            panics.push(Panic {
                message: String::new(),
                place,
            });
            open = true;
        } else if line.starts_with("note: run with `RUST_BACKTRACE")
            || line.starts_with("stack backtrace:")
        {
            open = false;
        } else if let (true, Some(panic)) = (open, panics.last_mut()) {
            if !panic.message.is_empty() {
                panic.message.push('\n');
            }
            panic.message.push_str(line);
        }
    }
    for panic in &mut panics {
        panic.message.truncate(panic.message.trim_end().len());
    }
    panics
}

/// The place in `thread 'NAME' (1234) panicked at src/frame.rs:42:5:`.
#[expect(
    clippy::option_option,
    reason = "a panic without a readable place is still a panic"
)]
fn panic_at(line: &str) -> Option<Option<Place>> {
    let rest = line.strip_prefix("thread '")?;
    let (_, place) = rest.split_once("' ")?.1.split_once("panicked at ")?;
    let mut parts = place.trim_end_matches(':').rsplitn(3, ':');
    let _column = parts.next();
    let line = parts.next().and_then(|line| line.parse().ok());
    let file = parts.next();
    Some(file.zip(line).map(|(file, line)| Place {
        file: file.to_owned(),
        line,
    }))
}

fn without_notes(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("note: run with `RUST_BACKTRACE"));
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Ending, Libtest, Place, captured, panics_in, todo_sentence, verdict};

    const FAILED: &str = "
running 1 test
test frame::torn ... FAILED

failures:

---- frame::torn stdout ----
read 3 bytes

thread 'tokio-rt' (77) panicked at 01-measure/src/frame.rs:42:9:
not yet implemented: Take one frame
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

thread 'frame::torn' (78) panicked at 01-measure/tests/core/frame.rs:7:5:
M1 does not hold:
  expected 3
  found 4


failures:
    frame::torn

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s
";

    #[test]
    fn finds_every_panic_with_its_place_and_its_whole_text() {
        let panics = panics_in(FAILED);
        assert_eq!(panics.len(), 2);
        assert!(panics[0].is_todo());
        assert_eq!(todo_sentence(&panics[0].message), "Take one frame");
        assert_eq!(
            panics[0].place,
            Some(Place {
                file: "01-measure/src/frame.rs".into(),
                line: 42
            })
        );
        assert_eq!(
            panics[1].message,
            "M1 does not hold:\n  expected 3\n  found 4"
        );
        assert!(captured(FAILED).starts_with("read 3 bytes\n"));
        assert!(captured(FAILED).ends_with("found 4"));
    }

    #[test]
    fn a_story_is_read_from_its_record() {
        let text = "todo\n01-measure/src/frame.rs:155\n\nnot yet implemented: Judge the end.\n";
        let record = Ending::parse(text).unwrap();
        assert!(!record.spin && record.panic.is_todo());
        let place = record.panic.place.unwrap().to_string();
        assert_eq!(place, "01-measure/src/frame.rs:155");
        let record = Ending::parse("spin\n\nmeasure::encode\nIt has\nnot finished.\n").unwrap();
        assert!(record.spin);
        assert_eq!(record.function.as_deref(), Some("measure::encode"));
        assert_eq!(record.panic.place, None);
        assert_eq!(record.panic.message, "It has\nnot finished.");
        assert_eq!(Ending::parse(""), None);
    }

    #[test]
    fn a_run_without_a_verdict_has_none() {
        assert_eq!(verdict(FAILED), Some(Libtest::Failed));
        assert_eq!(verdict("running 1 test\n"), None);
        assert_eq!(
            verdict("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured"),
            None
        );
        assert_eq!(
            verdict("test result: ok. 1 passed; 0 failed; 0 ignored;"),
            Some(Libtest::Ok)
        );
    }
}
