//! Check 7, the operator's part: how many calls a minute, counted for whom. And how many attempts,
//! before any check.

use std::{cmp::Reverse, num::NonZeroU32};

use model::{ChannelId, GuildId, Principal, Risk, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    Policy, Question,
    calls::{Calls, Number},
    strict::{self, NoOtherKeys},
};

/// Attempts that everybody has in a minute, whatever the rates.
const ATTEMPTS_AT_LEAST: u32 = 600;
/// A Discord user who asks through a principal has this part of what the principal has.
const USER_PART: u32 = 10;
/// A channel takes as much as so many principals at their rate.
const CHANNEL_TIMES: u32 = 2;
/// So does a guild,
const GUILD_TIMES: u32 = 4;
/// and so does one tool.
const TOOL_TIMES: u32 = 4;

/// Calls per minute. Each call falls under all that concern it, and the smallest room counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Of one principal: reads,
    pub read: u32,
    /// writes,
    pub write: u32,
    /// and destructive calls.
    pub destructive: u32,
    /// Of one Discord user, whoever carries the wishes. Absent: a tenth of the principal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_user: Option<Calls>,
    /// In one channel, all principals together. Absent: twice one principal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_channel: Option<Calls>,
    /// In one guild, all principals together. Absent: four times one principal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_guild: Option<Calls>,
    /// Of one tool, all principals together. Absent: four times one principal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_tool: Option<Calls>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::rates")]
    pub others: NoOtherKeys,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            read: 1_200,
            write: 300,
            destructive: 60,
            per_user: None,
            per_channel: None,
            per_guild: None,
            per_tool: None,
            others: NoOtherKeys,
        }
    }
}

/// One limit that a call falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit<'a> {
    pub whose: Whose<'a>,
    /// Zero: never.
    pub per_minute: u32,
    /// The rule, or the key of `[policy.rates]`, that says so; none for a default.
    pub by: Option<&'a str>,
}

/// Whose calls a limit counts together, always those of one risk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whose<'a> {
    /// Those under one rule are counted by themselves.
    Principal {
        id: &'a str,
        rule: Option<&'a str>,
    },
    User(UserId),
    Channel(ChannelId),
    Guild(GuildId),
    Tool(&'a str),
}

impl Rates {
    fn principal(&self, risk: Risk) -> u32 {
        match risk {
            Risk::Read => self.read,
            Risk::Write => self.write,
            Risk::Destructive => self.destructive,
        }
    }
}

/// How many calls this principal may try in a minute, good or bad: twice the most that any rate or
/// rule could ever grant it.
pub fn attempts_per_minute(policy: &Policy, principal: &Principal) -> NonZeroU32 {
    let rates = &policy.rates;
    let by_rules = policy
        .rules
        .iter()
        .filter(|rule| rule.is_about_caller(principal))
        .filter_map(|rule| rule.calls_per_minute);
    let most = [rates.read, rates.write, rates.destructive]
        .into_iter()
        .chain(by_rules)
        .max()
        .unwrap_or_default();
    let number = most.saturating_mul(2).max(ATTEMPTS_AT_LEAST);
    let own = NonZeroU32::new(number).unwrap_or(NonZeroU32::MAX);
    match &policy.ceiling {
        None => own,
        Some(ceiling) => own.min(attempts_per_minute(ceiling, principal)),
    }
}

/// How many calls of this risk this principal may make in a minute, and the rule that says so.
/// With several places the smallest number counts.
pub fn calls_per_minute(policy: &Policy, question: &Question<'_>) -> (u32, Option<String>) {
    let (number, rule) = of_principal(policy, question);
    let own = (number, rule.map(str::to_owned));
    match &policy.ceiling {
        None => own,
        Some(ceiling) => {
            let above = calls_per_minute(ceiling, question);
            if own.0 < above.0 { own } else { above }
        }
    }
}

/// Every limit that a call falls under: its principal's first, then that of the Discord user it is
/// for, then those that all share.
pub fn limits<'a>(
    policy: &'a Policy,
    question: &Question<'a>,
    user: Option<UserId>,
) -> Vec<Limit<'a>> {
    let mut all = limits_alone(policy, question, user);
    let Some(ceiling) = &policy.ceiling else {
        return all;
    };
    // What both limit is counted once, by the smaller number.
    for above in limits(ceiling, question, user) {
        match all.iter_mut().find(|own| own.whose == above.whose) {
            Some(own) if above.per_minute <= own.per_minute => *own = above,
            Some(_) => {}
            None => all.push(above),
        }
    }
    all
}

fn limits_alone<'a>(
    policy: &'a Policy,
    question: &Question<'a>,
    user: Option<UserId>,
) -> Vec<Limit<'a>> {
    let rates = &policy.rates;
    let risk = question.risk;
    let (number, rule) = of_principal(policy, question);
    // A rule that grants one principal more must not be taken back by a default.
    let usual = rates.principal(risk).max(number);
    let mut all = vec![Limit {
        whose: Whose::Principal {
            id: &question.principal.id,
            rule,
        },
        per_minute: number,
        by: rule,
    }];
    let mut add = |whose, said: Option<Calls>, key, default: u32| {
        let (per_minute, by) = match said.and_then(|calls| calls.of(risk)) {
            Some(Number::Unlimited) => return,
            Some(Number::Limited(number)) => (number, Some(key)),
            None => (default, None),
        };
        all.push(Limit {
            whose,
            per_minute,
            by,
        });
    };
    if let Some(user) = user {
        let part = usual.div_ceil(USER_PART);
        add(Whose::User(user), rates.per_user, "rates.per_user", part);
    }
    for channel in once(question.spots.iter().filter_map(|it| it.channels.first())) {
        let whose = Whose::Channel(channel);
        let default = usual.saturating_mul(CHANNEL_TIMES);
        add(whose, rates.per_channel, "rates.per_channel", default);
    }
    for guild in once(question.spots.iter().filter_map(|it| it.guild.as_ref())) {
        let whose = Whose::Guild(guild);
        let default = usual.saturating_mul(GUILD_TIMES);
        add(whose, rates.per_guild, "rates.per_guild", default);
    }
    let whose = Whose::Tool(question.tool);
    let default = usual.saturating_mul(TOOL_TIMES);
    add(whose, rates.per_tool, "rates.per_tool", default);
    all
}

fn once<'a, T: Copy + PartialEq + 'a>(all: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(one) {
            once.push(*one);
        }
    }
    once
}

fn of_principal<'a>(policy: &'a Policy, question: &Question<'_>) -> (u32, Option<&'a str>) {
    let by_risk = policy.rates.principal(question.risk);
    let here = |spot| {
        let (rule, Reverse(number)) = policy.decide(question, spot, Reverse(by_risk), |rule| {
            rule.calls_per_minute.map(Reverse)
        });
        (number, rule.map(|rule| rule.name.as_str()))
    };
    question
        .each_spot()
        .map(here)
        .min_by_key(|(number, _)| *number)
        .unwrap_or((by_risk, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Circumstances, Spot};

    fn told(policy: &str, user: Option<u64>) -> Vec<(String, u32, Option<String>)> {
        let policy: Policy = toml::from_str(policy).unwrap();
        let question = Question {
            principal: &Principal::local_operator(),
            tool: "discord_send_message",
            toolset: "messages",
            risk: Risk::Write,
            spots: &[Spot {
                guild: GuildId::new(1),
                channels: vec![ChannelId::new(10).unwrap(), ChannelId::new(12).unwrap()],
            }],
            circumstances: &Circumstances::plain(0),
        };
        let plain = |limit: Limit<'_>| {
            let whose = match limit.whose {
                Whose::Principal { id, .. } => id.to_owned(),
                Whose::User(id) => format!("user {id}"),
                Whose::Channel(id) => format!("channel {id}"),
                Whose::Guild(id) => format!("guild {id}"),
                Whose::Tool(_) => "tool".to_owned(),
            };
            (whose, limit.per_minute, limit.by.map(str::to_owned))
        };
        limits(&policy, &question, user.and_then(UserId::new))
            .into_iter()
            .map(plain)
            .collect()
    }

    fn numbers(policy: &str, user: Option<u64>) -> Vec<u32> {
        told(policy, user).into_iter().map(|it| it.1).collect()
    }

    #[test]
    fn without_a_word_the_limits_follow_the_principals_own() {
        assert_eq!(numbers("", Some(5)), [300, 30, 600, 1_200, 1_200]);
        assert_eq!(numbers("[rates]\nwrite = 5", Some(5)), [5, 1, 10, 20, 20]);
        assert_eq!(numbers("", None), [300, 600, 1_200, 1_200]);
    }

    #[test]
    fn what_is_said_counts_and_is_named() {
        let policy = "[rates]\nper_user = 3\nper_guild = { write = 7 }\nper_channel = { read = 1 }\n\
                      per_tool = \"unlimited\"";
        let told = told(policy, Some(5));
        assert_eq!(
            told[1],
            ("user 5".to_owned(), 3, Some("rates.per_user".to_owned()))
        );
        assert_eq!(told[2], ("channel 10".to_owned(), 600, None));
        assert_eq!(
            told[3],
            ("guild 1".to_owned(), 7, Some("rates.per_guild".to_owned()))
        );
        assert_eq!(told.len(), 4);
    }

    #[test]
    fn a_rule_that_grants_more_is_not_taken_back_by_a_default() {
        let rule = |number: u32| format!("[[rules]]\nname = \"r\"\ncalls_per_minute = {number}");
        assert_eq!(numbers(&rule(9_000), None), [9_000, 18_000, 36_000, 36_000]);
        // One that grants less says nothing about what all share.
        assert_eq!(numbers(&rule(5), None), [5, 600, 1_200, 1_200]);
        assert_eq!(told(&rule(5), None)[0].2.as_deref(), Some("r"));
    }
}
