//! How much harm a tool can do. Ceremony is graded by it.

use serde::{Deserialize, Serialize};

/// The risk of a tool, declared by the constructor that made its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Changes nothing in Discord. Runs at once.
    Read,
    /// Changes something that can be changed back. Runs when the caller says `dry_run: false`.
    Write,
    /// Cannot be undone, or gives or takes rights. Runs with the confirmation token of its own
    /// plan.
    Destructive,
}

impl Risk {
    /// The word that people and models read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }
}
