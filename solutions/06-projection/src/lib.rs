//! Lab 6: derived views.
//!
//! A dashboard counts who has completed what. It decides nothing: a replay of the log, from the
//! beginning, rebuilds it as often as needed. So it may lag, be deleted and be rebuilt, provided that it
//! says how far it has come.
//!
//! In reading order:
//!
//! 1. [`log`]: where events are read from *(given)*
//! 2. [`plan`]: what a view counts, and its version number *(given)*
//! 3. [`view`]: the fold, from events to rows
//! 4. [`shelf`]: the one view that readers see, and which views may replace it
//! 5. [`dashboard`]: reading it, with its lag
//! 6. [`store`] and [`checkpoint`]: where a checkpoint is kept, and how *(given)*
//! 7. [`projector`]: from the log into the view, with checkpoints
//! 8. [`rebuild`]: a view built aside and swapped in, and the clean-up after it
//! 9. [`certificates`]: a command, next to a view that seems to know its answer
//! 10. [`letters`]: an effect on the outside world, which no replay may repeat
//!
//! It is not a product: the view is in memory and is copied when it changes during a read, there is one
//! projector and not one for each part of the log, and a log that was cut off and has grown again cannot
//! be distinguished from the original.

pub mod certificates;
pub mod checkpoint;
pub mod dashboard;
pub mod letters;
pub mod log;
pub mod plan;
pub mod projector;
pub mod rebuild;
pub mod shelf;
pub mod store;
pub mod view;
