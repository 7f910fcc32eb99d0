//! What the labs' solutions promise each other, but no lab's grader checks.
//!
//! A lab's grader accepts every right design, even one with its own storage engine, which cannot share
//! its transaction. The platform needs designs that fit together. These tests check what that takes.
