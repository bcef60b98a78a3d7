//! A call as people describe it: who, which tool, where, when, and after what.

use std::sync::Arc;

use catalogue::{Tool, catalogue};
use model::{
    ChannelId, GuildId, Millis, Principal, PrincipalKind, Role, RoleId, WorkspaceId,
    principal::Scope,
};
use policy::{
    Asker, Circumstances, Judge, Judges, Moment, NoOtherKeys, Policy, Question, Sketch, Spot,
    Weighed, Whereabouts,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who wants to use what, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Described {
    pub tool: String,
    /// `local`, `loopback`, `key:NAME`.
    #[serde(default = "local")]
    pub principal: String,
    /// All of them when absent.
    pub scopes: Option<Vec<Scope>>,
    /// The principal's workspace. Absent: the one whose policy is asked.
    pub workspace: Option<WorkspaceId>,
    /// Its role there. Absent: operator.
    pub role: Option<Role>,
    pub guild: Option<GuildId>,
    pub channel: Option<ChannelId>,
    /// What the channel is in: a thread's channel, a category.
    #[serde(default)]
    pub inside: Vec<ChannelId>,
    /// It is a direct message.
    #[serde(default)]
    pub direct_message: bool,
    /// When, as `2026-12-01T23:00:00Z`. Absent: now.
    #[schemars(with = "Option<String>")]
    pub at: Option<Moment>,
    /// It came from a Discord user who has these roles in the guild.
    pub asker_roles: Option<Vec<RoleId>>,
    /// Its conversation has read words of people whom nobody vouches for.
    #[serde(default)]
    pub after_untrusted: bool,
    #[serde(
        flatten,
        skip_serializing,
        deserialize_with = "policy::no_other_keys_of_a_call"
    )]
    #[schemars(skip)]
    pub others: NoOtherKeys,
}

fn local() -> String {
    Principal::local_operator().id
}

/// Somebody described a call of a tool that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no tool {name}{}", nearest(.name))]
pub struct NoSuchTool {
    name: String,
}

fn nearest(name: &str) -> String {
    match catalogue().nearest(name) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    }
}

/// A policy with its judge.
#[derive(Clone)]
pub struct Judged {
    pub policy: Arc<Policy>,
    pub judge: Arc<dyn Judge>,
}

impl Judged {
    /// With a judge of these.
    pub fn of(policy: Policy, judges: &dyn Judges) -> Self {
        let policy = Arc::new(policy);
        Self {
            judge: judges.appoint(&policy),
            policy,
        }
    }
}

impl Described {
    /// A call of a tool by a principal, of which nothing else is known.
    pub fn new(tool: String, principal: String) -> Self {
        Self {
            tool,
            principal,
            scopes: None,
            workspace: None,
            role: None,
            guild: None,
            channel: None,
            inside: Vec::new(),
            direct_message: false,
            at: None,
            asker_roles: None,
            after_untrusted: false,
            others: NoOtherKeys,
        }
    }

    /// What this policy says of it.
    pub fn weigh(&self, judged: &Judged, now: Millis) -> Result<Weighed, NoSuchTool> {
        self.weigh_in(judged, &self.circumstances(now))
    }

    /// The same, under these circumstances.
    pub fn weigh_in(
        &self,
        judged: &Judged,
        circumstances: &Circumstances,
    ) -> Result<Weighed, NoSuchTool> {
        let tool = self.tool()?;
        let places: Vec<Whereabouts> = if self.direct_message {
            vec![Whereabouts::DirectMessage]
        } else {
            self.guild.into_iter().map(Whereabouts::Guild).collect()
        };
        self.ask(circumstances, |question| {
            let sketch = Sketch {
                question: *question,
                places: &places,
                is_flow: tool.is_flow(),
            };
            policy::weigh(&judged.policy, &*judged.judge, &sketch)
        })
    }

    /// The question that it puts to a policy.
    pub(super) fn ask<T>(
        &self,
        circumstances: &Circumstances,
        ask: impl FnOnce(&Question<'_>) -> T,
    ) -> Result<T, NoSuchTool> {
        let tool = self.tool()?;
        let (principal, spots) = (self.principal(), self.spots());
        Ok(ask(&Question {
            principal: &principal,
            tool: tool.name,
            toolset: tool.toolset.as_str(),
            risk: tool.risk,
            spots: &spots,
            circumstances,
        }))
    }

    /// When it is asked about.
    pub(super) fn moment(&self, now: Millis) -> Moment {
        self.at.unwrap_or(Moment(now))
    }

    pub(super) fn circumstances(&self, now: Millis) -> Circumstances {
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
            at: self.moment(now).0,
            asker,
            after_untrusted: Some(self.after_untrusted),
        }
    }

    fn tool(&self) -> Result<&'static Tool, NoSuchTool> {
        catalogue().get(&self.tool).ok_or_else(|| NoSuchTool {
            name: self.tool.chars().take(64).collect(),
        })
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
            workspace: self.workspace.clone().unwrap_or_default(),
            role: self.role.unwrap_or(known.role),
            ..known
        }
    }
}
