//! JSON that is read over and not kept, in which no name may be there twice: whoever reads the first
//! and whoever reads the last would see different calls.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

/// Anything that names nothing twice, at any depth.
#[derive(Debug, Default)]
pub(crate) struct Once;

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Once;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_str<E>(self, _: &str) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Once, A::Error> {
        while list.next_element::<Once>()?.is_some() {}
        Ok(Once)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            if names.contains(&name) {
                let shown: String = name.0.chars().take(64).collect();
                return Err(de::Error::custom(format!("`{shown}` is there twice")));
            }
            map.next_value::<Once>()?;
            names.insert(name);
        }
        Ok(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_there_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": [{"b": 1, "b": 2}]}"#,
            r#"[{"b": {"c": null, "\u0063": 2}}]"#,
        ] {
            let error = serde_json::from_str::<Once>(text).unwrap_err();
            assert!(error.is_data() && error.to_string().contains("is there twice"));
        }
        let fine = r#"{"a": [1, -2, 1.5, null, true, "a"], "b": {"a": "x"}, "c": {}}"#;
        assert!(serde_json::from_str::<Once>(fine).is_ok());
    }
}
