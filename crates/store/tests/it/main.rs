//! The store through its public door, on every engine.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod audit;
mod contract;
mod crash;
mod files;
mod fixtures;
mod instances;
mod model_based;
mod ownership;
mod postgres;
mod prepared;
mod race;
mod server;
