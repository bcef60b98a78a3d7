//! One file for each command.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
mod doctor_mirrors;
pub(crate) mod key;
pub(crate) mod mcp;
pub(crate) mod policy;
pub(crate) mod sandbox;
pub(crate) mod serve;
pub(crate) mod setup;
pub(crate) mod tools;
pub(crate) mod undo;
pub(crate) mod workspace;
