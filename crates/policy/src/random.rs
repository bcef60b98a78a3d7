//! Random policies and questions in a small world, where rules often meet. For tests.

#![expect(
    clippy::unwrap_used,
    reason = "all of it is made of constants that fit"
)]

use std::collections::{BTreeMap, BTreeSet};

use model::{ChannelId, GuildId, Principal, Risk, Role, RoleId, principal::Scope};
use proptest::{collection::vec, option, prelude::*, sample::select, sample::subsequence};

use crate::{
    Approval, Asker, Circumstances, Day, Effect, Moment, NoOtherKeys, Policy, PostTo, Question,
    Rule, Spot,
};

const RISKS: [Risk; 3] = [Risk::Read, Risk::Write, Risk::Destructive];
/// One for each risk.
pub const TOOLS: [&str; 3] = ["discord_get_a", "discord_set_a", "discord_delete_a"];
const TOOL_PATTERNS: [&str; 4] = ["discord_get_a", "discord_delete_a", "discord_*", "*_a"];
const TOOLSETS: [&str; 2] = ["messages", "roles"];
const PRINCIPALS: [&str; 3] = ["local", "key:a", "key:b"];
const PRINCIPAL_PATTERNS: [&str; 3] = ["local", "key:*", "key:b"];
const WORKSPACES: [&str; 2] = ["default", "bakers"];
const WAYS: [&str; 2] = ["moderators", "owners"];
const WEEK_MINUTES: i64 = 7 * 24 * 60;

pub(crate) fn guild(number: u64) -> GuildId {
    GuildId::new(number).unwrap()
}

fn words(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(of.to_vec(), 0..=of.len())
        .prop_map(|words| words.into_iter().map(str::to_owned).collect())
}

/// What a rule is about in the world of members and places.
fn conditions() -> impl Strategy<Value = Rule> {
    let hours = (0..24u8, 0..60u8, 0..24u8, 0..60u8)
        .prop_map(|(a, b, c, d)| format!("{a:02}:{b:02}-{c:02}:{d:02}").parse().ok());
    (
        option::weighted(0.2, select(WORKSPACES.to_vec())),
        option::weighted(0.2, select(Role::ALL.to_vec())),
        option::weighted(0.3, 1..8u64),
        option::weighted(0.3, 1..5u64),
        option::weighted(0.3, hours).prop_map(Option::flatten),
        (
            option::weighted(0.2, subsequence(Day::ALL.to_vec(), 1..7)),
            option::weighted(0.3, -14..15i64),
            option::weighted(0.2, 0..WEEK_MINUTES),
            option::weighted(0.2, 0..WEEK_MINUTES),
        ),
        option::weighted(0.3, any::<bool>()),
    )
        .prop_map(
            |(workspace, role, channel, asked, hours, times, after_untrusted)| {
                let (days, ahead, from, until) = times;
                let offset = |hours: i64| format!("{hours:+03}:00").parse().unwrap();
                let moment = |minutes: i64| Moment(minutes * 60_000);
                Rule {
                    workspaces: workspace
                        .map(|id| id.parse().unwrap())
                        .into_iter()
                        .collect(),
                    roles: role.into_iter().collect(),
                    channels: channel.and_then(ChannelId::new).into_iter().collect(),
                    discord_roles: asked.and_then(RoleId::new).into_iter().collect(),
                    hours,
                    days: days.unwrap_or_default(),
                    utc_offset: ahead.map(offset),
                    from: from.map(moment),
                    until: until.map(moment),
                    after_untrusted,
                    ..Rule::default()
                }
            },
        )
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let effect = select(vec![Effect::Allow, Effect::Ask, Effect::Deny]);
    let one = (
        words(&TOOL_PATTERNS),
        words(&TOOLSETS),
        subsequence(RISKS.to_vec(), 0..=3),
        words(&PRINCIPAL_PATTERNS),
        vec((1..4u64).prop_map(guild), 0..2),
        option::of((effect, select(WAYS.to_vec()))),
        option::of(any::<bool>()),
        option::of(any::<bool>()),
        option::of(0..9u32),
        option::of(conditions()),
    )
        .prop_map(
            |(tools, toolsets, risks, principals, guilds, effect, dry, confirm, rate, more)| Rule {
                tools,
                toolsets,
                risks,
                principals,
                guilds,
                effect: effect.map(|(effect, _)| effect),
                approval: effect
                    .filter(|(effect, _)| *effect == Effect::Ask)
                    .map(|(_, way)| way.to_owned()),
                dry_run_by_default: dry,
                needs_confirmation: confirm,
                calls_per_minute: rate,
                ..more.unwrap_or_default()
            },
        );
    vec(one, 0..6).prop_map(|mut rules| {
        for (number, rule) in rules.iter_mut().enumerate() {
            rule.name = format!("rule {number}");
        }
        rules
    })
}

fn approvals() -> BTreeMap<String, Approval> {
    let way = |quorum| Approval {
        post_to: PostTo::Channel,
        channel: ChannelId::new(1),
        roles: RoleId::new(1).into_iter().collect(),
        users: BTreeSet::new(),
        quorum,
        expires_minutes: 30,
        remind_after_minutes: None,
        escalate_after_minutes: None,
        escalate_to: None,
        others: NoOtherKeys,
    };
    [(WAYS[0], 1), (WAYS[1], 2)]
        .map(|(name, quorum)| (name.to_owned(), way(quorum)))
        .into()
}

/// Policies in which many rules may fit one call.
pub fn policies() -> impl Strategy<Value = Policy> {
    (
        any::<bool>(),
        option::of(vec((1..4u64).prop_map(guild), 0..3)),
        option::of(any::<bool>()),
        option::of(words(&PRINCIPAL_PATTERNS)),
        option::of(vec(1..6u64, 0..4)),
        vec(1..6u64, 0..2),
        rules(),
    )
        .prop_map(
            |(read_only, allowed, direct, members, allow, deny, rules)| {
                let ids = |numbers: Vec<u64>| -> BTreeSet<ChannelId> {
                    numbers.into_iter().filter_map(ChannelId::new).collect()
                };
                let mut policy = Policy {
                    read_only,
                    allowed_guilds: allowed.map(|guilds| guilds.into_iter().collect()),
                    direct_messages: direct,
                    members,
                    approvals: approvals(),
                    rules,
                    ..Policy::default()
                };
                policy.channels.allow = allow.map(ids);
                policy.channels.deny = ids(deny);
                policy
            },
        )
}

/// A question that owns what it is about.
#[derive(Debug, Clone)]
pub struct Wish {
    pub principal: Principal,
    /// Which of [`TOOLS`].
    pub tool: usize,
    pub toolset: usize,
    pub spots: Vec<Spot>,
    pub circumstances: Circumstances,
}

impl Wish {
    /// As policies are asked.
    pub fn question(&self) -> Question<'_> {
        Question {
            principal: &self.principal,
            tool: TOOLS[self.tool],
            toolset: TOOLSETS[self.toolset],
            risk: RISKS[self.tool],
            spots: &self.spots,
            circumstances: &self.circumstances,
        }
    }
}

/// Questions about them.
pub fn questions() -> impl Strategy<Value = Wish> {
    let principal = (
        select(PRINCIPALS.to_vec()),
        select(WORKSPACES.to_vec()),
        select(Role::ALL.to_vec()),
        subsequence(Scope::ALL.to_vec(), 0..=3),
    )
        .prop_map(|(id, workspace, role, scopes)| Principal {
            id: id.to_owned(),
            workspace: workspace.parse().unwrap(),
            role,
            ..Principal::api_key("any", scopes)
        });
    let spot = (0..4u64, vec(1..8u64, 0..4)).prop_map(|(guild, line)| Spot {
        guild: GuildId::new(guild),
        channels: line.into_iter().filter_map(ChannelId::new).collect(),
    });
    let of_guild = (1..4u64, vec(1..5u64, 0..3)).prop_map(|(of, roles)| {
        (
            guild(of),
            roles.into_iter().filter_map(RoleId::new).collect(),
        )
    });
    let circumstances = (
        0..WEEK_MINUTES,
        option::of(vec(of_guild, 0..3)),
        option::weighted(0.8, any::<bool>()),
    )
        .prop_map(|(minute, roles, after_untrusted)| Circumstances {
            at: minute * 60_000,
            asker: roles.map(|roles| Asker { roles }),
            after_untrusted,
        });
    (
        principal,
        0..3usize,
        0..2usize,
        vec(spot, 0..3),
        circumstances,
    )
        .prop_map(|(principal, tool, toolset, spots, circumstances)| Wish {
            principal,
            tool,
            toolset,
            spots,
            circumstances,
        })
}
