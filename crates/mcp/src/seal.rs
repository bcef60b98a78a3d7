//! Seals what a stateless client carries between two rounds: unreadable, bound, single use.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const NONCE_BYTES: usize = 12;

/// Sealed states remembered as used. More confirmations than this within [`REMEMBERED_FOR`]
/// cannot be answered by people.
const REMEMBERED: u64 = 16_384;

/// Longer than any state is valid.
const REMEMBERED_FOR: Duration = Duration::from_mins(15);

/// What waits for a person's answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// The plan's confirmation token, itself bound and single use in the gate.
    pub(crate) token: String,
    /// The question, to ask it again.
    pub(crate) question: Value,
    /// Unix time in milliseconds.
    pub(crate) expires_at: i64,
}

/// A state that proved to be ours.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) id: [u8; NONCE_BYTES],
}

/// The key and what it has seen.
pub(crate) struct Seal {
    cipher: ChaCha20Poly1305,
    used: Cache<[u8; NONCE_BYTES], ()>,
}

impl Seal {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: ChaCha20Poly1305::new(key.into()),
            used: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(REMEMBERED_FOR)
                .build(),
        }
    }

    /// Seal a state for whoever proves the same `bound` data.
    pub(crate) fn close(&self, state: &State, bound: &[u8]) -> String {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let text = serde_json::to_vec(state).expect("a state always has a text");
        let payload = Payload {
            msg: &text,
            aad: bound,
        };
        let sealed = self
            .cipher
            .encrypt(Nonce::from_slice(&nonce), payload)
            .expect("a state is far below the cipher's limit");
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Open what a client brought. `None` for anything that is not exactly ours.
    pub(crate) fn open(&self, sealed: &str, bound: &[u8]) -> Option<Opened> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (id, body) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: body,
            aad: bound,
        };
        let text = self.cipher.decrypt(Nonce::from_slice(id), payload).ok()?;
        Some(Opened {
            state: serde_json::from_slice(&text).ok()?,
            id: *id,
        })
    }

    /// Use a state up. `false` if it was used before.
    pub(crate) fn spend(&self, id: [u8; NONCE_BYTES]) -> bool {
        self.used.entry(id).or_insert(()).is_fresh()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            token: "tok".into(),
            question: Value::Null,
            expires_at: 1,
        }
    }

    #[test]
    fn only_the_same_binding_opens_a_state() {
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.close(&state(), b"ada\0delete");
        assert_eq!(
            seal.open(&sealed, b"ada\0delete").unwrap().state.token,
            "tok"
        );
        assert!(seal.open(&sealed, b"bob\0delete").is_none());
        assert!(Seal::new(&[8; 32]).open(&sealed, b"ada\0delete").is_none());
        assert!(!sealed.contains("tok"));
    }

    #[test]
    fn a_tampered_state_does_not_open() {
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.close(&state(), b"x");
        for place in [0, 20, sealed.len() - 2] {
            let mut bytes = sealed.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            assert!(
                seal.open(&String::from_utf8(bytes).unwrap(), b"x")
                    .is_none()
            );
        }
        assert!(seal.open("", b"x").is_none());
        assert!(seal.open("not base64!", b"x").is_none());
    }

    #[test]
    fn a_state_works_once() {
        let seal = Seal::new(&[7; 32]);
        let opened = seal.open(&seal.close(&state(), b"x"), b"x").unwrap();
        assert!(seal.spend(opened.id));
        assert!(!seal.spend(opened.id));
    }
}
