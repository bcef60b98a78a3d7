//! What a call is aimed at and what it takes, read from its requests alone.

use catalogue::{AimAt, Needs, Prepared};
use model::{ChannelId, GuildId, Permissions, Request, place::Aim};
use serde_json::Value;

use crate::targets::{self, Target};

/// What one round of requests is aimed at, and what it takes.
#[derive(Debug, Default)]
pub(crate) struct Aims {
    /// From the paths of the requests that do the work.
    pub(super) acts: Vec<Target>,
    /// Reached into besides: bodies, queries, other channels, state that is looked at.
    pub(super) touches: Vec<Target>,
    /// Channels whose words would be shown elsewhere.
    pub(super) quotes: Vec<ChannelId>,
    /// Beyond the tool's own needs.
    pub(super) needs: Permissions,
    /// What it takes of a Discord user who asks for it, and not of the bot.
    pub(super) asker_needs: Permissions,
    /// Who must rank lower.
    pub(super) below: Vec<Aim>,
    /// Some request names no guild, channel, webhook or invite, and concerns not everybody.
    pub(super) nowhere: bool,
    /// Nothing is asked of Discord by the call itself: a flow whose steps are judged on their own.
    pub(super) idle: bool,
    /// The tool aims at somebody, and the request does not say at whom.
    pub(super) aimless: bool,
}

impl Aims {
    /// Everything a prepared call names.
    pub(crate) fn of(prepared: &Prepared, needs: &Needs) -> Self {
        let mut aims = Self::default();
        match prepared {
            Prepared::Read(plan) => {
                aims.needs = plan.needs;
                aims.act(&plan.requests, needs);
            }
            Prepared::Write(plan) => {
                aims.needs = plan.needs;
                if plan.request.body.json().is_some_and(notifies_roles) {
                    aims.asker_needs = Permissions::MENTION_EVERYONE;
                }
                aims.act(std::slice::from_ref(&plan.request), needs);
                aims.below.extend(&plan.aims);
                aims.aimless &= plan.aims.is_empty();
                let also = plan.also.iter().copied().map(Target::Channel);
                extend_new(&mut aims.touches, also);
                for request in plan.live.iter().chain(&plan.fetch) {
                    extend_new(&mut aims.touches, targets::of_path(request));
                }
            }
            Prepared::Flow(flow) => {
                aims.idle = flow.target.is_empty();
                aims.act(&flow.target, needs);
            }
        }
        aims
    }

    /// What follow-up reads name.
    pub(crate) fn of_requests(requests: &[Request], needs: &Needs) -> Self {
        let mut aims = Self::default();
        aims.act(requests, needs);
        aims
    }

    fn act(&mut self, requests: &[Request], needs: &Needs) {
        let mut aimed = false;
        for request in requests {
            let named = targets::of_path(request);
            self.nowhere |= named.is_empty() && !targets::is_everybodys(request);
            extend_new(&mut self.acts, named);
            extend_new(&mut self.touches, targets::besides_path(request));
            self.quotes.extend(targets::quoted_channel(request));
            let aim = match needs.aim {
                None => None,
                Some(AimAt::User) => {
                    aimed |= request.path.parameter("user_id") == Some("@me");
                    request.path.id("user_id").map(Aim::Member)
                }
                Some(AimAt::Role) => request.path.id("role_id").map(Aim::Role),
            };
            aimed |= aim.is_some();
            self.below.extend(aim);
        }
        self.aimless = needs.aim.is_some() && !aimed && !requests.is_empty();
    }

    /// The guild and channel that audit rows name, as far as the call says them itself.
    pub(crate) fn named(&self) -> (Option<GuildId>, Option<ChannelId>) {
        let all = || self.acts.iter().chain(&self.touches);
        let guild = all().find_map(|target| match target {
            Target::Guild(guild) => Some(*guild),
            _ => None,
        });
        let channel = self.acts.iter().find_map(|target| match target {
            Target::Channel(channel) => Some(*channel),
            _ => None,
        });
        (guild, channel)
    }
}

/// Nothing is looked up twice.
/// Whether a body lets mentions of roles notify, wherever in it a message stands. Everybody may do
/// that with roles that are mentionable; which ones are, nobody asks here, so of a user it takes
/// the permission for all of them.
fn notifies_roles(body: &Value) -> bool {
    match body {
        Value::Object(fields) => fields.iter().any(|(name, field)| match name.as_str() {
            "allowed_mentions" => {
                let listed = |name: &str| field[name].as_array().into_iter().flatten();
                listed("roles").next().is_some() || listed("parse").any(|it| it == "roles")
            }
            _ => notifies_roles(field),
        }),
        Value::Array(items) => items.iter().any(notifies_roles),
        _ => false,
    }
}

fn extend_new(list: &mut Vec<Target>, more: impl IntoIterator<Item = Target>) {
    for target in more {
        if !list.contains(&target) {
            list.push(target);
        }
    }
}
