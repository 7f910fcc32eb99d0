//! `boundaries`: a linter for the boundaries of a system.
//!
//! It reads a ledger, `boundaries.toml`, in which people have written down what their system decides,
//! copies and calls, and why. It finds what is wrong in it. It does not look at the running system, and
//! does not contact any other host.
//!
//! In reading order:
//!
//! - [`source`] reads a ledger, or returns the line on which it is wrong
//! - [`rules`] has every rule with its page
//! - [`lint`] runs them, and removes what is waived or in the baseline
//! - [`gaps`] has what was not checked, and which answer is missing
//! - [`output`] prints a report as text, JSON, SARIF, GitHub annotations or Markdown
//! - [`baseline`] keeps known findings by rule and names
//! - [`import`] starts a ledger from descriptions that a team already has
//! - [`diagram`] draws a ledger

pub mod baseline;
pub mod day;
pub mod diagram;
pub mod gaps;
pub mod import;
pub mod lint;
pub mod output;
pub mod rules;
pub mod source;

/// The JSON Schema of a ledger, for editors.
pub const SCHEMA: &str = include_str!("schema.json");
