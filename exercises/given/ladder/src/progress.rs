//! What is being measured just now: one line that changes on a terminal, a few plain lines in a
//! log, and always on stderr, so that the table can be redirected alone.

use std::io::{IsTerminal as _, Write as _};

use crate::units;

/// In a log, say something this often.
const LINES_IN_A_LOG: usize = 5;

/// Shows how far a run is.
pub struct Progress {
    terminal: bool,
    rounds: usize,
}

impl Progress {
    /// Of a run of so many rounds.
    pub fn of(rounds: usize) -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            rounds,
        }
    }

    /// Setting up: named only where the line can change.
    pub fn starting(&self, what: &str) {
        self.line(&format!("starting {what}"));
    }

    /// A slice is about to be taken.
    pub fn measuring(&self, round: usize, what: &str) {
        self.line(&format!("round {} of {}: {what}", round + 1, self.rounds));
    }

    /// The first figure of something, which stays on the screen: a short run is watched.
    pub fn first(&self, what: &str, ns: f64) {
        self.line("");
        eprintln!("  {what:<44}{:>9}", units::time(ns));
    }

    /// A round is complete.
    pub fn round_done(&self, round: usize) {
        if !self.terminal && is_told(round + 1, self.rounds) {
            eprintln!("  round {} of {}", round + 1, self.rounds);
        }
    }

    /// Leaves the terminal clean.
    pub fn done(&self) {
        self.line("");
    }

    fn line(&self, text: &str) {
        if self.terminal {
            let text: String = text.chars().take(76).collect();
            // A terminal that has gone does not stop the measurement.
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{text}");
        }
    }
}

fn is_told(done: usize, of: usize) -> bool {
    done == of || done.is_multiple_of(of.div_ceil(LINES_IN_A_LOG))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_a_few_lines_and_the_last() {
        let told = |of| {
            (1..=of)
                .filter(|&done| is_told(done, of))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(31), [7, 14, 21, 28, 31]);
        assert_eq!(told(7), [2, 4, 6, 7]);
        assert_eq!(told(1), [1]);
    }
}
