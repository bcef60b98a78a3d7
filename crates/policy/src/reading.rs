//! How long a conversation that has read strangers' words counts as one that has.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::strict::{self, NoOtherKeys};

/// What the rule condition `after_untrusted` asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AfterUntrusted {
    /// Minutes after the last such reading; then the conversation counts as a new one.
    pub forget_after_minutes: NonZeroU32,
    /// Whose reading counts.
    pub by: ReadBy,
    #[serde(
        flatten,
        skip_serializing,
        deserialize_with = "strict::after_untrusted"
    )]
    pub others: NoOtherKeys,
}

/// Whose reading counts against a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadBy {
    /// Whatever the principal read, in any of its sessions: a new session shakes nothing off.
    #[default]
    Principal,
    /// What the same session of the client read; where there are no sessions, the principal.
    Session,
}

/// An hour.
const DEFAULT_MINUTES: NonZeroU32 = NonZeroU32::new(60).expect("sixty is not zero");

impl Default for AfterUntrusted {
    fn default() -> Self {
        Self {
            forget_after_minutes: DEFAULT_MINUTES,
            by: ReadBy::default(),
            others: NoOtherKeys,
        }
    }
}

impl AfterUntrusted {
    /// The time in milliseconds.
    pub fn forget_after_ms(&self) -> i64 {
        i64::from(self.forget_after_minutes.get()) * 60_000
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
