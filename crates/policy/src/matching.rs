//! Which rule decides: the first that fits and says something. Where it is not known whether a rule
//! fits, both possibilities are weighed, and the stricter one counts.

use model::{Principal, Risk};

use crate::{Asker, Effect, Policy, Question, Rule, Spot, pattern};

/// Whether a rule fits a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    No,
    Unknown,
    Yes,
}

impl From<bool> for Fit {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

impl Policy {
    /// What the rules say in one place, and the rule that says so; `unsaid` where none does. Greater
    /// answers are stricter. Of rules that say the same the first is named.
    pub(crate) fn decide<T: Ord + Copy>(
        &self,
        question: &Question<'_>,
        spot: &Spot,
        unsaid: T,
        says: impl Fn(&Rule) -> Option<T>,
    ) -> (Option<&Rule>, T) {
        let mut known = (None, unsaid);
        let mut possible: Option<(&Rule, T)> = None;
        for rule in &self.rules {
            let fit = rule.fit(question, spot);
            if fit == Fit::No {
                continue;
            }
            let Some(answer) = says(rule) else { continue };
            if fit == Fit::Yes {
                known = (Some(rule), answer);
                break;
            }
            if possible.as_ref().is_none_or(|(_, most)| answer > *most) {
                possible = Some((rule, answer));
            }
        }
        match possible {
            Some((rule, answer)) if answer > known.1 || (answer == known.1 && answer > unsaid) => {
                (Some(rule), answer)
            }
            _ => known,
        }
    }
}

impl Policy {
    /// Rules before this one that take calls out of its reach: such that say something milder about
    /// the tool (for a rule that asks: that ask too), and may fit the same call. For a rule that
    /// allows, all that say anything.
    pub fn earlier(&self, index: usize) -> impl Iterator<Item = (usize, &Rule)> {
        let before = self.rules.get(..index).unwrap_or_default().iter();
        let rule = self.rules.get(index);
        let before = before.enumerate();
        before.filter(move |(_, earlier)| match (rule, earlier.effect) {
            (Some(rule), Some(said)) => {
                let counts = match rule.effect {
                    Some(Effect::Deny | Effect::Ask) => said != Effect::Deny,
                    Some(Effect::Allow) => true,
                    None => false,
                };
                counts && earlier.may_overlap(rule)
            }
            _ => false,
        })
    }
}

impl Rule {
    /// Whether there may be a call that both fit. Lists without patterns and with nothing in common
    /// are apart.
    fn may_overlap(&self, other: &Self) -> bool {
        fn common<T: PartialEq>(a: &[T], b: &[T]) -> bool {
            a.is_empty() || b.is_empty() || a.iter().any(|one| b.contains(one))
        }
        fn common_names(a: &[String], b: &[String]) -> bool {
            let exact = |names: &[String]| names.iter().all(|name| pattern::is_exact(name));
            !exact(a) || !exact(b) || common(a, b)
        }
        common_names(&self.tools, &other.tools)
            && common(&self.toolsets, &other.toolsets)
            && common(&self.risks, &other.risks)
            && common_names(&self.principals, &other.principals)
            && common(&self.workspaces, &other.workspaces)
            && common(&self.roles, &other.roles)
            && common(&self.guilds, &other.guilds)
    }

    pub(crate) fn fit(&self, question: &Question<'_>, spot: &Spot) -> Fit {
        let now = question.circumstances;
        if !self.is_about(question, spot) || !self.counts_at(now.at) {
            return Fit::No;
        }
        let untrusted = match (self.after_untrusted, now.after_untrusted) {
            (None, _) => Fit::Yes,
            (Some(_), None) => Fit::Unknown,
            (Some(wanted), Some(is)) => Fit::from(wanted == is),
        };
        untrusted.min(self.fits_asker(now.asker.as_ref(), spot))
    }

    /// Whether it fits who calls, what they use and where, whenever and after whatever that is.
    /// Where it does not, it has no say, so a judge may leave it out.
    pub fn is_about(&self, question: &Question<'_>, spot: &Spot) -> bool {
        self.is_about_caller_and_tool(question)
            && any(&self.guilds, |guild| Some(*guild) == spot.guild)
            && any(&self.channels, |channel| spot.channels.contains(channel))
    }

    /// Whether it fits whoever calls and what they use, wherever and whenever that is.
    pub fn is_about_caller_and_tool(&self, question: &Question<'_>) -> bool {
        any(&self.tools, |p| pattern::matches(p, question.tool))
            && any(&self.toolsets, |t| t == question.toolset)
            && any(&self.risks, |r| *r == question.risk)
            && self.is_about_caller(question.principal)
    }

    pub(crate) fn is_about_caller(&self, principal: &Principal) -> bool {
        any(&self.principals, |p| pattern::matches(p, &principal.id))
            && any(&self.workspaces, |w| *w == principal.workspace)
            && any(&self.roles, |r| *r == principal.role)
    }

    /// Whether the operator had destructive tools, or this very tool, in mind.
    pub(crate) fn names_destructive(&self, tool: &str) -> bool {
        self.risks.contains(&Risk::Destructive) || self.tools.iter().any(|p| p == tool)
    }

    /// Whether place, time, asker or conversation decide too if it fits.
    pub(crate) fn depends(&self) -> bool {
        !self.guilds.is_empty()
            || !self.channels.is_empty()
            || !self.discord_roles.is_empty()
            || self.after_untrusted.is_some()
            || self.has_times()
    }

    fn fits_asker(&self, asker: Option<&Asker>, spot: &Spot) -> Fit {
        if self.discord_roles.is_empty() {
            return Fit::Yes;
        }
        let Some(asker) = asker else { return Fit::No };
        let known = asker
            .roles
            .iter()
            .find(|(guild, _)| Some(*guild) == spot.guild);
        match known {
            None => Fit::Unknown,
            Some((_, roles)) => Fit::from(any(&self.discord_roles, |role| roles.contains(role))),
        }
    }
}

/// An empty list matches everything.
fn any<T>(list: &[T], test: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(test)
}
