//! The gate through its own door, with ports that keep everything in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it set it up"
)]

mod attempts;
mod circumstances;
mod confirmation;
mod flows;
mod idempotency;
mod ledger;
mod outcomes;
mod ownership;
mod property;
mod recovery;
mod refusals;
mod story;
mod webhooks;
mod world;
