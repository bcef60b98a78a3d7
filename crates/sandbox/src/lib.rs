//! A simulated Discord: REST v10 and Gateway v10, for people without a token and for tests.

pub mod permissions;
pub mod rest;
pub mod snowflake;
pub mod validate;
pub mod world;
