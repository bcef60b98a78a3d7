//! Who decides the checks 4 and 5. The gate asks a [`Judge`], and does not know how it decides.

use std::sync::Arc;

use model::{Reason, Verdict};

use crate::{
    Asking, Layered, Lineage, Policy, Question, Ruling, channels, platform, platform::asking,
};

/// Decides by one policy.
pub trait Judge: Send + Sync {
    /// Check 4: may this principal use this tool there, then?
    fn platform(&self, question: &Question<'_>) -> Ruling;

    /// Whom to ask where [`platform`](Self::platform) leaves it to people.
    fn approval(&self, question: &Question<'_>) -> Option<Asking>;

    /// Check 5: may these channels be used?
    fn channels(&self, question: &Question<'_>) -> Ruling;
}

/// Makes a judge for each policy that comes into force.
pub trait Judges: Send + Sync {
    /// A judge of this policy alone, whatever is above it.
    fn alone(&self, policy: Arc<Policy>) -> Arc<dyn Judge>;

    /// Whether these judges can read the Cedar text of a policy. `tools` are those that exist.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    fn check(&self, policy: &Policy, _tools: &[&str]) -> Result<(), CedarFault> {
        match &policy.cedar {
            None => Ok(()),
            Some(_) => Err(CedarFault {
                offset: 0,
                what: "the policy has Cedar text, and nobody here reads it".to_owned(),
            }),
        }
    }

    /// A judge of this policy under its ceiling.
    fn appoint(&self, policy: &Arc<Policy>) -> Arc<dyn Judge> {
        match policy.apart() {
            (_, None) => self.alone(Arc::clone(policy)),
            (own, Some(ceiling)) => Arc::new(Layered {
                above: self.appoint(&ceiling),
                own: self.alone(Arc::new(own)),
            }),
        }
    }
}

/// Something wrong with Cedar text, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CedarFault {
    /// In bytes.
    pub offset: usize,
    pub what: String,
}

/// Judges that read the rules themselves. Policies with Cedar text are beyond them, so they refuse
/// everything then.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainJudges;

struct Plain(Arc<Policy>);

impl Judges for PlainJudges {
    fn alone(&self, policy: Arc<Policy>) -> Arc<dyn Judge> {
        Arc::new(Plain(policy))
    }
}

impl Plain {
    fn is_beyond(&self) -> bool {
        self.0.cedar.is_some() || self.0.cedar_file.is_some()
    }
}

impl Judge for Plain {
    fn platform(&self, question: &Question<'_>) -> Ruling {
        if self.is_beyond() {
            return engine_error("the policy has Cedar text, and nobody here reads it");
        }
        platform(&self.0, question)
    }

    fn approval(&self, question: &Question<'_>) -> Option<Asking> {
        if self.is_beyond() {
            return None;
        }
        asking(&self.0, question)
    }

    fn channels(&self, question: &Question<'_>) -> Ruling {
        channels(&self.0, &lineages(question))
    }
}

/// The channels of a question with what they are in.
pub fn lineages(question: &Question<'_>) -> Vec<Lineage> {
    let of = |channels: &[_]| {
        let (channel, parents) = channels.split_first()?;
        Some(Lineage {
            channel: *channel,
            parents: parents.to_vec(),
        })
    };
    question
        .spots
        .iter()
        .filter_map(|spot| of(&spot.channels))
        .collect()
}

/// A judge that cannot decide refuses.
pub fn engine_error(what: impl Into<String>) -> Ruling {
    Ruling {
        verdict: Verdict::Deny(
            Reason::new("policy_error", what)
                .with_hint("`guildhall policy check` says what is wrong"),
        ),
        rules: Vec::new(),
    }
}
