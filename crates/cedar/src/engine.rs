//! The judge: asks Cedar about each place, and says which rules decided. Whatever goes wrong in it
//! is a refusal.

use std::sync::{Arc, OnceLock};

use cedar_policy::{Context, Decision};
use policy::{
    Asking, Bound, CedarFault, Judge, Judges, Outcome, Policy, Question, Ruling, Spot, combine,
};

use crate::{
    compile::Origin,
    own::{self, Own},
    request::{Action, Names, context},
    scene::{Scene, Scenes},
    set::Set,
};

/// Makes judges that decide with Cedar.
#[derive(Debug, Clone, Copy, Default)]
pub struct CedarJudges;

impl Judges for CedarJudges {
    fn alone(&self, policy: Arc<Policy>) -> Arc<dyn Judge> {
        Arc::new(Engine {
            policy,
            compiled: OnceLock::new(),
        })
    }

    fn check(&self, policy: &Policy, tools: &[&str]) -> Result<(), CedarFault> {
        own::check(policy, tools).map_err(|fault| CedarFault {
            offset: fault.offset,
            what: fault.what,
        })
    }
}

/// One policy, compiled when it is first asked.
struct Engine {
    policy: Arc<Policy>,
    compiled: OnceLock<Result<Compiled, String>>,
}

struct Compiled {
    names: Names,
    own: Vec<Own>,
    /// Check 4, by what a call is about.
    scenes: Scenes,
    /// Check 5. `None`: neither lists nor text of the operator's own say anything about channels.
    channels: Option<Set>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Judge for Engine {
    fn platform(&self, question: &Question<'_>) -> Ruling {
        self.judge(question).0
    }

    fn approval(&self, question: &Question<'_>) -> Option<Asking> {
        self.judge(question).1
    }

    fn channels(&self, question: &Question<'_>) -> Ruling {
        let said = self.compiled().and_then(|compiled| {
            compiled
                .channels(&self.policy, question)
                .map_err(|error| error.to_string())
        });
        let listed = policy::channels(&self.policy, &policy::lineages(question));
        match said {
            Err(error) => policy::engine_error(error),
            Ok(Entered::Everywhere) if listed.verdict.allows() => listed,
            Ok(Entered::Unlisted) if !listed.verdict.allows() => listed,
            Ok(Entered::ForbiddenBy(rule)) => {
                combine(&self.policy, question, [Outcome::Denied(rule)]).0
            }
            Ok(_) => policy::engine_error("Cedar and the lists of channels disagree"),
        }
    }
}

impl Engine {
    fn compiled(&self) -> Result<&Compiled, String> {
        let compiled = self.compiled.get_or_init(|| {
            Compiled::of(&self.policy)
                .map_err(|error| format!("the policy cannot be read: {error}"))
        });
        compiled.as_ref().map_err(Clone::clone)
    }

    fn judge(&self, question: &Question<'_>) -> (Ruling, Option<Asking>) {
        let outcomes = self.compiled().and_then(|compiled| {
            compiled
                .platform(&self.policy, question)
                .map_err(|error| format!("the policy could not be asked: {error}"))
        });
        match outcomes {
            Ok(outcomes) => combine(&self.policy, question, outcomes),
            Err(error) => (policy::engine_error(error), None),
        }
    }
}

/// What check 5 found.
enum Entered {
    Everywhere,
    /// The operator's lists are against it.
    Unlisted,
    ForbiddenBy(String),
}

impl Compiled {
    fn of(policy: &Policy) -> Result<Self, Failure> {
        let own = match &policy.cedar {
            None if policy.cedar_file.is_some() => return Err("cedar_file was not read".into()),
            None => Vec::new(),
            Some(text) => own::read(policy, text).map_err(|fault| fault.what)?,
        };
        let lists = &policy.channels;
        let open = own.is_empty() && lists.allow.is_none() && lists.deny.is_empty();
        Ok(Self {
            names: Names::new()?,
            scenes: Scenes::new(),
            channels: if open {
                None
            } else {
                Some(Set::of_channels(policy, &own)?)
            },
            own,
        })
    }

    fn scene(
        &self,
        policy: &Policy,
        question: &Question<'_>,
        spot: &Spot,
    ) -> Result<Arc<Scene>, Failure> {
        self.scenes
            .of(policy, &self.own, &self.names, question, spot)
    }

    fn platform(&self, policy: &Policy, question: &Question<'_>) -> Result<Vec<Outcome>, Failure> {
        question
            .each_spot()
            .map(|spot| self.in_one_place(policy, question, spot))
            .collect()
    }

    fn in_one_place(
        &self,
        policy: &Policy,
        question: &Question<'_>,
        spot: &Spot,
    ) -> Result<Outcome, Failure> {
        let scene = self.scene(policy, question, spot)?;
        let set = &scene.set;
        let ends = [&scene.principal, &scene.place];
        let context = context(&set.needs, &scene.tool, question, spot)?;
        let request = self.names.request(Action::Use, ends, context.clone())?;
        let (decision, origins) = set.ask(&request, &scene.entities)?;
        if decision == Decision::Deny {
            return self.denied(policy, &origins);
        }
        let allowed = Outcome::Allowed(origins.iter().find_map(|it| rule_of(policy, *it)));
        if !set.asks {
            return Ok(allowed);
        }
        let request = self.names.request(Action::Unattended, ends, context)?;
        let (decision, origins) = set.ask(&request, &scene.entities)?;
        if decision == Decision::Allow {
            return Ok(allowed);
        }
        self.asked(policy, &origins)
    }

    /// The first in order: what no rule can give, then the rules, then the operator's own.
    fn denied(&self, policy: &Policy, origins: &[Origin]) -> Result<Outcome, Failure> {
        for origin in origins {
            return Ok(match origin {
                Origin::ReadOnly => Outcome::Bound(Bound::ReadOnly),
                Origin::Role => Outcome::Bound(Bound::Role),
                Origin::Scope => Outcome::Bound(Bound::Scope),
                Origin::Own(number) => Outcome::Denied(self.own_name(*number)?),
                Origin::Rule(_) => Outcome::Denied(
                    rule_of(policy, *origin).ok_or("a rule decided that is not there")?,
                ),
                Origin::Base | Origin::ChannelsDeny | Origin::ChannelsAllow => continue,
            });
        }
        Err("nothing allows it, and nothing says why".into())
    }

    /// Of those that ask, the one that asks the most people; of equal ones the first.
    fn asked(&self, policy: &Policy, origins: &[Origin]) -> Result<Outcome, Failure> {
        let mut most: Option<(u8, Outcome)> = None;
        for origin in origins {
            let (rule, entry) = match origin {
                Origin::Rule(index) => {
                    let rule = policy
                        .rules
                        .get(*index)
                        .ok_or("a rule that is not there asks")?;
                    let entry = policy.approval_of(rule).map(|(entry, _)| entry.to_owned());
                    (rule.name.clone(), entry)
                }
                Origin::Own(number) => {
                    let own = self
                        .own
                        .get(*number)
                        .ok_or("a policy that is not there asks")?;
                    (own.name.clone(), own.approval.clone())
                }
                _ => continue,
            };
            let way = entry.as_ref().and_then(|name| policy.approvals.get(name));
            let quorum = way.map_or(u8::MAX, |way| way.quorum);
            if most.as_ref().is_none_or(|(known, _)| quorum > *known) {
                most = Some((quorum, Outcome::Asked { rule, entry }));
            }
        }
        let (_, outcome) = most.ok_or("people are asked, and nothing says why")?;
        Ok(outcome)
    }

    fn channels(&self, policy: &Policy, question: &Question<'_>) -> Result<Entered, Failure> {
        let mut entered = Entered::Everywhere;
        let Some(set) = &self.channels else {
            return Ok(entered);
        };
        for spot in question
            .spots
            .iter()
            .filter(|spot| !spot.channels.is_empty())
        {
            let scene = self.scene(policy, question, spot)?;
            let context = if self.own.is_empty() {
                Context::empty()
            } else {
                context(&set.needs, &scene.tool, question, spot)?
            };
            let ends = [&scene.principal, &scene.place];
            let request = self.names.request(Action::Enter, ends, context)?;
            let (decision, origins) = set.ask(&request, &scene.entities)?;
            if decision == Decision::Allow {
                continue;
            }
            match origins.first() {
                Some(Origin::Own(number)) if matches!(entered, Entered::Everywhere) => {
                    entered = Entered::ForbiddenBy(self.own_name(*number)?);
                }
                Some(Origin::Own(_)) => {}
                _ => entered = Entered::Unlisted,
            }
        }
        Ok(entered)
    }

    fn own_name(&self, number: usize) -> Result<String, Failure> {
        let own = self
            .own
            .get(number)
            .ok_or("a policy decided that is not there")?;
        Ok(own.name.clone())
    }
}

fn rule_of(policy: &Policy, origin: Origin) -> Option<String> {
    match origin {
        Origin::Rule(index) => policy.rules.get(index).map(|rule| rule.name.clone()),
        _ => None,
    }
}
