//! What the tests share.

pub mod histories;
pub mod oracle;
pub mod shards;
pub mod situations;
