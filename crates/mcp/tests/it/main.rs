//! The protocol's duties that no public suite covers, over both transports and generations.
#![expect(clippy::unwrap_used, reason = "a broken test says where by its panic")]

mod bridge;
mod confirmation;
mod hall;
mod http;
mod offers;
mod stdio;
