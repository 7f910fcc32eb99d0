//! Lab 6: derived views.
//!
//! A dashboard counts who has completed what. It decides nothing: a replay of the log makes it again,
//! from the beginning, as often as anybody likes. So it may lag, be deleted and be built anew, as long
//! as it says how far it has come.
//!
//! In reading order:
//!
//! 1. [`log`]: where events are read from *(given)*
//! 2. [`plan`]: what a view counts, and under which number *(given)*
//! 3. [`view`]: the fold, from events to rows
//! 4. [`shelf`]: the one view that readers see, and which views may replace it
//! 5. [`dashboard`]: reading it, with its lag
//! 6. [`store`] and [`checkpoint`]: where a checkpoint is kept, and how *(given)*
//! 7. [`projector`]: from the log into the view, with checkpoints
//! 8. [`rebuild`]: a view built aside, swapped in, and what may be cleaned up after it
//! 9. [`certificates`]: a command, beside a view that seems to know its answer
//! 10. [`letters`]: an effect on the world, which no replay may repeat
//!
//! It is not a product: the view lives in memory and is copied when it changes while somebody reads
//! it, there is one projector and not one for each part of the log, and a log that was cut off and has
//! grown again is not told from the one that it was.

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
