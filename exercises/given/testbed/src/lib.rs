//! The tools with which the labs' tests watch and disturb a reader's code.
//!
//! A grade must not depend on a clock, a socket or luck. So a test here runs in virtual time over an
//! in-memory link, counts what crosses it, and decides when the other side answers.
//!
//! In reading order:
//!
//! - [`mod@story`] runs a test so that a deadlock, a spin or a panic becomes a message that teaches
//! - [`link`] is a connection that counts crossings, bytes and writes, and delivers in any chunks
//! - [`broken`] is a stream that fails, where a link only ends
//! - [`peer`] is the other side of a connection, played by the test, frame by frame
//! - [`mod@poll`] polls a future once, and leaves it
//! - [`gate`] holds code under test at a point until the test lets it continue
//! - [`memory`] counts what the code under test allocated
//! - [`cases`] runs a property on generated cases, always the same ones unless told otherwise
//!
//! Nothing in here depends on the code under test. The peer has its own frame codec, so that a mistake
//! in the reader's codec cannot hide itself.

pub mod broken;
pub mod cases;
pub mod gate;
pub mod link;
pub mod memory;
pub mod peer;
pub mod poll;
pub mod story;

pub use cases::for_all;
pub use gate::Gate;
pub use link::{Counts, End, Link};
pub use peer::{Peer, RawFrame};
pub use poll::poll_once;
pub use story::{idle, live, live_or, note, scene, soon, stories, story};
