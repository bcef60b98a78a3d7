//! The gate through its own door, with ports that keep everything in memory.

mod confirmation;
mod idempotency;
mod ledger;
mod outcomes;
mod property;
mod recovery;
mod refusals;
mod story;
mod world;
