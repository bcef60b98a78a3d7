//! A call that passed the checks 1 to 7, and everything that carrying it out takes.

use std::sync::Arc;

use catalogue::Tool;
use model::{
    Millis, Mode, Origin, Principal, Reason, Risk, Verdict, hands::Errand, ledger::Holder,
};
use policy::{Circumstances, Question, Ruling, Spot};
use serde_json::{Map, Value};

use crate::{
    approval::{Agreed, AskPreview, Askings, People},
    facts::{Aims, Places},
    gate,
    home::Home,
    live::Live,
    manner::Manner,
    permit::Passed,
    record::Record,
    standing::Standing,
};

/// Owned, so that a write can outlive its caller.
pub(crate) struct Case {
    pub record: Arc<Record>,
    pub standing: Standing,
    pub principal: Principal,
    pub origin: Origin,
    pub agent: Option<String>,
    pub session: Option<String>,
    pub mode: Mode,
    pub idempotency_key: Option<String>,
    pub tool: &'static Tool,
    pub arguments: Map<String, Value>,
    /// Hex digest of tool and canonical arguments.
    pub digest: String,
    pub aims: Aims,
    pub home: Home,
    pub places: Places,
    pub circumstances: Circumstances,
    /// What the sixth check had to look at already.
    pub live: Live,
    /// When its arguments were read: what counts from now counts from then.
    pub at: Millis,
    /// Whether it is one of several.
    pub manner: Manner,
    /// What people have to do with it.
    pub people: People,
    /// There unless people are to be asked first.
    pub passed: Option<Passed>,
}

impl Case {
    /// The people's yes, if they gave it.
    pub(crate) fn agreed(&self) -> Option<&Agreed> {
        match &self.people {
            People::Agreed(agreed) => Some(agreed),
            People::NotAsked | People::ToAsk(_) | People::AgreedToWhole => None,
        }
    }

    /// What a plan says about the people who would be asked.
    pub(crate) fn ask_preview(&self) -> Option<AskPreview> {
        match &self.people {
            People::ToAsk(asking) => {
                let askings = Askings::one((**asking).clone());
                Some(AskPreview::of(&askings, self.origin))
            }
            People::NotAsked | People::Agreed(_) | People::AgreedToWhole => None,
        }
    }

    /// As policies ask.
    pub(crate) fn question(&self) -> Question<'_> {
        Question {
            principal: &self.principal,
            tool: self.tool.name,
            toolset: self.tool.toolset.as_str(),
            risk: self.tool.risk,
            spots: &self.places.spots,
            circumstances: &self.circumstances,
        }
    }

    /// What the fourth check says where the call turns out to reach into other places too.
    pub(crate) fn elsewhere(&self, spots: &[Spot]) -> Ruling {
        let question = Question {
            spots,
            ..self.question()
        };
        let ruling = self.standing.judge.platform(&question);
        // The people who agreed are those who would be asked about these places too.
        match (&ruling.verdict, self.agreed()) {
            (Verdict::Ask(_), Some(agreed)) if agreed.covers(&self.standing, &question) => Ruling {
                verdict: Verdict::Allow(Reason::new("approved", agreed.in_words())),
                ..ruling
            },
            _ => ruling,
        }
    }

    /// What the fifth check says of another place.
    pub(crate) fn enters(&self, spot: &Spot) -> bool {
        let question = Question {
            spots: std::slice::from_ref(spot),
            ..self.question()
        };
        self.home.closes(question.spots).is_none()
            && self.standing.judge.channels(&question).verdict.allows()
    }

    /// Whether it may reach there as it may here. Where people were asked about the call, nobody
    /// asks them again.
    pub(crate) fn reaches(&self, spot: Spot) -> bool {
        let people_were_asked = || !matches!(self.people, People::NotAsked);
        match self.elsewhere(&[spot]).verdict {
            Verdict::Allow(_) => true,
            Verdict::Ask(_) => people_were_asked(),
            Verdict::Deny(_) => false,
        }
    }

    /// Whose plans and confirmations these are. What one Discord user was shown, another cannot
    /// confirm through the same principal.
    pub(crate) fn confirmer(&self) -> String {
        confirmer(&self.principal, self.origin)
    }

    /// Who works here, for leases.
    pub(crate) fn holder(&self) -> Holder {
        Holder {
            principal: self.principal.id.clone(),
            agent: self.agent.clone(),
        }
    }

    /// For whom hands work.
    pub(crate) fn errand(&self) -> Errand {
        errand(&self.principal, self.agent.as_deref())
    }

    /// Whether it changes anything.
    pub(crate) fn risk(&self) -> Risk {
        self.tool.risk
    }
}

/// Whose a call is: the principal's, or that of the Discord user it acts for.
pub(crate) fn confirmer(principal: &Principal, origin: Origin) -> String {
    match origin {
        Origin::Discord { user, .. } => format!("{} for user {user}", principal.id),
        _ => principal.id.clone(),
    }
}

/// One request's errand for this principal and agent.
pub(crate) fn errand(principal: &Principal, agent: Option<&str>) -> Errand {
    let lane = match agent {
        Some(agent) => format!("{}/{agent}", principal.id),
        None => principal.id.clone(),
    };
    Errand {
        lane: lane.into(),
        timeout: gate::REQUEST_TIMEOUT,
    }
}
