//! Whom to ask, how, and how long to wait for them.

use std::collections::BTreeSet;

use model::{ChannelId, RoleId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    Effect, Policy, Question, Rule, Spot,
    strict::{self, NoOtherKeys},
};

/// The most people that can be asked to agree.
pub const QUORUM_MAX: u8 = 10;
/// The longest wait, in minutes: a day.
pub const EXPIRES_MINUTES_MAX: u32 = 24 * 60;
const EXPIRES_MINUTES: u32 = 30;

/// One named way of asking people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub post_to: PostTo,
    /// Where, for `channel`; and for `thread_of_origin` where the call came from no thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// Discord roles whose members may decide.
    #[serde(default)]
    pub roles: BTreeSet<RoleId>,
    /// Discord users who may decide. For `direct_message` it is they who are written to.
    #[serde(default)]
    pub users: BTreeSet<UserId>,
    /// Different people who must agree, 1 to [`QUORUM_MAX`]. One refusal ends it.
    #[serde(default = "one")]
    pub quorum: u8,
    /// 1 to [`EXPIRES_MINUTES_MAX`]; when they are over the answer is no.
    #[serde(default = "half_an_hour")]
    pub expires_minutes: u32,
    /// Before they are over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_after_minutes: Option<u32>,
    /// Before they are over; with `escalate_to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after_minutes: Option<u32>,
    /// Another entry, whose people may decide then too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<String>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::approval")]
    pub others: NoOtherKeys,
}

/// Where people are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostTo {
    /// In one channel.
    Channel,
    /// Where the call came from, if that is known.
    ThreadOfOrigin,
    /// Each of the `users` by themselves.
    DirectMessage,
}

fn one() -> u8 {
    1
}

fn half_an_hour() -> u32 {
    EXPIRES_MINUTES
}

impl Policy {
    /// What the rules say of the tool in one place. Of rules of which it is not known whether they
    /// fit, the one counts that asks more people.
    pub(crate) fn effect(&self, question: &Question<'_>, spot: &Spot) -> (Option<&Rule>, Effect) {
        let (rule, (effect, _)) = self.decide(question, spot, (Effect::Allow, 0), |rule| {
            let effect = rule.effect?;
            let quorum = match effect {
                Effect::Ask => self.approval_of(rule).map_or(0, |(_, way)| way.quorum),
                Effect::Allow | Effect::Deny => 0,
            };
            Some((effect, quorum))
        });
        (rule, effect)
    }

    /// The way in which a rule asks. A valid policy has one for every rule that asks.
    pub fn approval_of(&self, rule: &Rule) -> Option<(&str, &Approval)> {
        let entry = match &rule.approval {
            Some(name) => self.approvals.get_key_value(name),
            None if self.approvals.len() == 1 => self.approvals.first_key_value(),
            None => None,
        };
        entry.map(|(name, approval)| (name.as_str(), approval))
    }
}

#[cfg(test)]
mod tests {
    use model::{GuildId, Principal, Risk, Verdict};

    use super::*;
    use crate::{Asker, Circumstances, approval_for, platform};

    const TEXT: &str = r#"
        [approvals.moderators]
        post_to = "channel"
        channel = "9"
        roles = ["90"]

        [approvals.owners]
        post_to = "direct_message"
        users = ["91", "92"]
        quorum = 2

        [[rules]]
        name = "moderators may"
        guilds = ["1"]
        discord_roles = ["90"]
        effect = "allow"

        [[rules]]
        name = "never there"
        channels = ["13"]
        effect = "deny"

        [[rules]]
        name = "ask the owners"
        channels = ["12"]
        effect = "ask"
        approval = "owners"

        [[rules]]
        name = "ask the moderators"
        guilds = ["1"]
        effect = "ask"
        approval = "moderators"
    "#;

    /// The code of the verdict, and who would be asked.
    fn asked(spots: &[(u64, u64)], asker: Option<Asker>) -> (String, Option<String>) {
        let policy: Policy = toml::from_str(TEXT).unwrap();
        policy.validate(&[], &[]).unwrap();
        let spots: Vec<Spot> = spots
            .iter()
            .map(|(guild, channel)| Spot {
                guild: GuildId::new(*guild),
                channels: ChannelId::new(*channel).into_iter().collect(),
            })
            .collect();
        let question = Question {
            principal: &Principal::local_operator(),
            tool: "discord_ban_member",
            toolset: "moderation",
            risk: Risk::Destructive,
            spots: &spots,
            circumstances: &Circumstances {
                asker,
                ..Circumstances::plain(0)
            },
        };
        let ruling = platform(&policy, &question);
        let way = approval_for(&policy, &question).map(|(rule, entry, _)| {
            assert_eq!(ruling.rules, [rule]);
            entry.to_owned()
        });
        assert_eq!(way.is_some(), matches!(ruling.verdict, Verdict::Ask(_)));
        (ruling.verdict.reason().code.clone(), way)
    }

    fn required(way: &str) -> (String, Option<String>) {
        ("approval_required".to_owned(), Some(way.to_owned()))
    }

    #[test]
    fn a_place_that_denies_beats_one_that_asks_which_beats_one_that_allows() {
        assert_eq!(asked(&[(1, 10)], None), required("moderators"));
        assert_eq!(asked(&[(1, 10), (2, 20)], None), required("moderators"));
        assert_eq!(asked(&[(2, 20), (1, 12)], None), required("owners"));
        assert_eq!(asked(&[(1, 10), (2, 13)], None).0, "denied_by_rule");
        assert_eq!(asked(&[(2, 20)], None).0, "tool_allowed");
        assert_eq!(asked(&[], None).0, "tool_allowed");
    }

    #[test]
    fn places_that_ask_different_people_cannot_be_approved_by_either() {
        let refused = ("approvals_differ".to_owned(), None);
        assert_eq!(asked(&[(1, 10), (2, 12)], None), refused);
    }

    #[test]
    fn roles_count_in_their_own_guild_and_unknown_ones_never_help() {
        let roles = |guild, role| Asker {
            roles: vec![(
                GuildId::new(guild).unwrap(),
                RoleId::new(role).into_iter().collect(),
            )],
        };
        assert_eq!(asked(&[(1, 10)], Some(roles(1, 90))).0, "tool_allowed");
        assert_eq!(
            asked(&[(1, 10)], Some(roles(1, 91))),
            required("moderators")
        );
        assert_eq!(
            asked(&[(1, 10)], Some(roles(2, 90))),
            required("moderators")
        );
        assert_eq!(
            asked(&[(1, 10)], Some(Asker::default())),
            required("moderators")
        );
        assert_eq!(asked(&[(1, 10)], None), required("moderators"));
    }
}
