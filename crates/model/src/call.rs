//! What an actor asks for, before anyone has judged it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    id::{ChannelId, UserId},
    principal::Principal,
};

/// One wish to use a tool. The gate turns it into a plan, a result or a refusal.
#[derive(Clone)]
pub struct Call {
    pub principal: Principal,
    /// `discord_<verb>_<noun>`.
    pub tool: String,
    /// The tool's own arguments; the gate has already taken its control arguments out.
    pub arguments: Map<String, Value>,
    pub mode: Mode,
    /// Makes retries safe: the same key and arguments give the same effect once.
    pub idempotency_key: Option<String>,
    /// The agent that speaks for the principal, where one bot serves several agents.
    pub agent: Option<String>,
    /// Which conversation of the client it belongs to, where the door can tell. What was read in it
    /// may count against what it does next.
    pub session: Option<String>,
    pub origin: Origin,
}

/// How far a call may go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mode {
    /// What the operator's ceremony says for this risk and principal.
    #[default]
    Default,
    /// Only plan: `dry_run: true`.
    DryRun,
    /// Carry out: `dry_run: false`.
    Execute,
    /// Carry out what was planned, proven by the plan's own token.
    Confirmed(String),
}

/// Where a call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// An MCP client over stdio.
    Stdio,
    /// An MCP client over HTTP.
    Http,
    /// The command line.
    CommandLine,
    /// A REST client.
    Rest,
    /// A Discord user asked for it; effective rights never exceed that user's.
    Discord {
        /// Who asked.
        user: UserId,
        /// Where they asked, where that is known.
        channel: Option<ChannelId>,
    },
}

impl Origin {
    /// The word that audit rows use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::CommandLine => "command_line",
            Self::Rest => "rest",
            Self::Discord { .. } => "discord",
        }
    }
}

/// Arguments may hold people's words, so only their names are shown.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("principal", &self.principal.id)
            .field("tool", &self.tool)
            .field("arguments", &self.arguments.keys().collect::<Vec<_>>())
            .field("mode", &self.mode)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
