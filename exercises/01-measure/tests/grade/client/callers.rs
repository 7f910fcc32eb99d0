//! Those who share a connection.

mod leaving;
mod sharing;
mod writing;
