//! The catalogue through its public door.

mod arguments;
mod generator;
mod listing;
mod openapi;
mod views;
