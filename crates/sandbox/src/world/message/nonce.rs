//! Enforced nonces: the same one from the same author makes no second message for some minutes.

use serde_json::Value;

use super::NewMessage;
use crate::snowflake::Snowflake;
use crate::world::World;

/// How long an enforced nonce answers with the message it first made.
const NONCE_MS: u64 = 5 * 60 * 1_000;

/// Remembered nonces; the oldest go first.
const MAX_NONCES: usize = 10_000;

/// A nonce that must not make a second message.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub(crate) struct UsedNonce {
    author: Snowflake,
    channel: Snowflake,
    nonce: String,
    message: Snowflake,
    at_ms: u64,
}

impl World {
    /// The message that this nonce made before.
    pub(super) fn nonce_used(
        &self,
        author: Snowflake,
        channel: Snowflake,
        new: &NewMessage,
    ) -> Option<Snowflake> {
        let nonce = new
            .nonce
            .as_ref()
            .filter(|_| new.enforce_nonce)?
            .to_string();
        let now = self.now_ms();
        let mut recent = self
            .nonces
            .iter()
            .rev()
            .take_while(|used| used.at_ms + NONCE_MS > now);
        // A nonce whose message was deleted makes a new one.
        let same = |used: &&UsedNonce| {
            used.author == author
                && used.channel == channel
                && used.nonce == nonce
                && self.message(channel, used.message).is_some()
        };
        recent.find(same).map(|used| used.message)
    }

    pub(super) fn remember_nonce(
        &mut self,
        author: Snowflake,
        channel: Snowflake,
        nonce: &Value,
        id: Snowflake,
    ) {
        let at_ms = self.now_ms();
        if self.nonces.len() >= MAX_NONCES {
            self.nonces.pop_front();
        }
        let nonce = nonce.to_string();
        self.nonces.push_back(UsedNonce {
            author,
            channel,
            nonce,
            message: id,
            at_ms,
        });
    }
}
