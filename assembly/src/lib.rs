//! What the labs' solutions promise each other, and no lab's grader asks.
//!
//! A lab's grader accepts every right design, also one that stands on an engine of its own and so cannot
//! share its transaction. The platform needs designs that fit together. What that takes is tested here.
