//! What commits alongside a fact: a fact and its news commit together or not at all.
//!
//! The lab's grader does not require this, because an authority may have its own storage engine. The
//! platform does, and so does each solution that it can be built from.

mod ours {
    include!("promises.rs");
}

mod one_table {
    use one_table as authority;
    include!("promises.rs");
}
