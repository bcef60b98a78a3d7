//! The MCP server: the protocol's two generations over stdio and HTTP, before one gate.
//!
//! Only this room knows JSON-RPC, and only inside it are the protocol library's types seen. It
//! decides nothing: what is allowed, planned or confirmed is the gate's word, put into the
//! protocol's.

mod asker;
mod bridge;
mod calls;
mod client;
mod completion;
mod confirm;
mod contained;
mod gated;
mod hall;
mod handler;
mod http;
mod jsonrpc;
mod listing;
mod once;
mod prompts;
mod question;
mod reader;
mod render;
mod resent;
mod resources;
mod seal;
mod service;
mod stdio;
mod tls;
mod untrusted;
mod waiting;

pub use bridge::{Upstream, bridge, bridge_streams};
pub use client::{CallResult, Client, Generation};
pub use gated::Gated;
pub use hall::{Answer, Card, Confirm, Declined, Done, Hall, Plan, Retry};
pub use http::{HttpConfig, HttpService, Sessions};
pub use service::{App, Service, http_around};

/// Why a transport ended otherwise than by its client's wish.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client did not begin as the protocol demands.
    #[error("the client did not open the conversation: {0}")]
    Opening(String),
    /// The streams broke.
    #[error("the connection to the client broke: {0}")]
    Stream(#[from] std::io::Error),
    /// A server, reached as a client, did not answer as it should.
    #[error("the server at {url} cannot be used: {detail}")]
    Server { url: String, detail: String },
    /// An address that is none.
    #[error("{url} is not the address of a service: {detail}")]
    Address { url: String, detail: String },
}
