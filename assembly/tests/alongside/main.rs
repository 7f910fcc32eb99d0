//! What commits alongside a fact: everything or nothing, and with it the news of it or neither.
//!
//! The lab's grader does not ask for this, because an authority may stand on an engine of its own. The
//! platform does, and so does each solution that it can be made of.

mod ours {
    include!("promises.rs");
}

mod one_table {
    use one_table as authority;
    include!("promises.rs");
}
