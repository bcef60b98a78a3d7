//! The key of the audit: it seals the ends of chains (HMAC-SHA-256, renewed in every commit) and
//! signs their checkpoints (Ed25519, for those who must not have the key to check them).

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::Sentence;

/// Seals and signs. Whoever has it can write a new history, so a witness of the checkpoints belongs
/// elsewhere. Instances that share a database share it.
#[derive(Clone)]
pub struct AuditKey {
    signing: SigningKey,
    sealing: Hmac<Sha256>,
}

impl AuditKey {
    /// From 32 secret bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let mut sealing = Sentence::new("guildhall audit seal 1");
        sealing.text(&hex::encode(seed));
        Self {
            signing: SigningKey::from_bytes(&seed),
            sealing: Hmac::new_from_slice(&sealing.bytes()).expect("a key of any length will do"),
        }
    }

    /// Who signs with it.
    pub fn signer(&self) -> Signer {
        Signer(self.signing.verifying_key())
    }

    pub(super) fn sign(&self, statement: &[u8; 32]) -> String {
        hex::encode(self.signing.sign(statement).to_bytes())
    }

    pub(super) fn seal(&self, statement: &[u8; 32]) -> String {
        let mut sealing = self.sealing.clone();
        sealing.update(statement);
        hex::encode(sealing.finalize().into_bytes())
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey of {}", self.signer())
    }
}

/// The public half: 32 bytes, 64 letters of hex when written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer(VerifyingKey);

impl Signer {
    pub(super) fn signed(&self, statement: &[u8; 32], signature: &str) -> bool {
        let Some(bytes) = hex::decode(signature)
            .ok()
            .and_then(|it| it.try_into().ok())
        else {
            return false;
        };
        // Another spelling of the same bytes is no signature of ours either.
        hex::encode(bytes) == signature
            && self
                .0
                .verify_strict(statement, &Signature::from_bytes(&bytes))
                .is_ok()
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

/// What is not a public key.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is not the public key of an audit: 64 letters of hex, as `guildhall audit key` prints it"
)]
pub struct NotAKey(String);

impl std::str::FromStr for Signer {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let bytes = hex::decode(text.trim()).ok();
        let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
            .map(Self)
            .ok_or_else(|| NotAKey(text.chars().take(80).collect()))
    }
}
