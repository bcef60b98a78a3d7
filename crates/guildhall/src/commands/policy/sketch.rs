//! A call as people describe it: who, which tool, where.

use model::{ChannelId, Clock as _, GuildId, Principal, PrincipalKind, principal::Scope};
use policy::{Circumstances, Lineage, Policy, Question, Sketch, Spot, Weighed, Whereabouts};
use serde::Deserialize;

use crate::{clock::SystemClock, commands::tools};

/// Who wants to use what, and where.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    pub(super) tool: String,
    /// `local`, `loopback`, `key:NAME`.
    #[serde(default = "local")]
    pub(super) principal: String,
    /// All of them when absent.
    pub(super) scopes: Option<Vec<Scope>>,
    pub(super) guild: Option<GuildId>,
    pub(super) channel: Option<ChannelId>,
    /// What the channel is in: a thread's channel, a category.
    #[serde(default)]
    pub(super) inside: Vec<ChannelId>,
    /// It is a direct message.
    #[serde(default)]
    pub(super) direct_message: bool,
}

pub(super) fn local() -> String {
    Principal::local_operator().id
}

impl Described {
    /// What this policy says of it.
    pub(super) fn weigh(&self, policy: &Policy) -> anyhow::Result<Weighed> {
        let tool = tools::find(&self.tool)?;
        let principal = self.principal();
        let guilds: Vec<GuildId> = self.guild.into_iter().collect();
        let places: Vec<Whereabouts> = if self.direct_message {
            vec![Whereabouts::DirectMessage]
        } else {
            guilds.iter().copied().map(Whereabouts::Guild).collect()
        };
        let lineages: Vec<Lineage> = self
            .channel
            .map(|channel| Lineage {
                channel,
                parents: self.inside.clone(),
            })
            .into_iter()
            .collect();
        let in_channel = lineages.iter().flat_map(Lineage::all).copied().collect();
        let spots: Vec<Spot> = (self.guild.is_some() || self.channel.is_some())
            .then_some(Spot {
                guild: self.guild,
                channels: in_channel,
            })
            .into_iter()
            .collect();
        let sketch = Sketch {
            question: Question {
                principal: &principal,
                tool: tool.name,
                toolset: tool.toolset.as_str(),
                risk: tool.risk,
                spots: &spots,
                circumstances: &Circumstances::plain(SystemClock.now_ms()),
            },
            places: &places,
            lineages: &lineages,
            is_flow: tool.is_flow(),
        };
        Ok(policy::weigh(policy, &sketch))
    }

    fn principal(&self) -> Principal {
        let scopes = self.scopes.clone().unwrap_or_else(|| Scope::ALL.to_vec());
        let kind = match self.principal.as_str() {
            "local" => PrincipalKind::LocalOperator,
            "loopback" => PrincipalKind::LoopbackGuest,
            _ => PrincipalKind::ApiKey,
        };
        Principal {
            id: self.principal.clone(),
            kind,
            scopes,
            ..Principal::local_operator()
        }
    }
}
