//! The state that a write would change, as Discord has it now: fetched at most once for a call,
//! for its change, and for the permissions that owners do not need. It is looked at and compared,
//! never stored.

use catalogue::{Prepared, WritePlan};
use model::{HandsError, Origin, Request, hands::Errand};
use serde_json::Value;

use crate::{
    Gate,
    answer::Declined,
    case,
    facts::{Rights, Whose},
    recall::Asked,
    record::Record,
    trouble,
};

/// Requests and their answers, in order.
#[derive(Debug, Default)]
pub(crate) struct Live {
    requests: Vec<Request>,
    answers: Vec<Value>,
}

impl Live {
    /// The answers to exactly these requests, if they were made.
    pub(crate) fn of(&self, requests: &[Request]) -> Option<&[Value]> {
        (self.requests == requests).then_some(self.answers())
    }

    pub(crate) fn answers(&self) -> &[Value] {
        &self.answers
    }
}

impl Gate {
    /// Fetch it. What is not there, or hidden from the bot, is null.
    pub(crate) async fn live(
        &self,
        record: &Record,
        errand: &Errand,
        requests: &[Request],
    ) -> Result<Live, Declined> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            match self.ask(errand, std::slice::from_ref(request)).await {
                Ok(found) => answers.extend(found),
                Err(HandsError::Api {
                    status: 403 | 404, ..
                }) => answers.push(Value::Null),
                Err(error) => return Err(trouble::reading(record, &error)),
            }
        }
        Ok(Live {
            requests: requests.to_vec(),
            answers,
        })
    }

    /// Before check 6 says no: whoever owns what a write is aimed at may lack some permissions.
    /// Nothing is fetched where ownership could not make it a yes.
    pub(crate) async fn waive(
        &self,
        asked: Asked<'_>,
        prepared: &Prepared,
        rights: &mut Rights,
    ) -> Result<Live, Declined> {
        let Prepared::Write(plan) = prepared else {
            return Ok(Live::default());
        };
        if !rights.depend_on(plan.waivable()) {
            return Ok(Live::default());
        }
        let errand = case::errand(&asked.call.principal, asked.call.agent.as_deref());
        let live = self.live(asked.record, &errand, &plan.live).await?;
        self.subtract_waived(plan, &live, asked.call.origin, rights)
            .await
            .map_err(|error| trouble::reading(asked.record, &error))?;
        Ok(live)
    }

    /// Take away what the bot and the asker need not have, each for what is their own.
    pub(crate) async fn subtract_waived(
        &self,
        plan: &WritePlan,
        live: &Live,
        origin: Origin,
        rights: &mut Rights,
    ) -> Result<(), HandsError> {
        let Some(answers) = live.of(&plan.live) else {
            return Ok(());
        };
        if rights.lacks(Whose::Bot) {
            let bot = self.0.surroundings.bot().await?;
            rights.waive(Whose::Bot, plan.waived(answers, bot));
        }
        if let Origin::Discord { user, .. } = origin
            && rights.lacks(Whose::Asker)
        {
            rights.waive(Whose::Asker, plan.waived(answers, user));
        }
        Ok(())
    }
}
