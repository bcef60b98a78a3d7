//! Interactions: somebody pressed a button, and Discord waits three seconds for a word. Their tokens
//! are credentials, so they are never stored: whoever wants to answer hears of them here, in memory.

use std::fmt;

use crate::{clock::Millis, id::Id};

/// Kinds of ids that only interactions have.
pub mod kind {
    /// An interaction.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Interaction {}
}

/// Names one interaction.
pub type InteractionId = Id<kind::Interaction>;

/// How long an interaction's token is good for. Source: Discord documentation, *Receiving and
/// Responding › Followup Messages*.
pub const TOKEN_LIFE_MS: Millis = 15 * 60 * 1_000;

/// How soon Discord wants the first answer. Source: *Receiving and Responding › Interaction
/// Callback*.
pub const FIRST_ANSWER_MS: Millis = 3_000;

/// What can be answered, as it comes in. Its event is in the journal later, without the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Interaction {
    pub id: InteractionId,
    pub application_id: String,
    pub token: String,
    /// What the pressed component carries; empty where it is none.
    pub custom_id: String,
    pub received_at: Millis,
}

/// Hears of interactions the moment they come in. Must not block.
pub trait Interactions: Send + Sync {
    /// One came in.
    fn came(&self, interaction: Interaction);
}

/// The token is a credential.
impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction")
            .field("id", &self.id)
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}
