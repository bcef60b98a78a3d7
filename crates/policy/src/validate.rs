//! Whether a policy can be used: every rule can be named, says something, and speaks of things that
//! exist; whoever is to be asked can be asked.

use std::collections::BTreeSet;

use crate::{
    Approval, EXPIRES_MINUTES_MAX, Effect, Policy, PostTo, QUORUM_MAX, Rule, pattern, strict,
};

/// The most rules of a policy. For each question they are read from the top.
pub const RULES_MAX: usize = 200;
/// The most ways of asking people.
pub const APPROVALS_MAX: usize = 50;

/// The most bytes of Cedar text.
pub const CEDAR_MAX: usize = 64 * 1024;
/// The most pairs of an earlier and a later rule of different effects that may fit the same call.
/// Each is an exception in the policy that decides.
pub const EXCEPTIONS_MAX: usize = 4_000;

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
    #[error("rule \"{name}\" asks \"{approval}\", which is not among the approvals{}", suggestion(.nearest.as_deref()))]
    NoSuchApproval {
        name: String,
        approval: String,
        nearest: Option<String>,
    },
    #[error("rule \"{name}\" {problem}")]
    Rule { name: String, problem: &'static str },
    #[error("approvals.{name}: {problem}")]
    Approval { name: String, problem: String },
    #[error("lockdown: name at least one of trust_roles; without it nobody's words would be shown")]
    NobodyTrusted,
    #[error("a policy has at most {RULES_MAX} rules and {APPROVALS_MAX} approvals")]
    TooMany,
    #[error(
        "the rules have more than {EXCEPTIONS_MAX} exceptions from one another; put rules of one \
         effect together, or name the tools they are about"
    )]
    TooEntangled,
    #[error("set cedar or cedar_file, not both; cedar text has at most {CEDAR_MAX} bytes")]
    Cedar,
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

impl Policy {
    /// Check all of it: a rule about a mistyped tool would be a hole that nobody sees.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self, tools: &[&str], toolsets: &[&str]) -> Result<(), Error> {
        if self.rules.len() > RULES_MAX || self.approvals.len() > APPROVALS_MAX {
            return Err(Error::TooMany);
        }
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
            self.validate_asking(rule)?;
        }
        for (name, approval) in &self.approvals {
            self.validate_approval(name, approval)
                .map_err(|problem| Error::Approval {
                    name: name.clone(),
                    problem,
                })?;
        }
        let exceptions = |index| self.earlier(index).count();
        if (0..self.rules.len()).map(exceptions).sum::<usize>() > EXCEPTIONS_MAX {
            return Err(Error::TooEntangled);
        }
        if self.cedar.is_some() && self.cedar_file.is_some() {
            return Err(Error::Cedar);
        }
        if self
            .cedar
            .as_ref()
            .is_some_and(|text| text.len() > CEDAR_MAX)
        {
            return Err(Error::Cedar);
        }
        match &self.lockdown {
            Some(lockdown) if lockdown.trust_roles.is_empty() => Err(Error::NobodyTrusted),
            _ => Ok(()),
        }
    }

    fn validate_asking(&self, rule: &Rule) -> Result<(), Error> {
        let wrong = |problem| {
            Err(Error::Rule {
                name: rule.name.clone(),
                problem,
            })
        };
        match (rule.effect, &rule.approval) {
            (Some(Effect::Ask), Some(wanted)) if !self.approvals.contains_key(wanted) => {
                let known = self.approvals.keys().map(String::as_str);
                Err(Error::NoSuchApproval {
                    name: rule.name.clone(),
                    approval: wanted.clone(),
                    nearest: strict::nearest(wanted, known).map(str::to_owned),
                })
            }
            (Some(Effect::Ask), None) if self.approvals.is_empty() => {
                wrong("asks people, but the policy has no approvals that say whom")
            }
            (Some(Effect::Ask), None) if self.approvals.len() > 1 => {
                wrong("asks people; name one of the approvals in `approval`")
            }
            (Some(Effect::Ask), _) | (_, None) => Ok(()),
            (_, Some(_)) => wrong("names an approval; it needs effect = \"ask\" too"),
        }
    }

    fn validate_approval(&self, name: &str, approval: &Approval) -> Result<(), String> {
        let of_its_own = approval.fault();
        if let Some(problem) = of_its_own {
            return Err(problem);
        }
        let mut seen = BTreeSet::from([name]);
        let mut next = approval.escalate_to.as_deref();
        while let Some(wanted) = next {
            if !seen.insert(wanted) {
                return Err(format!("escalate_to comes back to \"{wanted}\""));
            }
            let Some(above) = self.approvals.get(wanted) else {
                let known = self.approvals.keys().map(String::as_str);
                let near = suggestion(strict::nearest(wanted, known));
                return Err(format!(
                    "escalate_to names \"{wanted}\", which is not among the approvals{near}"
                ));
            };
            next = above.escalate_to.as_deref();
        }
        Ok(())
    }
}

impl Rule {
    fn validate(&self, tools: &[&str], toolsets: &[&str]) -> Result<(), Error> {
        let wrong = |problem| {
            Err(Error::Rule {
                name: self.name.clone(),
                problem,
            })
        };
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
        if self.utc_offset.is_some() && self.hours.is_none() && self.days.is_empty() {
            return wrong("has an utc_offset, but neither hours nor days");
        }
        match (self.from, self.until) {
            (Some(from), Some(until)) if until <= from => wrong("ends before it begins"),
            _ => Ok(()),
        }
    }
}

impl Approval {
    /// What is wrong with it, whatever the others are.
    fn fault(&self) -> Option<String> {
        let inside =
            |minutes: Option<u32>| minutes.is_none_or(|it| (1..self.expires_minutes).contains(&it));
        let problem = if self.roles.is_empty() && self.users.is_empty() {
            "nobody may decide; name roles or users"
        } else if !(1..=QUORUM_MAX).contains(&self.quorum) {
            return Some(format!("quorum is 1 to {QUORUM_MAX}"));
        } else if self.roles.is_empty() && self.users.len() < usize::from(self.quorum) {
            "there are fewer users than the quorum needs"
        } else if !(1..=EXPIRES_MINUTES_MAX).contains(&self.expires_minutes) {
            return Some(format!("expires_minutes is 1 to {EXPIRES_MINUTES_MAX}"));
        } else if self.post_to != PostTo::DirectMessage && self.channel.is_none() {
            "name the channel; for thread_of_origin it is where people are asked about calls that \
             came from no thread"
        } else if self.post_to == PostTo::DirectMessage && self.users.is_empty() {
            "name the users to write to"
        } else if !inside(self.remind_after_minutes) {
            "remind_after_minutes is at least 1 and less than expires_minutes"
        } else if !inside(self.escalate_after_minutes) {
            "escalate_after_minutes is at least 1 and less than expires_minutes"
        } else if self.escalate_to.is_some() != self.escalate_after_minutes.is_some() {
            "escalate_to and escalate_after_minutes belong together"
        } else {
            return None;
        };
        Some(problem.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Result<(), String> {
        let policy: Policy = toml::from_str(text).unwrap();
        policy
            .validate(&["discord_ban_user", "discord_get_user"], &["moderation"])
            .map_err(|error| error.to_string())
    }

    fn rule(text: &str) -> Result<(), String> {
        policy(&format!("[[rules]]\n{text}"))
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

    #[test]
    fn a_rule_that_asks_names_people_who_can_be_asked() {
        let ask = "[[rules]]\nname = \"a\"\neffect = \"ask\"\n";
        let way = |name: &str| {
            format!("[approvals.{name}]\npost_to = \"channel\"\nchannel = \"1\"\nroles = [\"2\"]\n")
        };
        let one = way("moderators");
        let two = format!("{one}{}", way("owners"));
        assert!(policy(ask).unwrap_err().contains("has no approvals"));
        policy(&format!("{one}{ask}")).unwrap();
        assert!(
            policy(&format!("{two}{ask}"))
                .unwrap_err()
                .contains("name one")
        );
        policy(&format!("{two}{ask}approval = \"owners\"")).unwrap();
        assert_eq!(
            policy(&format!("{two}{ask}approval = \"owner\"")).unwrap_err(),
            "rule \"a\" asks \"owner\", which is not among the approvals; did you mean \"owners\"?"
        );
        let denies = ask.replace("\"ask\"", "\"deny\"");
        assert!(
            policy(&format!("{one}{denies}approval = \"moderators\""))
                .unwrap_err()
                .contains("needs effect = \"ask\"")
        );
    }

    #[test]
    fn a_way_of_asking_can_end_in_a_yes_and_ends_in_any_case() {
        let way = |more: &str| policy(&format!("[approvals.a]\nchannel = \"1\"\n{more}"));
        way("post_to = \"channel\"\nroles = [\"2\"]").unwrap();
        way("post_to = \"direct_message\"\nusers = [\"2\", \"3\"]\nquorum = 2\nexpires_minutes = 1440\nremind_after_minutes = 1439").unwrap();
        for (more, problem) in [
            ("post_to = \"channel\"", "nobody may decide"),
            (
                "post_to = \"channel\"\nroles = [\"2\"]\nquorum = 0",
                "quorum is 1 to 10",
            ),
            (
                "post_to = \"channel\"\nroles = [\"2\"]\nquorum = 11",
                "quorum is 1 to 10",
            ),
            (
                "post_to = \"channel\"\nusers = [\"2\"]\nquorum = 2",
                "fewer users",
            ),
            (
                "post_to = \"channel\"\nroles = [\"2\"]\nexpires_minutes = 1441",
                "1 to 1440",
            ),
            (
                "post_to = \"direct_message\"\nroles = [\"2\"]",
                "name the users",
            ),
            (
                "post_to = \"channel\"\nroles = [\"2\"]\nremind_after_minutes = 30",
                "remind",
            ),
            (
                "post_to = \"channel\"\nroles = [\"2\"]\nescalate_after_minutes = 3",
                "together",
            ),
            (
                "post_to = \"channel\"\nroles = [\"2\"]\nescalate_after_minutes = 3\nescalate_to = \"b\"",
                "not among the approvals",
            ),
            (
                "post_to = \"channel\"\nroles = [\"2\"]\nescalate_after_minutes = 3\nescalate_to = \"a\"",
                "comes back to \"a\"",
            ),
        ] {
            let said = way(more).unwrap_err();
            assert!(said.contains(problem), "{more}: {said}");
        }
        let nowhere = "[approvals.a]\npost_to = \"thread_of_origin\"\nroles = [\"2\"]";
        assert!(policy(nowhere).unwrap_err().contains("name the channel"));
        let lower = "[approvals.NAME]\npost_to = \"channel\"\nchannel = \"1\"\nroles = [\"2\"]\n\
                     escalate_after_minutes = 3\nescalate_to = \"OTHER\"\n";
        let entry = |name, other| lower.replace("NAME", name).replace("OTHER", other);
        let circle = format!("{}{}{}", entry("a", "b"), entry("b", "c"), entry("c", "b"));
        assert!(policy(&circle).unwrap_err().contains("comes back to \"b\""));
    }

    #[test]
    fn times_and_trust_make_sense() {
        let times = |more: &str| rule(&format!("name = \"a\"\neffect = \"deny\"\n{more}"));
        assert!(
            times("utc_offset = \"+02:00\"")
                .unwrap_err()
                .contains("neither")
        );
        let never = "from = \"2026-12-01T00:00:00Z\"\nuntil = \"2026-12-01T00:00:00Z\"";
        assert!(times(never).unwrap_err().contains("before it begins"));
        times("days = [\"sat\"]\nutc_offset = \"+02:00\"").unwrap();
        assert!(policy("[lockdown]").unwrap_err().contains("trust_roles"));
        policy("[lockdown]\ntrust_roles = [\"1\"]").unwrap();
    }
}
