//! How a world is written down where JSON has no word for its data: maps with compound keys,
//! bytes, and the position of the random generator. All else derives it.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Maps in the order of their keys, so that the same world is the same text.
pub(crate) mod sorted {
    use std::collections::{BTreeMap, HashMap};
    use std::hash::Hash;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<K, V, S>(map: &HashMap<K, V>, serializer: S) -> Result<S::Ok, S::Error>
    where
        K: Ord + Serialize,
        V: Serialize,
        S: Serializer,
    {
        serializer.collect_map(map.iter().collect::<BTreeMap<_, _>>())
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<HashMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Eq + Hash,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        HashMap::deserialize(deserializer)
    }
}

/// Maps with compound keys, as a list of pairs in the order of their keys.
pub(crate) mod pairs {
    use std::collections::HashMap;
    use std::hash::Hash;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<K, V, S>(map: &HashMap<K, V>, serializer: S) -> Result<S::Ok, S::Error>
    where
        K: Ord + Serialize,
        V: Serialize,
        S: Serializer,
    {
        let mut pairs: Vec<_> = map.iter().collect();
        pairs.sort_unstable_by_key(|(key, _)| *key);
        serializer.collect_seq(pairs)
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<HashMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Eq + Hash,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let pairs = Vec::<(K, V)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

/// Bytes as Base64.
pub(crate) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(de::Error::custom)
    }
}

/// The world's random generator, which goes on from where it was saved.
#[derive(Clone, Debug)]
pub(crate) struct SavedRng(pub(crate) ChaCha12Rng);

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Position {
    seed: [u8; 32],
    /// 128 bits do not fit a number of JSON.
    word: String,
}

impl SavedRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }
}

impl Serialize for SavedRng {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (seed, word) = (self.0.get_seed(), self.0.get_word_pos().to_string());
        Position { seed, word }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SavedRng {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Position { seed, word } = Position::deserialize(deserializer)?;
        let mut rng = ChaCha12Rng::from_seed(seed);
        rng.set_word_pos(word.parse().map_err(serde::de::Error::custom)?);
        Ok(Self(rng))
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn a_saved_generator_goes_on_from_where_it_was() {
        let mut rng = SavedRng::new(7);
        let _: u64 = rng.0.random();
        let text = serde_json::to_string(&rng).unwrap();
        let mut again: SavedRng = serde_json::from_str(&text).unwrap();
        for _ in 0..100 {
            assert_eq!(rng.0.random::<u64>(), again.0.random::<u64>());
        }
    }
}
