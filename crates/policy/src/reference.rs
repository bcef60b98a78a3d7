//! A second, plain evaluator: no shared code, no short cuts. Both must agree on random policies.

use std::collections::BTreeSet;

use model::{ChannelId, GuildId, Principal, Risk, principal::Scope};
use proptest::{collection::vec, option, prelude::*, sample::subsequence};

use crate::{
    Effect, Lineage, Policy, Question, Rule, Whereabouts, calls_per_minute, ceremony, channels,
    guilds, membership, platform,
};

const RISKS: [Risk; 3] = [Risk::Read, Risk::Write, Risk::Destructive];
const TOOLS: [&str; 3] = ["discord_get_a", "discord_set_a", "discord_delete_a"];
const TOOL_PATTERNS: [&str; 4] = ["discord_get_a", "discord_delete_a", "discord_*", "*_a"];
const TOOLSETS: [&str; 2] = ["messages", "roles"];
const PRINCIPALS: [&str; 3] = ["local", "key:a", "key:b"];
const PRINCIPAL_PATTERNS: [&str; 3] = ["local", "key:*", "key:b"];

fn guild(number: u64) -> GuildId {
    GuildId::new(number).unwrap()
}

fn words(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(of.to_vec(), 0..=of.len())
        .prop_map(|words| words.into_iter().map(str::to_owned).collect())
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let one = (
        words(&TOOL_PATTERNS),
        words(&TOOLSETS),
        subsequence(RISKS.to_vec(), 0..=3),
        words(&PRINCIPAL_PATTERNS),
        vec((1..4u64).prop_map(guild), 0..2),
        option::of(prop_oneof![Just(Effect::Allow), Just(Effect::Deny)]),
        option::of(any::<bool>()),
        option::of(any::<bool>()),
        option::of(0..9u32),
    )
        .prop_map(
            |(tools, toolsets, risks, principals, guilds, effect, dry, confirm, rate)| Rule {
                tools,
                toolsets,
                risks,
                principals,
                guilds,
                effect,
                dry_run_by_default: dry,
                needs_confirmation: confirm,
                calls_per_minute: rate,
                ..Rule::default()
            },
        );
    vec(one, 0..5).prop_map(|mut rules| {
        for (number, rule) in rules.iter_mut().enumerate() {
            rule.name = format!("rule {number}");
        }
        rules
    })
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
                    rules,
                    ..Policy::default()
                };
                policy.channels.allow = allow.map(ids);
                policy.channels.deny = ids(deny);
                policy
            },
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

fn applies(rule: &Rule, question: &Question<'_>, place: Option<GuildId>) -> bool {
    if !rule.tools.is_empty() && !rule.tools.iter().any(|p| plain_match(p, question.tool)) {
        return false;
    }
    if !rule.toolsets.is_empty() && !rule.toolsets.contains(&question.toolset.to_owned()) {
        return false;
    }
    if !rule.risks.is_empty() && !rule.risks.contains(&question.risk) {
        return false;
    }
    if !rule.principals.is_empty()
        && !rule
            .principals
            .iter()
            .any(|p| plain_match(p, &question.principal.id))
    {
        return false;
    }
    rule.guilds.is_empty() || place.is_some_and(|place| rule.guilds.contains(&place))
}

proptest! {
    #[test]
    fn the_plain_evaluator_agrees(
        policy in policies(),
        tool in 0..3usize,
        toolset in 0..2usize,
        who in 0..3usize,
        scopes in subsequence(Scope::ALL.to_vec(), 0..=3),
        places in vec(0..5u64, 0..3),
        line in vec(1..8u64, 1..4),
    ) {
        let principal = Principal {
            id: PRINCIPALS[who].to_owned(),
            ..Principal::api_key("any", scopes.clone())
        };
        let risk = RISKS[tool];
        let known: Vec<GuildId> = places.iter().filter(|n| (1..4).contains(*n)).map(|n| guild(*n)).collect();
        let question = Question {
            principal: &principal,
            tool: TOOLS[tool],
            toolset: TOOLSETS[toolset],
            risk,
            guilds: &known,
        };
        let asked: Vec<Option<GuildId>> =
            if known.is_empty() { vec![None] } else { known.iter().copied().map(Some).collect() };

        // Check 2.
        let member = policy.members.as_ref()
            .is_none_or(|members| members.iter().any(|m| plain_match(m, &principal.id)));
        prop_assert_eq!(membership(&policy, &principal).verdict.allows(), member);

        // Check 3: 0 is a DM, 4 is unknown.
        let whereabouts: Vec<Whereabouts> = places.iter().map(|n| match n {
            0 => Whereabouts::DirectMessage,
            4 => Whereabouts::Unknown { what: "channel 4".to_owned() },
            n => Whereabouts::Guild(guild(*n)),
        }).collect();
        let expected = places.iter().all(|n| match n {
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
        let mut allowed = scopes.contains(&scope) && !(policy.read_only && tool != 0);
        let mut dry = false;
        let mut confirm = false;
        let mut rate = u32::MAX;
        for place in &asked {
            let mut effect = None;
            let mut says_dry = None;
            let mut says_confirm = None;
            let mut says_rate = None;
            for rule in policy.rules.iter().rev() {
                if !applies(rule, &question, *place) {
                    continue;
                }
                effect = rule.effect.or(effect);
                says_dry = rule.dry_run_by_default.or(says_dry);
                says_rate = rule.calls_per_minute.or(says_rate);
                match rule.needs_confirmation {
                    Some(false) if tool == 2
                        && !rule.risks.contains(&Risk::Destructive)
                        && !rule.tools.contains(&TOOLS[2].to_owned()) => {}
                    says => says_confirm = says.or(says_confirm),
                }
            }
            allowed &= effect != Some(Effect::Deny);
            dry |= tool != 0 && says_dry.unwrap_or(true);
            confirm |= tool != 0 && says_confirm.unwrap_or(tool == 2);
            rate = rate.min(says_rate.unwrap_or([
                policy.rates.read, policy.rates.write, policy.rates.destructive,
            ][tool]));
        }
        prop_assert_eq!(platform(&policy, &question).verdict.allows(), allowed);
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
