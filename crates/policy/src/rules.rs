//! The policy as the operator writes it, in `[policy]` of `guildhall.toml`.

use std::collections::BTreeSet;

use model::{ChannelId, GuildId, Principal, Risk, Verdict};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    pattern,
    strict::{self, NoOtherKeys},
};

/// Everything the operator decided. The default allows what a credential's scopes allow, in every
/// guild the bot is in, with the ceremony that each risk asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Only tools of risk `read` exist. No rule relaxes it.
    pub read_only: bool,
    /// Guilds that may be used. Absent: every guild the bot is in. Empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_guilds: Option<BTreeSet<GuildId>>,
    /// Whether DMs may be used. Absent: only while no guild list narrows the bot's world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_messages: Option<bool>,
    /// Principals that belong to this workspace, by name or pattern (`key:*`). Absent: all who
    /// proved who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
    pub channels: ChannelLists,
    pub rates: Rates,
    /// Read from the top; for each question the first rule that matches and says something about
    /// it decides.
    pub rules: Vec<Rule>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::policy")]
    pub others: NoOtherKeys,
}

/// Which channels may be used. A thread is judged by itself, its parent and its category.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelLists {
    /// Absent: all that are not denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<BTreeSet<ChannelId>>,
    /// Wins over `allow`.
    pub deny: BTreeSet<ChannelId>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::channels")]
    pub others: NoOtherKeys,
}

/// Calls per minute that one principal may make, by risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    pub read: u32,
    pub write: u32,
    pub destructive: u32,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::rates")]
    pub others: NoOtherKeys,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            read: 1_200,
            write: 300,
            destructive: 60,
            others: NoOtherKeys,
        }
    }
}

/// One rule: whom and what it is about, and what it says. Lists that are empty match everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rule {
    /// Appears in refusals, plans and the audit. Unique.
    pub name: String,
    /// Names or patterns: `discord_delete_*`.
    #[serde(default)]
    pub tools: Vec<String>,
    #[serde(default)]
    pub toolsets: Vec<String>,
    #[serde(default)]
    pub risks: Vec<Risk>,
    /// Names or patterns: `local`, `key:*`.
    #[serde(default)]
    pub principals: Vec<String>,
    /// A rule with guilds says nothing about calls that concern no guild.
    #[serde(default)]
    pub guilds: Vec<GuildId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Whether a call that does not say `dry_run` is only planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run_by_default: Option<bool>,
    /// Whether a call must carry the token of its own plan. `false` reaches destructive tools only
    /// where the rule names them: the risk itself, or the tool without a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_confirmation: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_minute: Option<u32>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::rule")]
    pub others: NoOtherKeys,
}

/// What a rule says about a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Allow,
    Deny,
}

/// Who wants to use what.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub principal: &'a Principal,
    pub tool: &'a str,
    pub toolset: &'a str,
    pub risk: Risk,
    /// Every guild the call concerns.
    pub guilds: &'a [GuildId],
}

/// A verdict and the names of the rules that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    pub verdict: Verdict,
    pub rules: Vec<String>,
}

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("rule {number} of the policy has no name; audit rows and refusals need one")]
    Nameless { number: usize },
    #[error("two rules of the policy are called \"{name}\"; give each its own name")]
    NameTaken { name: String },
    #[error(
        "rule \"{name}\" says nothing; set effect, dry_run_by_default, needs_confirmation or \
         calls_per_minute"
    )]
    SaysNothing { name: String },
    #[error("rule \"{name}\" matches no tool with \"{pattern}\"{}", suggestion(.nearest.as_deref()))]
    NoSuchTool {
        name: String,
        pattern: String,
        nearest: Option<String>,
    },
    #[error("rule \"{name}\" names an unknown toolset \"{toolset}\"{}", suggestion(.nearest.as_deref()))]
    NoSuchToolset {
        name: String,
        toolset: String,
        nearest: Option<String>,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

impl Policy {
    /// A short hash of everything in it; audit rows and confirmation tokens carry it.
    pub fn version(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("a policy has only text keys");
        let mut hash = hex::encode(Sha256::digest(canonical));
        hash.truncate(VERSION_LENGTH);
        hash
    }

    /// Whether every rule can be named, says something, and speaks of things that exist: a rule
    /// about a mistyped tool would be a hole that nobody sees.
    pub fn validate(&self, tools: &[&str], toolsets: &[&str]) -> Result<(), Error> {
        let mut names = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.name.trim().is_empty() {
                return Err(Error::Nameless { number: index + 1 });
            }
            if !names.insert(&rule.name) {
                return Err(Error::NameTaken {
                    name: rule.name.clone(),
                });
            }
            rule.validate(tools, toolsets)?;
        }
        Ok(())
    }

    /// The first rule that matches and has an answer for `says`.
    pub(crate) fn first<'a, T>(
        &'a self,
        question: &Question<'_>,
        guild: Option<GuildId>,
        says: impl Fn(&Rule) -> Option<T>,
    ) -> Option<(&'a str, T)> {
        self.rules
            .iter()
            .filter(|rule| rule.matches(question, guild))
            .find_map(|rule| says(rule).map(|answer| (rule.name.as_str(), answer)))
    }
}

/// Characters of a policy's version.
const VERSION_LENGTH: usize = 12;

impl Rule {
    fn matches(&self, question: &Question<'_>, guild: Option<GuildId>) -> bool {
        any(&self.tools, |p| pattern::matches(p, question.tool))
            && any(&self.toolsets, |t| t == question.toolset)
            && any(&self.risks, |r| *r == question.risk)
            && self.is_about(question.principal)
            && any(&self.guilds, |g| Some(*g) == guild)
    }

    pub(crate) fn is_about(&self, principal: &Principal) -> bool {
        any(&self.principals, |p| pattern::matches(p, &principal.id))
    }

    /// Whether the operator had destructive tools, or this very tool, in mind.
    pub(crate) fn names_destructive(&self, tool: &str) -> bool {
        self.risks.contains(&Risk::Destructive) || self.tools.iter().any(|p| p == tool)
    }

    fn validate(&self, tools: &[&str], toolsets: &[&str]) -> Result<(), Error> {
        if self.effect.is_none()
            && self.dry_run_by_default.is_none()
            && self.needs_confirmation.is_none()
            && self.calls_per_minute.is_none()
        {
            return Err(Error::SaysNothing {
                name: self.name.clone(),
            });
        }
        for wanted in &self.tools {
            if !tools.iter().any(|tool| pattern::matches(wanted, tool)) {
                return Err(Error::NoSuchTool {
                    name: self.name.clone(),
                    pattern: wanted.clone(),
                    nearest: strict::nearest(wanted, tools.iter().copied())
                        .filter(|_| pattern::is_exact(wanted))
                        .map(str::to_owned),
                });
            }
        }
        for wanted in &self.toolsets {
            if !toolsets.contains(&wanted.as_str()) {
                return Err(Error::NoSuchToolset {
                    name: self.name.clone(),
                    toolset: wanted.clone(),
                    nearest: strict::nearest(wanted, toolsets.iter().copied()).map(str::to_owned),
                });
            }
        }
        Ok(())
    }
}

/// An empty list matches everything.
fn any<T>(list: &[T], test: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<(), String> {
        let policy: Policy = toml::from_str(&format!("[[rules]]\n{text}")).unwrap();
        policy
            .validate(&["discord_ban_user", "discord_get_user"], &["moderation"])
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_version_follows_the_content() {
        let mut policy = Policy::default();
        let before = policy.version();
        assert_eq!(before.len(), VERSION_LENGTH);
        assert_eq!(before, Policy::default().version());
        policy.read_only = true;
        assert_ne!(before, policy.version());
    }

    #[test]
    fn a_rule_about_nothing_that_exists_is_an_error() {
        assert_eq!(
            rule("name = \"a\"\neffect = \"deny\"\ntools = [\"discord_ban_usr\"]").unwrap_err(),
            "rule \"a\" matches no tool with \"discord_ban_usr\"; did you mean \"discord_ban_user\"?"
        );
        assert_eq!(
            rule("name = \"a\"\neffect = \"deny\"\ntoolsets = [\"moderatoin\"]").unwrap_err(),
            "rule \"a\" names an unknown toolset \"moderatoin\"; did you mean \"moderation\"?"
        );
        assert!(rule("name = \"a\"").unwrap_err().contains("says nothing"));
        assert!(
            rule("name = \" \"\neffect = \"deny\"")
                .unwrap_err()
                .contains("no name")
        );
        rule("name = \"a\"\neffect = \"deny\"\ntools = [\"discord_ban_*\"]").unwrap();
    }
}
