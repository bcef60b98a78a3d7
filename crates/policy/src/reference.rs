//! A second, plain evaluator: no shared code, no short cuts. Both must agree on random policies.

use std::collections::BTreeSet;

use model::{ChannelId, Risk, Role, principal::Scope};
use proptest::{collection::vec, prelude::*};
use time::{OffsetDateTime, UtcOffset as Offset};

use crate::{
    Day, Effect, Lineage, Policy, Question, Rule, Spot, Whereabouts, approval_for,
    calls_per_minute, ceremony, channels, guilds, membership, platform,
    random::{TOOLS, guild, policies, questions},
};

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
        wish in questions(),
        places in vec(0..5u64, 0..3),
        line in vec(1..8u64, 1..4),
    ) {
        let question = wish.question();
        let principal = &wish.principal;
        let tool = wish.tool;
        let judged =
            if wish.spots.is_empty() { vec![Spot::default()] } else { wish.spots.clone() };

        // Check 2.
        let member = policy.members.as_ref()
            .is_none_or(|members| members.iter().any(|m| plain_match(m, &principal.id)));
        prop_assert_eq!(membership(&policy, principal).verdict.allows(), member);

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
        let able = principal.scopes.contains(&scope)
            && !(policy.read_only && tool != 0)
            && !(principal.role == Role::Viewer && tool != 0);
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
            let (rule, entry, _) = approval_for(&policy, &question).unwrap();
            prop_assert_eq!(ways.into_iter().next().unwrap(), entry);
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
