//! The store through its public door, on every engine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says aloud what it skips"
)]

mod contract;
mod crash;
mod files;
mod fixtures;
mod instances;
mod model_based;
mod postgres;
mod prepared;
