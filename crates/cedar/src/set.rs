//! Cedar policies that were read, with what each stands for.

use std::collections::HashMap;

use cedar_policy::{
    Authorizer, Decision, Entities, Policy as Static, PolicyId, PolicySet, Request,
};
use policy::{Effect, Policy, Rule};

use crate::{
    compile::{self, Origin},
    own::Own,
    request::Needs,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Some policies, read and ready.
#[derive(Debug)]
pub(crate) struct Set {
    policies: PolicySet,
    origins: HashMap<PolicyId, Origin>,
    /// Which of the circumstances they look at.
    pub needs: Needs,
    /// Whether anything in it can ask people.
    pub asks: bool,
}

impl Set {
    /// Those of check 4 that these rules become, by their places in the policy.
    pub(crate) fn of_tools(policy: &Policy, rules: &[usize], own: &[Own]) -> Result<Self, Failure> {
        let mut set = Self::read(compile::tools(policy, |index| rules.contains(&index)))?;
        let rules = rules.iter().filter_map(|index| policy.rules.get(*index));
        let rules: Vec<&Rule> = rules.collect();
        set.asks = rules.iter().any(|rule| rule.effect == Some(Effect::Ask));
        set.needs = Needs::of(&rules);
        set.with_own(policy, own)
    }

    /// Those of check 5. They look at no circumstances, unless the operator's own do.
    pub(crate) fn of_channels(policy: &Policy, own: &[Own]) -> Result<Self, Failure> {
        Self::read(compile::channels(policy))?.with_own(policy, own)
    }

    fn read(texts: Vec<(Origin, String)>) -> Result<Self, Failure> {
        let mut set = Self {
            policies: PolicySet::new(),
            origins: HashMap::new(),
            needs: Needs::default(),
            asks: false,
        };
        for (number, (origin, text)) in texts.into_iter().enumerate() {
            let id = PolicyId::new(format!("rule{number}"));
            set.add(Static::parse(Some(id), text)?, origin)?;
        }
        Ok(set)
    }

    fn with_own(mut self, policy: &Policy, own: &[Own]) -> Result<Self, Failure> {
        for (number, one) in own.iter().enumerate() {
            let id = PolicyId::new(format!("own{number}"));
            self.add(one.policy.new_id(id), Origin::Own(number))?;
        }
        if !own.is_empty() {
            self.asks = true;
            self.needs = Needs::all(policy);
        }
        Ok(self)
    }

    fn add(&mut self, one: Static, origin: Origin) -> Result<(), Failure> {
        self.origins.insert(one.id().clone(), origin);
        self.policies.add(one)?;
        Ok(())
    }

    /// Ask Cedar; give its decision and what determined it, in order.
    pub(crate) fn ask(
        &self,
        request: &Request,
        entities: &Entities,
    ) -> Result<(Decision, Vec<Origin>), Failure> {
        let response = Authorizer::new().is_authorized(request, &self.policies, entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(error.to_string().into());
        }
        let of = |id| {
            let origin = self.origins.get(id).copied();
            origin.ok_or("an unknown policy decided")
        };
        let mut origins = response
            .diagnostics()
            .reason()
            .map(of)
            .collect::<Result<Vec<_>, _>>()?;
        origins.sort_unstable();
        Ok((response.decision(), origins))
    }
}
