//! Stories about a real sandbox: a real server, real sockets, clients that know only Discord.

mod control;
mod faults;
mod gateway;
mod limits;
mod resume;
mod support;
