//! The REST API of the real binary.

mod tools;
