//! What a crash can take back, and what may be told before.

mod answers;
mod crashes;
