//! Agents that share a bot: locks and waiting, through the gate.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it set it up"
)]

mod lock;
mod people;
mod ports;
mod wait;
mod world;
