//! All that the policy says of a call, before anybody asks Discord: checks 2 to 5, the ceremony, and
//! the rate. For those who explain, test and try out policies; the gate asks check by check.

use model::{Stage, Verdict};
use serde::{Deserialize, Serialize};

use crate::{
    Asking, Ceremony, Judge, Policy, Question, Ruling, Whereabouts, calls_per_minute, ceremony,
    flow_ceremony, guilds, membership,
};

/// What a call wants, and where it would act.
#[derive(Debug, Clone, Copy)]
pub struct Sketch<'a> {
    pub question: Question<'a>,
    pub places: &'a [Whereabouts],
    /// Its steps are calls of their own.
    pub is_flow: bool,
}

/// What becomes of a call that says nothing about dry runs and carries no confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// A check refuses it.
    Deny,
    /// A person would have to approve it.
    Ask,
    /// It is planned, and runs only with the token of its plan.
    Confirm,
    /// It is planned, and runs when it says `dry_run: false`.
    Plan,
    /// It runs at once.
    Run,
}

impl Fate {
    /// Its word, as test cases write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Ask => "ask",
            Self::Confirm => "confirm",
            Self::Plan => "plan",
            Self::Run => "run",
        }
    }
}

/// The policy's part in the fate of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// In order, up to the first that refuses.
    pub checks: Vec<(Stage, Ruling)>,
    /// Whom to ask, where it is left to people.
    pub approval: Option<Asking>,
    pub ceremony: Ceremony,
    /// And the rule that says so.
    pub calls_per_minute: (u32, Option<String>),
}

impl Weighed {
    /// What becomes of it.
    pub fn fate(&self) -> Fate {
        match self.refusal().map(|(_, ruling)| &ruling.verdict) {
            Some(Verdict::Ask(_)) => Fate::Ask,
            Some(_) => Fate::Deny,
            None if self.ceremony.needs_confirmation => Fate::Confirm,
            None if self.ceremony.dry_run_by_default => Fate::Plan,
            None => Fate::Run,
        }
    }

    /// The check that does not allow it: the one that refuses it, or else the one that asks.
    pub fn refusal(&self) -> Option<&(Stage, Ruling)> {
        let denies = |(_, ruling): &&(Stage, Ruling)| matches!(ruling.verdict, Verdict::Deny(_));
        let asks = |(_, ruling): &&(Stage, Ruling)| !ruling.verdict.allows();
        let checks = || self.checks.iter();
        checks().find(denies).or_else(|| checks().find(asks))
    }

    /// Every rule that had a say.
    pub fn rules(&self) -> Vec<&str> {
        let mut rules: Vec<&str> = Vec::new();
        let of_checks = self.checks.iter().flat_map(|(_, ruling)| &ruling.rules);
        let all = of_checks
            .chain(&self.ceremony.rules)
            .chain(&self.calls_per_minute.1);
        for rule in all {
            if !rules.contains(&rule.as_str()) {
                rules.push(rule);
            }
        }
        rules
    }
}

/// Weigh a call. The judge is one of this policy.
pub fn weigh(policy: &Policy, judge: &dyn Judge, sketch: &Sketch<'_>) -> Weighed {
    let question = &sketch.question;
    let asks: [(Stage, &dyn Fn() -> Ruling); 4] = [
        (Stage::WorkspaceMembership, &|| {
            membership(policy, question.principal)
        }),
        (Stage::GuildInstallation, &|| guilds(policy, sketch.places)),
        (Stage::PlatformPermission, &|| judge.platform(question)),
        (Stage::ChannelPolicy, &|| judge.channels(question)),
    ];
    let mut checks = Vec::new();
    for (stage, ask) in asks {
        let ruling = ask();
        let ends = matches!(ruling.verdict, Verdict::Deny(_));
        checks.push((stage, ruling));
        if ends {
            break;
        }
    }
    let mut weighed = Weighed {
        checks,
        approval: None,
        ceremony: if sketch.is_flow {
            flow_ceremony(policy, question)
        } else {
            ceremony(policy, question)
        },
        calls_per_minute: calls_per_minute(policy, question),
    };
    if weighed.fate() == Fate::Ask {
        weighed.approval = judge.approval(question);
    }
    weighed
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{ChannelId, GuildId, Principal, Risk};

    use super::*;
    use crate::{Circumstances, Judges as _, PlainJudges, Spot};

    #[test]
    fn the_first_refusal_ends_it_and_names_its_rule() {
        let policy: Policy = toml::from_str(
            "allowed_guilds = [\"1\"]\n[channels]\ndeny = [\"5\"]\n\
             [[rules]]\nname = \"quiet\"\nrisks = [\"write\"]\ndry_run_by_default = false",
        )
        .unwrap();
        let judge = PlainJudges.appoint(&Arc::new(policy.clone()));
        let weighed = |guild: u64, channel: u64, risk| {
            let guild = GuildId::new(guild).unwrap();
            weigh(
                &policy,
                &*judge,
                &Sketch {
                    question: Question {
                        principal: &Principal::local_operator(),
                        tool: "discord_send_message",
                        toolset: "messages",
                        risk,
                        spots: &[Spot {
                            guild: Some(guild),
                            channels: ChannelId::new(channel).into_iter().collect(),
                        }],
                        circumstances: &Circumstances::plain(0),
                    },
                    places: &[Whereabouts::Guild(guild)],
                    is_flow: false,
                },
            )
        };
        let elsewhere = weighed(2, 6, Risk::Write);
        assert_eq!(elsewhere.fate(), Fate::Deny);
        assert_eq!(elsewhere.refusal().unwrap().0, Stage::GuildInstallation);
        let denied = weighed(1, 5, Risk::Write);
        assert_eq!(denied.rules(), ["allowed_guilds", "channels.deny", "quiet"]);
        assert_eq!(weighed(1, 6, Risk::Read).fate(), Fate::Run);
        assert_eq!(weighed(1, 6, Risk::Write).fate(), Fate::Run);
        assert_eq!(weighed(1, 6, Risk::Destructive).fate(), Fate::Confirm);
    }
}
