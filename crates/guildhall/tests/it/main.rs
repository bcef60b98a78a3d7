//! Stories of the whole binary, and the rules of the house.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may panic, and says what it skips"
)]

mod approvals;
mod bad_input;
mod clients;
mod compile_time;
mod conformance;
mod crash;
mod crash_points;
mod harness;
mod house;
mod journeys;
mod lockdown;
mod marking;
mod mirrors;
mod once;
mod operator;
#[path = "../../../store/tests/it/server.rs"]
mod postgres;
mod redteam;
mod resent;
mod rest;
mod secrets;
mod security_page;
mod undo;
