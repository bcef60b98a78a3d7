//! The store through its public door, on every engine.

mod contract;
mod crash;
mod files;
mod fixtures;
mod instances;
mod model_based;
mod postgres;
mod prepared;
