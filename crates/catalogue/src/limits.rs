//! Discord's limits, each named once and used by schemas and checks alike.
//! Source: Discord documentation, page of each resource. Lengths are in characters.

/// A message's content. *Create Message*.
pub const CONTENT: usize = 2000;
