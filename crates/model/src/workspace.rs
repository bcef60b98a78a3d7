//! Workspaces: who works together on which guilds. A single operator has one, the default.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Longest id of a workspace, in characters.
pub const WORKSPACE_ID_MAX: usize = 32;

/// A workspace's id: 1 to [`WORKSPACE_ID_MAX`] lower-case letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct WorkspaceId(#[schemars(regex(pattern = r"^[a-z0-9-]{1,32}$"))] String);

/// Why a text is not a workspace's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a workspace's id has 1 to {WORKSPACE_ID_MAX} lower-case letters, digits or `-`")]
pub struct NotAWorkspaceId;

impl WorkspaceId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the workspace that is always there.
    pub fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }
}

const DEFAULT: &str = "default";

/// The workspace that is always there.
impl Default for WorkspaceId {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WorkspaceId {
    type Err = NotAWorkspaceId;

    fn from_str(text: &str) -> Result<Self, NotAWorkspaceId> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=WORKSPACE_ID_MAX).contains(&text.len()) && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAWorkspaceId)
        }
    }
}

impl<'de> Deserialize<'de> for WorkspaceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// What somebody may do in a workspace. Each role may do all that the ones before it may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Default,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Use tools of risk `read`.
    #[default]
    Viewer,
    /// Use every tool that scopes and policy leave.
    Operator,
    /// Manage clients, installations and policies.
    Admin,
    /// Manage members, and the workspace itself.
    Owner,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::Owner];

    /// The role's word, as in `--role operator`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Read a role's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_short_plain_word() {
        for good in ["default", "a", "guild-of-bakers", "7"] {
            assert_eq!(good.parse::<WorkspaceId>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "a b", "a_b", "ä", &"x".repeat(33)] {
            assert_eq!(bad.parse::<WorkspaceId>(), Err(NotAWorkspaceId), "{bad}");
        }
        assert!(serde_json::from_str::<WorkspaceId>("\"A\"").is_err());
        assert!(WorkspaceId::default().is_default());
    }

    #[test]
    fn roles_rise_from_viewer_to_owner() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }
}
