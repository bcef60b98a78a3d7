//! Confirmation tokens: proof that a plan was seen, bound to who, what, under which policy and
//! until when. Sealed, so that nobody can make or read one; used up in the ledger.
//!
//! The seal is ChaCha20-Poly1305 with a random 96-bit nonce, which also makes each token unique.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use model::{Millis, ledger::Spend};

use crate::{answer::ConfirmToken, digest};

/// How long a plan may be confirmed.
pub(crate) const LIFE_MS: Millis = 10 * 60 * 1_000;

const NONCE: usize = 12;
/// Principal 16, tool and arguments 16, policy 8, plan 16, expiry 8.
const SEALED: usize = 64;
/// Keeps these tokens apart from anything else sealed with the same key.
const PURPOSE: &[u8] = b"guildhall confirmation 1";

/// What a token is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound<'a> {
    pub principal: &'a str,
    /// Digest of tool and canonical arguments.
    pub arguments: &'a str,
    pub policy_version: &'a str,
    /// Digest of the request and of the change against live state.
    pub plan: [u8; 32],
}

/// Why a token does not confirm this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mismatch {
    NotOurs,
    OtherPrincipal,
    OtherArguments,
    OtherPolicy,
    Expired,
}

/// A token that fits the call as far as can be told without looking at Discord.
#[derive(Debug)]
pub(crate) struct Opened {
    plan: [u8; 16],
    pub spend: Spend,
}

impl Opened {
    /// Whether the plan is still the one that was shown.
    pub(crate) fn fits(&self, plan: [u8; 32]) -> bool {
        self.plan == plan[..16]
    }
}

/// Seals and opens tokens.
pub(crate) struct Seal(ChaCha20Poly1305);

impl Seal {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(ChaCha20Poly1305::new(key.into()))
    }

    /// A new token for a plan.
    pub(crate) fn token(&self, bound: &Bound<'_>, now: Millis) -> ConfirmToken {
        let expires_at = now.saturating_add(LIFE_MS);
        let mut plain = [0; SEALED];
        plain[..40].copy_from_slice(&identity(bound));
        plain[40..56].copy_from_slice(&bound.plan[..16]);
        plain[56..].copy_from_slice(&expires_at.to_be_bytes());
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload {
            msg: &plain,
            aad: PURPOSE,
        };
        let sealed = self
            .0
            .encrypt(&nonce.into(), payload)
            .expect("a few bytes in memory can be sealed");
        ConfirmToken {
            token: URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()),
            expires_at,
        }
    }

    /// Open a token and compare it with the call. The plan is compared later, against live state.
    pub(crate) fn open(
        &self,
        token: &str,
        bound: &Bound<'_>,
        now: Millis,
    ) -> Result<Opened, Mismatch> {
        let bytes = URL_SAFE_NO_PAD
            .decode(token.trim())
            .map_err(|_| Mismatch::NotOurs)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or(Mismatch::NotOurs)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| Mismatch::NotOurs)?;
        let payload = Payload {
            msg: sealed,
            aad: PURPOSE,
        };
        let plain: [u8; SEALED] = self
            .0
            .decrypt(&nonce.into(), payload)
            .ok()
            .and_then(|plain| plain.try_into().ok())
            .ok_or(Mismatch::NotOurs)?;
        let expected = identity(bound);
        if plain[..16] != expected[..16] {
            return Err(Mismatch::OtherPrincipal);
        }
        if plain[16..32] != expected[16..32] {
            return Err(Mismatch::OtherArguments);
        }
        let expires_at = Millis::from_be_bytes(
            plain[56..]
                .try_into()
                .expect("the last eight of 64 bytes are eight bytes"),
        );
        if now >= expires_at {
            return Err(Mismatch::Expired);
        }
        if plain[32..40] != expected[32..] {
            return Err(Mismatch::OtherPolicy);
        }
        let mut plan = [0; 16];
        plan.copy_from_slice(&plain[40..56]);
        Ok(Opened {
            plan,
            spend: Spend {
                token_digest: hex::encode(digest::of_texts(&[token.trim()])),
                expires_at,
            },
        })
    }
}

fn identity(bound: &Bound<'_>) -> [u8; 40] {
    let mut identity = [0; 40];
    identity[..16].copy_from_slice(&digest::of_texts(&[bound.principal])[..16]);
    identity[16..32].copy_from_slice(&digest::of_texts(&[bound.arguments])[..16]);
    identity[32..].copy_from_slice(&digest::of_texts(&[bound.policy_version])[..8]);
    identity
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: Bound<'static> = Bound {
        principal: "local",
        arguments: "abc",
        policy_version: "v1",
        plan: [7; 32],
    };

    fn seal() -> Seal {
        Seal::new(&[1; 32])
    }

    #[test]
    fn a_token_opens_for_its_own_call_until_it_expires() {
        let token = seal().token(&BOUND, 0).token;
        let opened = seal().open(&token, &BOUND, LIFE_MS - 1).unwrap();
        assert!(opened.fits([7; 32]));
        assert!(!opened.fits([8; 32]));
        assert_eq!(
            seal().open(&token, &BOUND, LIFE_MS).unwrap_err(),
            Mismatch::Expired
        );
    }

    #[test]
    fn a_token_says_what_does_not_fit() {
        let token = seal().token(&BOUND, 0).token;
        let check = |bound: Bound<'_>| seal().open(&token, &bound, 0).unwrap_err();
        let other = Bound {
            principal: "key:a",
            ..BOUND
        };
        assert_eq!(check(other), Mismatch::OtherPrincipal);
        let other = Bound {
            arguments: "abd",
            ..BOUND
        };
        assert_eq!(check(other), Mismatch::OtherArguments);
        let other = Bound {
            policy_version: "v2",
            ..BOUND
        };
        assert_eq!(check(other), Mismatch::OtherPolicy);
        let stranger = Seal::new(&[2; 32]).open(&token, &BOUND, 0);
        assert_eq!(stranger.unwrap_err(), Mismatch::NotOurs);
    }

    proptest! {
        #[test]
        fn no_altered_token_opens(at in 0..90usize, flip in 1..=255u8) {
            let token = seal().token(&BOUND, 0).token;
            let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let altered = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(seal().open(&altered, &BOUND, 0).unwrap_err(), Mismatch::NotOurs);
        }

        #[test]
        fn no_text_opens(text in "\\PC{0,200}") {
            prop_assert_eq!(seal().open(&text, &BOUND, 0).unwrap_err(), Mismatch::NotOurs);
        }
    }
}
