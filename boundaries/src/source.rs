//! Reading a ledger: its text, or what is wrong with it, and on which line.

use ledger::form::{MAX_LEDGER_BYTES, line_at};
use ledger::{Ledger, LedgerError};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use thiserror::Error;

/// Why a file is not a ledger, or not a description that can be imported.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("{file}: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// The system's error.
        why: String,
    },
    /// It is not a text of this form.
    #[error("{file}:{line}: {message}")]
    Form {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
}

/// Reads a file as text, `-` being the standard input.
///
/// # Errors
/// [`SourceError`] if it cannot be read, is larger than a ledger may be, or is not UTF-8.
pub fn text(file: &Path) -> Result<String, SourceError> {
    let name = file.display().to_string();
    let unreadable = |why: String| SourceError::Unreadable {
        file: name.clone(),
        why,
    };
    let mut bytes = Vec::new();
    // One byte beyond the limit is enough to know that it is too large, even from an endless device.
    let limit = MAX_LEDGER_BYTES as u64 + 1;
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        if file.is_dir() {
            return Err(unreadable("is a directory; name the file in it".to_owned()));
        }
        let file = File::open(file).map_err(|error| unreadable(told(&error)))?;
        file.take(limit).read_to_end(&mut bytes)
    };
    read.map_err(|error| unreadable(told(&error)))?;
    if bytes.len() > MAX_LEDGER_BYTES {
        return Err(SourceError::Form {
            file: name,
            line: 1,
            message: format!("larger than {MAX_LEDGER_BYTES} bytes, the limit"),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        SourceError::Form {
            file: name,
            line: line_at(&String::from_utf8_lossy(&bytes[..valid]), valid),
            message: format!("byte {valid} is not UTF-8 (0x{:02x})", bytes[valid]),
        }
    })
}

/// Reads a ledger from a text that came from `file`.
///
/// # Errors
/// [`SourceError::Form`] with the line.
pub fn ledger(file: &Path, text: &str) -> Result<Ledger, SourceError> {
    Ledger::parse(text).map_err(|error| {
        let file = file.display().to_string();
        match error {
            LedgerError::TooLarge { .. } => SourceError::Form {
                file,
                line: 1,
                message: format!("larger than {MAX_LEDGER_BYTES} bytes, the limit"),
            },
            LedgerError::Form { message, at, .. } => SourceError::Form {
                file,
                line: line_at(text, at.start),
                message: hinted(message),
            },
        }
    })
}

/// What the parser reads as the beginning of a number is usually a word without quotes.
fn hinted(message: String) -> String {
    if ["invalid float", "invalid integer", "invalid boolean"]
        .iter()
        .any(|begin| message.starts_with(begin))
    {
        return message + "; text needs quotes";
    }
    message
}

fn told(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}
