//! Any order of events, against a model: calls, replies, cancellations, stalls and ends that overlap.

mod clients;
mod servers;
