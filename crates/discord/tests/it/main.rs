//! The room's tests through its public door, against real servers on loopback.

mod ears_in_the_sandbox;
mod ears_stage;
mod ears_supervision;
mod facts_by_reading;
mod hands_answers;
mod hands_in_the_sandbox;
mod hands_limits;
mod hands_requests;
mod hands_server;
