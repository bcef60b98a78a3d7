//! The gate through its own door, with ports that keep everything in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it set it up"
)]

mod approval_machine;
mod attempts;
mod canaries;
mod circumstances;
mod confirmation;
mod decisions;
mod flows;
#[path = "../../../catalogue/tests/it/generator.rs"]
mod generator;
mod hidden_ids;
mod idempotency;
mod ledger;
mod limits;
mod lockdown;
mod mirror;
mod outcomes;
mod ownership;
mod property;
mod reading;
mod recovery;
mod refusals;
mod standing;
mod story;
mod webhooks;
mod workspaces;
mod world;
