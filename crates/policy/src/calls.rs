//! A number of calls a minute as the operator writes it: `30`, `"unlimited"`, or one for each risk,
//! `{ write = 30, destructive = 5 }`.

use std::fmt;

use model::Risk;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};

use crate::strict;

/// The word for no limit.
const UNLIMITED: &str = "unlimited";
const RISKS: [&str; 3] = ["read", "write", "destructive"];

/// What one key of `[policy.rates]` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// For each risk by itself.
    Each(Number),
    /// What is absent keeps its default.
    ByRisk {
        read: Option<Number>,
        write: Option<Number>,
        destructive: Option<Number>,
    },
}

/// How many calls a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Zero allows none.
    Limited(u32),
    Unlimited,
}

impl Calls {
    /// What it says of calls of this risk.
    pub fn of(self, risk: Risk) -> Option<Number> {
        match (self, risk) {
            (Self::Each(number), _) => Some(number),
            (Self::ByRisk { read, .. }, Risk::Read) => read,
            (Self::ByRisk { write, .. }, Risk::Write) => write,
            (Self::ByRisk { destructive, .. }, Risk::Destructive) => destructive,
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Limited(number) => to.serialize_u32(*number),
            Self::Unlimited => to.serialize_str(UNLIMITED),
        }
    }
}

impl Serialize for Calls {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Each(number) => number.serialize(to),
            Self::ByRisk {
                read,
                write,
                destructive,
            } => {
                let said = RISKS.iter().zip([read, write, destructive]);
                to.collect_map(said.filter_map(|(risk, number)| Some((*risk, (*number)?))))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match from.deserialize_any(Written)? {
            Calls::Each(number) => Ok(number),
            Calls::ByRisk { .. } => Err(D::Error::custom("a number of calls a minute is needed")),
        }
    }
}

impl<'de> Deserialize<'de> for Calls {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Calls;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("calls a minute, \"unlimited\", or a table with read, write and destructive")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Calls, E> {
        u64::try_from(number)
            .map_err(|_negative| E::custom("calls a minute cannot be negative"))
            .and_then(|number| self.visit_u64(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Calls, E> {
        u32::try_from(number)
            .map(|number| Calls::Each(Number::Limited(number)))
            .map_err(|_large| E::custom(format!("at most {} calls a minute", u32::MAX)))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Calls, E> {
        if word == UNLIMITED {
            return Ok(Calls::Each(Number::Unlimited));
        }
        Err(E::custom(format!(
            "\"{word}\" is no number of calls; for no limit say \"{UNLIMITED}\""
        )))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Calls, A::Error> {
        let [mut read, mut write, mut destructive] = [None; 3];
        while let Some(key) = map.next_key::<String>()? {
            let slot = match key.as_str() {
                "read" => &mut read,
                "write" => &mut write,
                "destructive" => &mut destructive,
                _ => {
                    let hint = match strict::nearest(&key, RISKS) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("known are {}", RISKS.join(", ")),
                    };
                    return Err(A::Error::custom(format!("unknown key `{key}`; {hint}")));
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(Calls::ByRisk {
            read,
            write,
            destructive,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Policy;

    fn error(rates: &str) -> String {
        toml::from_str::<Policy>(&format!("[rates]\n{rates}"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_is_no_number_of_calls_says_what_would_be() {
        assert!(error("per_user = -1").contains("negative"));
        assert!(error("per_user = 99999999999").contains("at most"));
        assert!(error("per_user = \"none\"").contains("say \"unlimited\""));
        assert!(error("per_guild = { writes = 3 }").contains("did you mean `write`?"));
        assert!(error("per_guild = { write = { write = 3 } }").contains("a number of calls"));
        assert!(error("per_gild = 3").contains("did you mean `per_guild`?"));
    }
}
