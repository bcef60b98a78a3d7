//! The HTTP server around the doors: who may come in, how large, how fast, and what is healthy.
//!
//! The MCP door is mounted as a service and decides for itself; the REST API is a door of this room,
//! and hands every wish to the gate.

mod accept;
mod access;
mod api;
mod health;
mod layers;
mod pages;
mod problem;
mod server;

pub use access::Hosts;
pub use api::{Api, document};
pub use health::{Health, HealthReport};
pub use server::{Config, Mount, Routes, mount, serve};

/// Why the server could not serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Anyone on the network could act through this bot.
    #[error(
        "{address} can be reached from the network and no API key is required; require keys, \
         listen on 127.0.0.1, or say explicitly that the network is trusted"
    )]
    OpenToTheNetwork { address: std::net::SocketAddr },
    /// Keys are required and there is no place to look them up.
    #[error("API keys are required, but there is no store that holds any")]
    NoKeys,
    #[error("the listener cannot be used: {0}")]
    Listener(#[from] std::io::Error),
}
