//! The judge: asks Cedar about each place, and says which rules decided. Whatever goes wrong in it
//! is a refusal.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use cedar_policy::{
    Authorizer, Decision, Entities, Policy as Static, PolicyId, PolicySet, Request,
};
use policy::{Asking, Bound, Judge, Judges, Outcome, Policy, Question, Ruling, Spot, combine};

use crate::{
    compile::{self, Origin},
    own::{self, Own},
    request::{About, Action, Names},
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
}

/// One policy, compiled when it is first asked.
struct Engine {
    policy: Arc<Policy>,
    compiled: OnceLock<Result<Compiled, String>>,
}

struct Compiled {
    names: Names,
    authorizer: Authorizer,
    tools: PolicySet,
    channels: PolicySet,
    origins: HashMap<PolicyId, Origin>,
    own: Vec<Own>,
    /// Whether anything can make it ask.
    asks: bool,
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
                .channels(question)
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
        let texts = compile::texts(policy);
        let own = match &policy.cedar {
            None if policy.cedar_file.is_some() => return Err("cedar_file was not read".into()),
            None => Vec::new(),
            Some(text) => own::read(policy, text).map_err(|fault| fault.what)?,
        };
        let mut all = Self {
            names: Names::of(policy)?,
            authorizer: Authorizer::new(),
            tools: PolicySet::new(),
            channels: PolicySet::new(),
            origins: HashMap::new(),
            asks: !own.is_empty()
                || policy
                    .rules
                    .iter()
                    .any(|it| it.effect == Some(policy::Effect::Ask)),
            own: Vec::new(),
        };
        for (number, (origin, text)) in texts.tools.iter().enumerate() {
            let id = PolicyId::new(format!("tool{number}"));
            all.tools.add(Static::parse(Some(id.clone()), text)?)?;
            all.origins.insert(id, *origin);
        }
        for (number, (origin, text)) in texts.channels.iter().enumerate() {
            let id = PolicyId::new(format!("channel{number}"));
            all.channels.add(Static::parse(Some(id.clone()), text)?)?;
            all.origins.insert(id, *origin);
        }
        for (number, one) in own.iter().enumerate() {
            let id = PolicyId::new(format!("own{number}"));
            all.tools.add(one.policy.new_id(id.clone()))?;
            all.channels.add(one.policy.new_id(id.clone()))?;
            all.origins.insert(id, Origin::Own(number));
        }
        all.own = own;
        Ok(all)
    }

    fn platform(&self, policy: &Policy, question: &Question<'_>) -> Result<Vec<Outcome>, Failure> {
        let about = self.names.about(question)?;
        question
            .each_spot()
            .map(|spot| self.in_one_place(policy, question, &about, spot))
            .collect()
    }

    fn in_one_place(
        &self,
        policy: &Policy,
        question: &Question<'_>,
        about: &About,
        spot: &Spot,
    ) -> Result<Outcome, Failure> {
        let (place, entities) = self.names.place(about, spot)?;
        let context = self.names.context(about, question, spot)?;
        let request = self
            .names
            .request(about, Action::Use, &place, context.clone())?;
        let (decision, origins) = self.ask(&self.tools, &request, &entities)?;
        if decision == Decision::Deny {
            return self.denied(policy, &origins);
        }
        let allowed = Outcome::Allowed(origins.iter().find_map(|it| rule_of(policy, *it)));
        if !self.asks {
            return Ok(allowed);
        }
        let request = self
            .names
            .request(about, Action::Unattended, &place, context)?;
        let (decision, origins) = self.ask(&self.tools, &request, &entities)?;
        if decision == Decision::Allow {
            return Ok(allowed);
        }
        self.asked(policy, &origins)
    }

    /// Ask Cedar; give its decision and what determined it, in order.
    fn ask(
        &self,
        policies: &PolicySet,
        request: &Request,
        entities: &Entities,
    ) -> Result<(Decision, Vec<Origin>), Failure> {
        let response = self.authorizer.is_authorized(request, policies, entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(error.to_string().into());
        }
        let mut origins = response
            .diagnostics()
            .reason()
            .map(|id| {
                self.origins
                    .get(id)
                    .copied()
                    .ok_or("an unknown policy decided")
            })
            .collect::<Result<Vec<_>, _>>()?;
        origins.sort_unstable();
        Ok((response.decision(), origins))
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

    fn channels(&self, question: &Question<'_>) -> Result<Entered, Failure> {
        let about = self.names.about(question)?;
        let mut entered = Entered::Everywhere;
        for spot in question
            .spots
            .iter()
            .filter(|spot| !spot.channels.is_empty())
        {
            let (place, entities) = self.names.place(&about, spot)?;
            let context = self.names.context(&about, question, spot)?;
            let request = self.names.request(&about, Action::Enter, &place, context)?;
            let (decision, origins) = self.ask(&self.channels, &request, &entities)?;
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
