//! Whether a write that a crash interrupted may still be sent. Today's policy says so, not the one
//! it began under, and what cannot be found out any more is not sent.

use catalogue::{Tool, catalogue};
use model::{
    Check, Principal, Reason, Request, Stage, UserId, Verdict, WorkspaceId,
    ledger::{ApiKey, Decision, StoreError, Unfinished},
    principal::Scope,
};
use policy::{Asker, Circumstances, Lineage, Question, Ruling, Spot, Whereabouts};

use crate::{
    Gate,
    facts::{self, Aims, Places},
    home::Home,
    permit::StillAllowed,
    stages,
    standing::Standing,
};

/// What stands in the way of sending it again.
#[derive(Debug)]
pub(crate) struct Objection {
    pub stage: Stage,
    pub reason: Reason,
    pub rules: Vec<String>,
}

impl Gate {
    /// The checks 1 to 5 once more. The sixth is left to Discord, which refuses what the bot may
    /// not do; rights of a Discord user who asked are not known any more, so such a write is not
    /// sent. The seventh counted it already.
    ///
    /// A key must still exist and have the scope, where the gate [knows keys](Self::know_keys);
    /// else its principal is judged by the policy alone.
    pub(crate) async fn rejudge(
        &self,
        row: &Unfinished,
        request: &Request,
        standing: &Standing,
    ) -> Result<StillAllowed, Objection> {
        let policy = &*standing.policy;
        let began = &row.decision;
        let tool = catalogue().get(&began.tool).ok_or_else(|| {
            let message = format!("there is no tool {} any more", began.tool);
            object(Stage::PlatformPermission, "unknown_tool", message)
        })?;
        let mut checks = Vec::new();

        let principal = self
            .principal_named(&began.principal, &began.workspace)
            .await?;
        let authenticated = stages::client_authentication(&principal);
        judged(&mut checks, Stage::ClientAuthentication, authenticated)?;

        let home = self.home_of(&principal).await.map_err(|error| {
            let message = format!("the workspace could not be looked up: {error}");
            object(Stage::WorkspaceMembership, "workspace_unknown", message)
        })?;
        let member = stages::workspace_membership(policy, &principal, &home);
        judged(&mut checks, Stage::WorkspaceMembership, member)?;
        if *home.workspace() != began.workspace {
            let message = format!("{} works in another workspace now", began.principal);
            return Err(object(
                Stage::WorkspaceMembership,
                "workspace_changed",
                message,
            ));
        }

        let places = self
            .places_of(began, request, tool, standing, &home)
            .await?;
        let installed = stages::guild_installation(policy, &places, &home);
        judged(&mut checks, Stage::GuildInstallation, installed)?;

        // What the conversation had read is not known any more.
        let circumstances = Circumstances {
            at: self.0.clock.now_ms(),
            asker: (began.origin == "discord").then(Asker::default),
            after_untrusted: None,
        };
        let question = Question {
            principal: &principal,
            tool: tool.name,
            toolset: tool.toolset.as_str(),
            risk: tool.risk,
            spots: &places.spots,
            circumstances: &circumstances,
        };
        let permitted = stages::platform_permission(&*standing.judge, &question);
        judged(&mut checks, Stage::PlatformPermission, permitted)?;

        let channel = stages::channel_policy(&*standing.judge, &question, &home);
        judged(&mut checks, Stage::ChannelPolicy, channel)?;

        if began.origin == "discord" {
            let message = "what the user who asked may do is not known any more".to_owned();
            return Err(object(Stage::DiscordPermission, "asker_unknown", message));
        }
        // As for a token that was given under another policy.
        let ceremony = policy::ceremony(policy, &question);
        if ceremony.needs_confirmation && began.policy_version != *standing.version {
            return Err(Objection {
                rules: ceremony.rules,
                ..object(
                    Stage::ExecuteAndAudit,
                    "confirmation_other_policy",
                    "the operator changed the policy, and it asks for a confirmation".to_owned(),
                )
            });
        }
        StillAllowed::of(&checks).ok_or_else(|| {
            let message = "not every check was made".to_owned();
            object(Stage::ExecuteAndAudit, "internal_error", message)
        })
    }

    /// Who this is, with today's scopes.
    pub(crate) async fn principal_named(
        &self,
        id: &str,
        workspace: &WorkspaceId,
    ) -> Result<Principal, Objection> {
        let known = [Principal::local_operator(), Principal::loopback_guest()];
        if let Some(principal) = known.into_iter().find(|known| known.id == id) {
            return Ok(principal);
        }
        let gone = |message: String| object(Stage::ClientAuthentication, "key_gone", message);
        let Some(name) = id.strip_prefix("key:") else {
            return Err(gone(format!("nobody knows {id} any more")));
        };
        let Some(keys) = self.0.keys.get() else {
            return Ok(Principal {
                workspace: workspace.clone(),
                ..Principal::api_key(name, Scope::ALL.to_vec())
            });
        };
        let now = self.0.clock.now_ms();
        let listed = keys.list().await.map_err(|error| {
            gone(format!(
                "the key \"{name}\" could not be looked up: {error}"
            ))
        })?;
        listed
            .into_iter()
            .find(|key| key.name == name)
            .filter(|key| key.revoked_at.is_none_or(|at| now < at))
            .filter(|key| key.expires_at.is_none_or(|at| now < at))
            .map(ApiKey::principal)
            .ok_or_else(|| gone(format!("the key \"{name}\" is not valid any more")))
    }

    /// The person in Discord whose key this is, where that is known.
    pub(crate) async fn keeper_of(
        &self,
        principal: &Principal,
    ) -> Result<Option<UserId>, StoreError> {
        let (Some(keys), Some(name)) = (self.0.keys.get(), principal.id.strip_prefix("key:"))
        else {
            return Ok(None);
        };
        let listed = keys.list().await?;
        let key = listed.into_iter().find(|key| key.name == name);
        Ok(key.and_then(|key| key.user_id))
    }

    /// Where the request would act. What is gone or hidden by now counts as where it was when it
    /// was judged first; Discord lets nobody act on it anyway.
    async fn places_of(
        &self,
        began: &Decision,
        request: &Request,
        tool: &Tool,
        standing: &Standing,
        home: &Home,
    ) -> Result<Places, Objection> {
        let aims = Aims::of_requests(std::slice::from_ref(request), &tool.needs);
        let mut places = facts::places(&*self.0.surroundings, &standing.policy, home, &aims)
            .await
            .map_err(|error| {
                let message = format!("nobody knows where it would act: {error}");
                object(Stage::GuildInstallation, "guild_unknown", message)
            })?;
        let Some(guild) = began.guild_id else {
            return Ok(places);
        };
        for place in &mut places.whereabouts {
            if matches!(place, Whereabouts::Unknown { .. }) {
                *place = Whereabouts::Guild(guild);
            }
        }
        if !places.guilds.contains(&guild) {
            places.guilds.push(guild);
        }
        let then = Spot {
            guild: Some(guild),
            channels: began.channel_id.into_iter().collect(),
        };
        let known =
            |spot: &Spot| spot.guild == then.guild && spot.channels.starts_with(&then.channels);
        if !places.spots.iter().any(known) {
            places.spots.push(then);
        }
        if let Some(channel) = began.channel_id
            && places.lineages.iter().all(|known| known.channel != channel)
        {
            places.lineages.push(Lineage {
                channel,
                parents: Vec::new(),
            });
        }
        Ok(places)
    }
}

fn judged(checks: &mut Vec<Check>, stage: Stage, ruling: Ruling) -> Result<(), Objection> {
    checks.push(Check {
        stage,
        verdict: ruling.verdict.clone(),
    });
    match ruling.verdict {
        Verdict::Allow(_) => Ok(()),
        Verdict::Deny(reason) | Verdict::Ask(reason) => Err(Objection {
            stage,
            reason,
            rules: ruling.rules,
        }),
    }
}

fn object(stage: Stage, code: &str, message: String) -> Objection {
    Objection {
        stage,
        reason: Reason::new(code, message),
        rules: Vec::new(),
    }
}
