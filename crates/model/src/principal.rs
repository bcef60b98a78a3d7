//! Who acts: a person at the machine, a client with a key, an agent, later a Discord user.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::workspace::{Role, WorkspaceId};

/// Someone who may ask the gate for something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// Stable name, e.g. `local` or `key:monitor`. Policies and audit rows use it.
    pub id: String,
    pub kind: PrincipalKind,
    /// Where it works. The second check holds it to that.
    pub workspace: WorkspaceId,
    pub role: Role,
    /// What the credential allows. A local operator holds them all.
    pub scopes: Vec<Scope>,
}

/// How a principal proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// Whoever runs the process on this machine (stdio, command line).
    LocalOperator,
    /// The bearer of an API key.
    ApiKey,
    /// Nobody: reached over HTTP on loopback while no key is required.
    LoopbackGuest,
}

impl PrincipalKind {
    /// The kind's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocalOperator => "local_operator",
            Self::ApiKey => "api_key",
            Self::LoopbackGuest => "loopback_guest",
        }
    }
}

/// What an API key may be used for. An unknown scope in the store is no scope.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Tools of risk `read`.
    Read,
    /// Tools of risk `write`.
    Write,
    /// Tools of risk `destructive`.
    Destructive,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Destructive];

    /// The scope's word, as in `--scopes read,write`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }

    /// Read a scope's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

impl Principal {
    /// Whoever runs the process on this machine.
    pub fn local_operator() -> Self {
        Self {
            id: "local".to_owned(),
            kind: PrincipalKind::LocalOperator,
            workspace: WorkspaceId::default(),
            role: Role::Owner,
            scopes: Scope::ALL.to_vec(),
        }
    }

    /// A caller on loopback while the service asks for no key. It uses tools and manages nothing.
    pub fn loopback_guest() -> Self {
        Self {
            id: "loopback".to_owned(),
            kind: PrincipalKind::LoopbackGuest,
            workspace: WorkspaceId::default(),
            role: Role::Operator,
            scopes: Scope::ALL.to_vec(),
        }
    }

    /// The bearer of the API key called `name`, an operator of the default workspace.
    pub fn api_key(name: &str, scopes: Vec<Scope>) -> Self {
        Self {
            id: format!("key:{name}"),
            kind: PrincipalKind::ApiKey,
            workspace: WorkspaceId::default(),
            role: Role::Operator,
            scopes,
        }
    }
}
