//! A second, plain evaluator: no shared code, no short cuts. Both must agree on random policies.

use std::collections::{BTreeMap, BTreeSet};

use model::{ChannelId, GuildId, Principal, Risk, Role, RoleId, principal::Scope};
use proptest::{collection::vec, option, prelude::*, sample::select, sample::subsequence};
use time::{OffsetDateTime, UtcOffset as Offset};

use crate::{
    Approval, Asker, Circumstances, Day, Effect, Lineage, Moment, NoOtherKeys, Policy, PostTo,
    Question, Rule, Spot, Whereabouts, approval_for, calls_per_minute, ceremony, channels, guilds,
    membership, platform,
};

const RISKS: [Risk; 3] = [Risk::Read, Risk::Write, Risk::Destructive];
const TOOLS: [&str; 3] = ["discord_get_a", "discord_set_a", "discord_delete_a"];
const TOOL_PATTERNS: [&str; 4] = ["discord_get_a", "discord_delete_a", "discord_*", "*_a"];
const TOOLSETS: [&str; 2] = ["messages", "roles"];
const PRINCIPALS: [&str; 3] = ["local", "key:a", "key:b"];
const PRINCIPAL_PATTERNS: [&str; 3] = ["local", "key:*", "key:b"];
const WORKSPACES: [&str; 2] = ["default", "bakers"];
const WAYS: [&str; 2] = ["moderators", "owners"];
const WEEK_MINUTES: i64 = 7 * 24 * 60;

fn guild(number: u64) -> GuildId {
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

fn policies() -> impl Strategy<Value = Policy> {
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

/// Roles by guild, where they are known.
type Asked = Option<Vec<(u64, Vec<u64>)>>;

fn circumstances() -> impl Strategy<Value = (i64, Asked, Option<bool>)> {
    let roles = vec((1..4u64, vec(1..5u64, 0..3)), 0..3);
    (
        0..WEEK_MINUTES,
        option::of(roles),
        option::weighted(0.8, any::<bool>()),
    )
}

/// `*` as the first or last character is all that the patterns above use.
fn plain_match(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => text.ends_with(end),
        (_, Some(start)) => text.starts_with(start),
        _ => pattern == text,
    }
}

/// `None` where it cannot be known.
fn applies(rule: &Rule, question: &Question<'_>, place: &Spot) -> Option<bool> {
    let principal = question.principal;
    let listed = [
        rule.tools.is_empty() || rule.tools.iter().any(|p| plain_match(p, question.tool)),
        rule.toolsets.is_empty() || rule.toolsets.contains(&question.toolset.to_owned()),
        rule.risks.is_empty() || rule.risks.contains(&question.risk),
        rule.principals.is_empty()
            || rule
                .principals
                .iter()
                .any(|p| plain_match(p, &principal.id)),
        rule.workspaces.is_empty() || rule.workspaces.contains(&principal.workspace),
        rule.roles.is_empty() || rule.roles.contains(&principal.role),
        rule.guilds.is_empty()
            || place
                .guild
                .is_some_and(|place| rule.guilds.contains(&place)),
        rule.channels.is_empty() || rule.channels.iter().any(|id| place.channels.contains(id)),
        in_time(rule, question.circumstances.at),
    ];
    if listed.contains(&false) {
        return Some(false);
    }
    let mut known = true;
    if let Some(wanted) = rule.after_untrusted {
        match question.circumstances.after_untrusted {
            Some(is) if is != wanted => return Some(false),
            Some(_) => {}
            None => known = false,
        }
    }
    if !rule.discord_roles.is_empty() {
        let Some(asker) = &question.circumstances.asker else {
            return Some(false);
        };
        match asker
            .roles
            .iter()
            .find(|(guild, _)| Some(*guild) == place.guild)
        {
            Some((_, has)) if !has.iter().any(|role| rule.discord_roles.contains(role)) => {
                return Some(false);
            }
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

fn in_time(rule: &Rule, at: i64) -> bool {
    let offset: i64 = rule.utc_offset.map_or(0, |offset| {
        let text = offset.to_string();
        text[..3].parse::<i64>().unwrap() * 60
    });
    let local = OffsetDateTime::from_unix_timestamp(at / 1_000)
        .unwrap()
        .to_offset(Offset::from_whole_seconds(i32::try_from(offset * 60).unwrap()).unwrap());
    let mut began = local;
    if let Some(hours) = rule.hours {
        let text = hours.to_string();
        let now = format!("{:02}:{:02}", local.hour(), local.minute());
        let (from, until) = (&text[..5], &text[6..]);
        let inside = if from < until {
            from <= now.as_str() && now.as_str() < until
        } else {
            from <= now.as_str() || now.as_str() < until
        };
        if !inside {
            return false;
        }
        if now.as_str() < from {
            began = local - time::Duration::days(1);
        }
    }
    let day = Day::ALL[usize::from(began.weekday().number_days_from_monday())];
    (rule.days.is_empty() || rule.days.contains(&day))
        && rule.from.is_none_or(|from| at >= from.0)
        && rule.until.is_none_or(|until| at < until.0)
}

/// What the rules say in one possible world.
#[derive(Debug, Clone, Default)]
struct Says {
    effect: Option<Effect>,
    way: Option<String>,
    dry: Option<bool>,
    confirm: Option<bool>,
    rate: Option<u32>,
}

/// Every world that is possible: each rule of which it is not known fits, or does not.
fn worlds(policy: &Policy, question: &Question<'_>, place: &Spot) -> Vec<Says> {
    let mut worlds = vec![Says::default()];
    for rule in policy.rules.iter().rev() {
        let fits = applies(rule, question, place);
        if fits == Some(false) {
            continue;
        }
        let mut with = worlds.clone();
        for world in &mut with {
            if rule.effect.is_some() {
                world.effect = rule.effect;
                world.way.clone_from(&rule.approval);
            }
            world.dry = rule.dry_run_by_default.or(world.dry);
            world.rate = rule.calls_per_minute.or(world.rate);
            match rule.needs_confirmation {
                Some(false)
                    if question.risk == Risk::Destructive
                        && !rule.risks.contains(&Risk::Destructive)
                        && !rule.tools.contains(&TOOLS[2].to_owned()) => {}
                says => world.confirm = says.or(world.confirm),
            }
        }
        if fits.is_none() {
            with.extend(worlds);
        }
        worlds = with;
    }
    worlds
}

proptest! {
    #[test]
    fn the_plain_evaluator_agrees(
        policy in policies(),
        tool in 0..3usize,
        toolset in 0..2usize,
        who in (0..3usize, select(WORKSPACES.to_vec()), select(Role::ALL.to_vec())),
        scopes in subsequence(Scope::ALL.to_vec(), 0..=3),
        places in vec((0..5u64, vec(1..8u64, 0..4)), 0..3),
        line in vec(1..8u64, 1..4),
        (minute, asked, after_untrusted) in circumstances(),
    ) {
        let (who, workspace, role) = who;
        let principal = Principal {
            id: PRINCIPALS[who].to_owned(),
            workspace: workspace.parse().unwrap(),
            role,
            ..Principal::api_key("any", scopes.clone())
        };
        let risk = RISKS[tool];
        let known: Vec<Spot> = places
            .iter()
            .filter(|(n, _)| *n < 4)
            .map(|(n, line)| Spot {
                guild: GuildId::new(*n),
                channels: line.iter().filter_map(|id| ChannelId::new(*id)).collect(),
            })
            .collect();
        let asker = asked.map(|roles| Asker {
            roles: roles
                .into_iter()
                .map(|(of, roles)| (guild(of), roles.into_iter().filter_map(RoleId::new).collect()))
                .collect(),
        });
        let circumstances = Circumstances { at: minute * 60_000, asker, after_untrusted };
        let question = Question {
            principal: &principal,
            tool: TOOLS[tool],
            toolset: TOOLSETS[toolset],
            risk,
            spots: &known,
            circumstances: &circumstances,
        };
        let judged = if known.is_empty() { vec![Spot::default()] } else { known.clone() };

        // Check 2.
        let member = policy.members.as_ref()
            .is_none_or(|members| members.iter().any(|m| plain_match(m, &principal.id)));
        prop_assert_eq!(membership(&policy, &principal).verdict.allows(), member);

        // Check 3: 0 is a DM, 4 is unknown.
        let whereabouts: Vec<Whereabouts> = places.iter().map(|(n, _)| match n {
            0 => Whereabouts::DirectMessage,
            4 => Whereabouts::Unknown { what: "channel 4".to_owned() },
            n => Whereabouts::Guild(guild(*n)),
        }).collect();
        let expected = places.iter().all(|(n, _)| match n {
            0 => policy.direct_messages == Some(true)
                || (policy.direct_messages.is_none() && policy.allowed_guilds.is_none()),
            4 => false,
            n => match &policy.allowed_guilds {
                None => true,
                Some(list) => list.contains(&guild(*n)),
            },
        });
        prop_assert_eq!(guilds(&policy, &whereabouts).verdict.allows(), expected);

        // Check 4.
        let scope = [Scope::Read, Scope::Write, Scope::Destructive][tool];
        let able = scopes.contains(&scope)
            && !(policy.read_only && tool != 0)
            && !(role == Role::Viewer && tool != 0);
        let mut strictest = Effect::Allow;
        let mut ways = BTreeSet::new();
        let mut dry = false;
        let mut confirm = false;
        let mut rate = u32::MAX;
        for place in &judged {
            let worlds = worlds(&policy, &question, place);
            let effect = worlds.iter().filter_map(|world| world.effect).max();
            if effect == Some(Effect::Ask) {
                // Of several that are possible, the one that asks more people: "owners".
                ways.insert(worlds.iter().filter_map(|world| world.way.clone()).max().unwrap());
            }
            strictest = strictest.max(effect.unwrap_or(Effect::Allow));
            dry |= tool != 0 && worlds.iter().any(|world| world.dry.unwrap_or(true));
            confirm |= tool != 0 && worlds.iter().any(|world| world.confirm.unwrap_or(tool == 2));
            let of_risk = [policy.rates.read, policy.rates.write, policy.rates.destructive][tool];
            let here = worlds.iter().map(|world| world.rate.unwrap_or(of_risk)).min().unwrap();
            rate = rate.min(here);
        }
        if !able || ways.len() > 1 {
            strictest = Effect::Deny;
        }
        let ruling = platform(&policy, &question);
        let said = match ruling.verdict {
            model::Verdict::Allow(_) => Effect::Allow,
            model::Verdict::Ask(_) => Effect::Ask,
            model::Verdict::Deny(_) => Effect::Deny,
        };
        prop_assert_eq!(said, strictest);
        if strictest == Effect::Ask {
            let (rule, way, _) = approval_for(&policy, &question).unwrap();
            prop_assert_eq!(ways.into_iter().next().unwrap(), way);
            prop_assert_eq!(ruling.rules, [rule]);
        }
        if strictest != Effect::Deny {
            prop_assert!(crate::may_ever(&policy, &question), "hidden, but to be used");
        }
        let asked_for = ceremony(&policy, &question);
        prop_assert_eq!((asked_for.dry_run_by_default, asked_for.needs_confirmation), (dry, confirm));
        prop_assert_eq!(calls_per_minute(&policy, &question).0, rate);

        // Check 5.
        let line: Vec<ChannelId> = line.into_iter().filter_map(ChannelId::new).collect();
        let lists = &policy.channels;
        let open = !line.iter().any(|id| lists.deny.contains(id))
            && lists.allow.as_ref().is_none_or(|allow| line.iter().any(|id| allow.contains(id)));
        let lineage = Lineage { channel: line[0], parents: line[1..].to_vec() };
        prop_assert_eq!(channels(&policy, &[lineage]).verdict.allows(), open);
    }
}
