//! The protocol's duties that no public suite covers, over both transports and generations.

mod bridge;
mod confirmation;
mod hall;
mod http;
mod stdio;
