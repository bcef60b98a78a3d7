//! A call as people describe it: who, which tool, where, when, and after what.

use std::sync::Arc;

use model::{
    ChannelId, Clock as _, GuildId, Principal, PrincipalKind, Role, RoleId, WorkspaceId,
    principal::Scope,
};
use policy::{
    Asker, Circumstances, Judge, Moment, Policy, Question, Sketch, Spot, Weighed, Whereabouts,
};
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
    #[serde(default)]
    pub(super) workspace: WorkspaceId,
    /// Its role there. Absent: operator.
    pub(super) role: Option<Role>,
    pub(super) guild: Option<GuildId>,
    pub(super) channel: Option<ChannelId>,
    /// What the channel is in: a thread's channel, a category.
    #[serde(default)]
    pub(super) inside: Vec<ChannelId>,
    /// It is a direct message.
    #[serde(default)]
    pub(super) direct_message: bool,
    /// When. Absent: now.
    pub(super) at: Option<Moment>,
    /// It came from a Discord user who has these roles in the guild.
    pub(super) asker_roles: Option<Vec<RoleId>>,
    /// Its conversation has read words of people whom nobody vouches for.
    #[serde(default)]
    pub(super) after_untrusted: bool,
}

pub(super) fn local() -> String {
    Principal::local_operator().id
}

/// A policy with its judge.
pub(super) struct Judged {
    pub(super) policy: Arc<Policy>,
    pub(super) judge: Arc<dyn Judge>,
}

impl Judged {
    pub(super) fn of(policy: Policy) -> Self {
        let policy = Arc::new(policy);
        Self {
            judge: cedar::judge(&policy),
            policy,
        }
    }
}

impl Described {
    /// What this policy says of it.
    pub(super) fn weigh(&self, judged: &Judged) -> anyhow::Result<Weighed> {
        self.weigh_in(judged, &self.circumstances())
    }

    /// The same, under these circumstances.
    pub(super) fn weigh_in(
        &self,
        judged: &Judged,
        circumstances: &Circumstances,
    ) -> anyhow::Result<Weighed> {
        let tool = tools::find(&self.tool)?;
        let principal = self.principal();
        let places: Vec<Whereabouts> = if self.direct_message {
            vec![Whereabouts::DirectMessage]
        } else {
            self.guild.into_iter().map(Whereabouts::Guild).collect()
        };
        let spots = self.spots();
        let sketch = Sketch {
            question: Question {
                principal: &principal,
                tool: tool.name,
                toolset: tool.toolset.as_str(),
                risk: tool.risk,
                spots: &spots,
                circumstances,
            },
            places: &places,
            is_flow: tool.is_flow(),
        };
        Ok(policy::weigh(&judged.policy, &*judged.judge, &sketch))
    }

    /// The rules about this caller and tool that count only at times: name, and when they count
    /// next.
    pub(super) fn timed_rules<'a>(
        &self,
        policy: &'a Policy,
    ) -> anyhow::Result<Vec<(&'a str, Option<Moment>)>> {
        let tool = tools::find(&self.tool)?;
        let (principal, circumstances) = (self.principal(), self.circumstances());
        let question = Question {
            principal: &principal,
            tool: tool.name,
            toolset: tool.toolset.as_str(),
            risk: tool.risk,
            spots: &[],
            circumstances: &circumstances,
        };
        let about_it = policy
            .rules
            .iter()
            .filter(|rule| rule.has_times() && rule.is_about_caller_and_tool(&question));
        Ok(about_it
            .map(|rule| {
                let next = rule.counts_next(circumstances.at).map(Moment);
                (rule.name.as_str(), next)
            })
            .collect())
    }

    /// When it is asked about.
    pub(super) fn moment(&self) -> Moment {
        self.at.unwrap_or_else(|| Moment(SystemClock.now_ms()))
    }

    fn circumstances(&self) -> Circumstances {
        let asker = self.asker_roles.as_ref().map(|roles| Asker {
            roles: self
                .guild
                .map(|guild| {
                    // As the gate does: everybody has the role that is called like the guild.
                    let everyone = RoleId::new(guild.get());
                    (guild, roles.iter().copied().chain(everyone).collect())
                })
                .into_iter()
                .collect(),
        });
        Circumstances {
            at: self.moment().0,
            asker,
            after_untrusted: Some(self.after_untrusted),
        }
    }

    fn spots(&self) -> Vec<Spot> {
        if self.guild.is_none() && self.channel.is_none() {
            return Vec::new();
        }
        vec![Spot {
            guild: self.guild,
            channels: self
                .channel
                .into_iter()
                .chain(self.inside.iter().copied())
                .collect(),
        }]
    }

    fn principal(&self) -> Principal {
        let scopes = self.scopes.clone().unwrap_or_else(|| Scope::ALL.to_vec());
        let known = match self.principal.as_str() {
            "local" => Principal::local_operator(),
            "loopback" => Principal::loopback_guest(),
            id => Principal {
                id: id.to_owned(),
                kind: PrincipalKind::ApiKey,
                ..Principal::api_key("", Vec::new())
            },
        };
        Principal {
            scopes,
            workspace: self.workspace.clone(),
            role: self.role.unwrap_or(known.role),
            ..known
        }
    }
}
