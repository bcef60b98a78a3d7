//! A policy under another one, its ceiling: the operator's file above the policy of a workspace.
//! Both must allow, and the strictest counts, so a workspace can only take away.

use std::sync::Arc;

use model::Verdict;

use crate::{Asking, Judge, Policy, Question, Rates, Ruling};

impl Policy {
    /// This policy, with a ceiling that it cannot exceed.
    ///
    /// What it does not say itself about rates is as the ceiling says; a lockdown of the ceiling, and
    /// what it counts as reading strangers, are the ceiling's alone. A way of asking
    /// people that the ceiling has is the ceiling's, whatever is said here under its name.
    #[must_use]
    pub fn under(mut self, ceiling: Arc<Self>) -> Self {
        self.read_only |= ceiling.read_only;
        if self.rates == Rates::default() {
            self.rates = ceiling.rates;
        }
        if ceiling.lockdown.is_some() {
            self.lockdown.clone_from(&ceiling.lockdown);
        }
        self.after_untrusted = ceiling.after_untrusted;
        for (name, approval) in &ceiling.approvals {
            self.approvals.insert(name.clone(), approval.clone());
        }
        self.ceiling = Some(ceiling);
        self
    }

    /// This policy by itself, and what is above it.
    pub fn apart(&self) -> (Self, Option<Arc<Self>>) {
        let mut own = self.clone();
        let ceiling = own.ceiling.take();
        (own, ceiling)
    }
}

/// What both layers say, by a function of one.
pub(crate) fn strictest(policy: &Policy, says: impl Fn(&Policy) -> Ruling) -> Ruling {
    let own = says(policy);
    match &policy.ceiling {
        None => own,
        Some(ceiling) => stricter(says(ceiling), own),
    }
}

/// The stricter of two rulings; of equal ones the first, which is the ceiling's.
fn stricter(above: Ruling, own: Ruling) -> Ruling {
    match (&above.verdict, &own.verdict) {
        (Verdict::Allow(_), Verdict::Allow(_)) => Ruling {
            verdict: own.verdict,
            rules: above.rules.into_iter().chain(own.rules).collect(),
        },
        _ if strictness(&own.verdict) > strictness(&above.verdict) => own,
        _ => above,
    }
}

fn strictness(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Allow(_) => 0,
        Verdict::Ask(_) => 1,
        Verdict::Deny(_) => 2,
    }
}

/// The stricter of two judgements.
pub(crate) fn stricter_judgement(
    above: (Ruling, Option<Asking>),
    own: (Ruling, Option<Asking>),
) -> (Ruling, Option<Asking>) {
    let own_counts = strictness(&own.0.verdict) > strictness(&above.0.verdict);
    let asking = if own_counts { own.1 } else { above.1 };
    (stricter(above.0, own.0), asking)
}

/// Two judges, of a ceiling and of what is under it.
pub struct Layered {
    pub above: Arc<dyn Judge>,
    pub own: Arc<dyn Judge>,
}

impl Judge for Layered {
    fn platform(&self, question: &Question<'_>) -> Ruling {
        stricter(self.above.platform(question), self.own.platform(question))
    }

    fn approval(&self, question: &Question<'_>) -> Option<Asking> {
        let judged = |judge: &dyn Judge| (judge.platform(question), judge.approval(question));
        stricter_judgement(judged(&*self.above), judged(&*self.own)).1
    }

    fn channels(&self, question: &Question<'_>) -> Ruling {
        stricter(self.above.channels(question), self.own.channels(question))
    }
}

#[cfg(test)]
mod tests {
    use model::{ChannelId, GuildId, Principal, Risk};

    use super::*;
    use crate::{
        Circumstances, Spot, Whereabouts, calls_per_minute, ceremony, channels, guilds, limits,
        may_ever, membership, platform,
    };

    fn stacked(above: &str, own: &str) -> Policy {
        let read = |text: &str| -> Policy { toml::from_str(text).unwrap() };
        read(own).under(Arc::new(read(above)))
    }

    fn asked<T>(risk: Risk, ask: impl Fn(&Question<'_>) -> T) -> T {
        ask(&Question {
            principal: &Principal::local_operator(),
            tool: "discord_x",
            toolset: "messages",
            risk,
            spots: &[Spot {
                guild: GuildId::new(1),
                channels: ChannelId::new(10).into_iter().collect(),
            }],
            circumstances: &Circumstances::plain(0),
        })
    }

    fn code(policy: &Policy) -> String {
        asked(Risk::Write, |question| {
            platform(policy, question).verdict.reason().code.clone()
        })
    }

    const DENY: &str = "[[rules]]\nname = \"no\"\neffect = \"deny\"";
    const ALLOW: &str = "[[rules]]\nname = \"yes\"\neffect = \"allow\"";
    const ASK: &str = "[[rules]]\nname = \"ask\"\neffect = \"ask\"\n[approvals.owners]\n\
                       post_to = \"channel\"\nchannel = \"1\"\nroles = [\"";

    #[test]
    fn neither_layer_can_open_what_the_other_closes() {
        let ask = format!("{ASK}2\"]");
        assert_eq!(code(&stacked(DENY, ALLOW)), "denied_by_rule");
        assert_eq!(code(&stacked(ALLOW, DENY)), "denied_by_rule");
        assert_eq!(code(&stacked(&ask, ALLOW)), "approval_required");
        assert_eq!(code(&stacked(ALLOW, &ask)), "approval_required");
        assert_eq!(code(&stacked(&ask, DENY)), "denied_by_rule");
        assert_eq!(code(&stacked("read_only = true", ALLOW)), "read_only");
        assert_eq!(code(&stacked("", "read_only = true")), "read_only");
        let both = stacked(ALLOW, ALLOW);
        assert_eq!(
            asked(Risk::Write, |q| platform(&both, q)).rules,
            ["yes", "yes"]
        );
    }

    #[test]
    fn a_workspace_cannot_put_its_own_people_in_the_place_of_the_operators() {
        let policy = stacked(&format!("{ASK}2\"]"), &format!("{ASK}3\"]"));
        let roles = asked(Risk::Write, |question| {
            let (_, entry, way) = crate::approval_for(&policy, question).unwrap();
            (entry.to_owned(), way.roles.clone())
        });
        assert_eq!(
            roles,
            ("owners".to_owned(), [model::RoleId::new(2).unwrap()].into())
        );
    }

    #[test]
    fn places_and_members_must_be_on_both_lists() {
        let here = [Whereabouts::Guild(GuildId::new(1).unwrap())];
        for (above, own) in [("[\"2\"]", "[\"1\"]"), ("[\"1\"]", "[\"2\"]")] {
            let list = |ids: &str| format!("allowed_guilds = {ids}");
            let policy = stacked(&list(above), &list(own));
            assert!(!guilds(&policy, &here).verdict.allows());
        }
        let nobody = stacked("members = []", "");
        assert!(
            !membership(&nobody, &Principal::local_operator())
                .verdict
                .allows()
        );
        for policy in [
            stacked("[channels]\ndeny = [\"10\"]", ""),
            stacked("", "[channels]\ndeny = [\"10\"]"),
        ] {
            assert!(policy.looks_at_channels());
            let shut = asked(Risk::Write, |q| channels(&policy, &crate::lineages(q)));
            assert!(!shut.verdict.allows());
        }
        assert!(!asked(Risk::Write, |q| may_ever(&stacked(DENY, ""), q)));
    }

    #[test]
    fn ceremony_only_grows_and_rates_only_shrink() {
        let easy = "[[rules]]\nname = \"easy\"\ndry_run_by_default = false\ncalls_per_minute = 500";
        let slow = "[[rules]]\nname = \"slow\"\nneeds_confirmation = true\ncalls_per_minute = 5";
        let told = |policy: &Policy| {
            asked(Risk::Write, |question| {
                let ceremony = ceremony(policy, question);
                let (rate, _) = calls_per_minute(policy, question);
                let smallest = limits(policy, question, None)
                    .iter()
                    .map(|it| it.per_minute)
                    .min();
                assert_eq!(smallest, Some(rate));
                (
                    ceremony.dry_run_by_default,
                    ceremony.needs_confirmation,
                    rate,
                )
            })
        };
        assert_eq!(
            told(&stacked(easy, "")),
            (false, false, 300),
            "it says nothing itself"
        );
        assert_eq!(
            told(&stacked("", easy)),
            (true, false, 300),
            "it cannot relax"
        );
        assert_eq!(told(&stacked(easy, slow)), (false, true, 5));
        assert_eq!(told(&stacked(slow, easy)), (true, true, 5));
    }

    #[test]
    fn the_version_follows_both() {
        let versions = [
            stacked("", ""),
            stacked(ALLOW, ""),
            stacked("", ALLOW),
            stacked(ALLOW, ALLOW),
        ]
        .map(|policy| policy.version());
        for (index, version) in versions.iter().enumerate() {
            assert!(!versions[..index].contains(version), "{versions:?}");
        }
    }
}
