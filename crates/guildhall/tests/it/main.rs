//! Stories of the whole binary, and the rules of the house.

mod bad_input;
mod clients;
mod conformance;
mod crash;
mod harness;
mod house;
mod operator;
