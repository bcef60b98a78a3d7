//! How long a conversation that has read strangers' words counts as one that has.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::strict::{self, NoOtherKeys};

/// What the rule condition `after_untrusted` asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AfterUntrusted {
    /// Minutes after the last such reading; then the conversation counts as a new one. At most
    /// [`FORGET_MINUTES_MAX`].
    #[serde(deserialize_with = "minutes")]
    pub forget_after_minutes: u32,
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
const DEFAULT_MINUTES: u32 = 60;
/// Thirty days: so long is kept what was read.
pub const FORGET_MINUTES_MAX: u32 = 30 * 24 * 60;

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let minutes = u32::deserialize(deserializer)?;
    if (1..=FORGET_MINUTES_MAX).contains(&minutes) {
        Ok(minutes)
    } else {
        Err(D::Error::custom(format!(
            "forget_after_minutes must be 1 to {FORGET_MINUTES_MAX}, which is 30 days"
        )))
    }
}

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
        i64::from(self.forget_after_minutes) * 60_000
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference"
    )]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
