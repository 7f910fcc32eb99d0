//! The book: our directives in its pages, its build, and the proof that it is whole.
//!
//! mdBook renders the pages; this module adds what a page of this course needs beyond text: quizzes,
//! predictions, a reader's own figures, a lab's invariants, hints and mistakes. Each is a directive
//! such as `{{#quiz}}` on a line of its own, and becomes plain HTML that is complete without
//! JavaScript. `src/assets/js` then makes the custom elements among it interactive.
//!
//! In reading order:
//!
//! - [`scan`]: finds directives in markdown, and leaves code alone.
//! - [`preprocess`]: mdBook's preprocessor, which replaces each by its HTML or says what is wrong.
//! - [`directives`]: one module each, which render in a [`context`]; [`quiz`], [`predict`] and [`place`] are
//!   what the files beside a page hold.
//! - [`figures`]: a file of measurements; [`measured`]: all of a machine's; [`chart`] and [`ladder`] draw from
//!   them, and [`elsewhere`] is what others published.
//! - `build`: mdBook as a library, with our preprocessor in process.
//! - `faults`: those that mdBook does not report.

pub mod chart;
pub mod context;
pub mod directives;
pub mod elsewhere;
pub mod figures;
mod headings;
pub mod html;
pub mod ladder;
pub mod measured;
pub mod page;
pub mod place;
pub mod predict;
pub mod preprocess;
pub mod quiz;
pub mod scan;

#[cfg(feature = "tool")]
pub mod build;
#[cfg(feature = "tool")]
mod crawl;
#[cfg(feature = "tool")]
pub mod faults;
