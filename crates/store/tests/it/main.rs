//! The store through its public door, on every engine.

mod contract;
mod fixtures;
