//! Cedar decides as the rules say, and the operator's own text can only take away.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it set it up"
)]

mod agreement;
mod own_text;
