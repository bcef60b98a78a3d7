//! What stays the same from call to call: who, with which tool, in which place, and the policies that
//! have a say about it. It is put together once and kept.

use std::sync::Arc;

use cedar_policy::{Entities, EntityUid};
use model::{Principal, Risk};
use moka::sync::Cache;
use policy::{Policy, Question, Spot};

use crate::{own::Own, request::Names, set::Set};

/// How many scenes are kept. One is about 4 KB.
const SCENES_MAX: u64 = 1_024;

/// How many sets of policies are kept. They are as large as their rules.
const SETS_MAX: u64 = 128;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Everything about a request that no circumstance changes.
#[derive(Debug)]
pub(crate) struct Scene {
    pub principal: EntityUid,
    pub tool: EntityUid,
    pub place: EntityUid,
    pub entities: Entities,
    /// The policies of check 4 that have a say here.
    pub set: Arc<Set>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    principal: Principal,
    tool: String,
    toolset: String,
    risk: Risk,
    spot: Spot,
}

/// Those that were met lately.
#[derive(Debug)]
pub(crate) struct Scenes {
    scenes: Cache<Key, Arc<Scene>>,
    /// By the rules in them.
    sets: Cache<Vec<usize>, Arc<Set>>,
}

impl Scenes {
    pub(crate) fn new() -> Self {
        Self {
            scenes: Cache::new(SCENES_MAX),
            sets: Cache::new(SETS_MAX),
        }
    }

    /// The scene of a question in one place.
    pub(crate) fn of(
        &self,
        policy: &Policy,
        own: &[Own],
        names: &Names,
        question: &Question<'_>,
        spot: &Spot,
    ) -> Result<Arc<Scene>, Failure> {
        let key = Key {
            principal: question.principal.clone(),
            tool: question.tool.to_owned(),
            toolset: question.toolset.to_owned(),
            risk: question.risk,
            spot: spot.clone(),
        };
        if let Some(known) = self.scenes.get(&key) {
            return Ok(known);
        }
        let who = names.principal(question)?;
        let what = names.tool(question)?;
        let place = names.place(spot);
        let scene = Arc::new(Scene {
            principal: who.uid(),
            tool: what.uid(),
            place: place.uid(),
            entities: Entities::from_entities([who, what, place], None)?,
            set: self.set(policy, own, question, spot)?,
        });
        self.scenes.insert(key, Arc::clone(&scene));
        Ok(scene)
    }

    /// The policies of the rules that fit who calls, what they use and where. The others could
    /// neither decide nor be an exception.
    fn set(
        &self,
        policy: &Policy,
        own: &[Own],
        question: &Question<'_>,
        spot: &Spot,
    ) -> Result<Arc<Set>, Failure> {
        let rules = policy.rules.iter().enumerate();
        let fitting: Vec<usize> = rules
            .filter(|(_, rule)| rule.effect.is_some() && rule.is_about(question, spot))
            .map(|(index, _)| index)
            .collect();
        if let Some(known) = self.sets.get(&fitting) {
            return Ok(known);
        }
        let set = Arc::new(Set::of_tools(policy, &fitting, own)?);
        self.sets.insert(fitting, Arc::clone(&set));
        Ok(set)
    }
}
