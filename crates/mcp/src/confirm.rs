//! Asks a person to confirm a plan, in the way that the client can: an elicitation within the
//! call, or a round trip with sealed state. Clients with neither get the plan and its token.
//!
//! The answer is a person's; nothing here may take a model's word for it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use model::{Call, Clock, Millis};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolResponse, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
        InputRequest, InputRequiredResult, InputResponses,
    },
    service::RequestContext,
};
use serde_json::{Map, Value};

use crate::{
    hall::{Declined, Plan, Retry},
    question::{self, FIELD},
    seal::{Seal, State},
};

/// How long a person may think. Shorter than the call's deadline, so that the call still ends.
const PATIENCE: Duration = Duration::from_mins(4);

/// How long sealed state is good for, in milliseconds.
const STATE_TTL_MS: Millis = 300_000;

/// Where questions are asked.
pub(crate) struct Desk {
    seal: Seal,
    clock: Arc<dyn Clock>,
    ask_in_place: bool,
}

/// How asking went.
pub(crate) enum Asked {
    /// A person said yes; the plan's token.
    Accepted(String),
    /// The client has to come back with an answer.
    Again(CallToolResponse),
    /// A person said no, or nobody answered.
    Declined(Declined),
    /// There is nobody to ask, or nothing to ask about.
    Not,
}

impl Desk {
    pub(crate) fn new(key: &[u8; 32], clock: Arc<dyn Clock>, ask_in_place: bool) -> Self {
        Self {
            seal: Seal::new(key),
            clock,
            ask_in_place,
        }
    }

    /// Ask within the call (session generation). The request travels on the call's own stream, so
    /// this must run in the handler's task.
    pub(crate) async fn ask(
        &self,
        call: &Call,
        plan: &Plan,
        context: &RequestContext<RoleServer>,
    ) -> Asked {
        let Some(confirm) = self.can_ask(plan, context) else {
            return Asked::Not;
        };
        match context
            .peer
            .create_elicitation_with_timeout(question::about(call, plan), Some(PATIENCE))
            .await
        {
            Ok(answer) => decide(&answer, confirm),
            Err(error) => {
                tracing::debug!(%error, "a confirmation was not answered");
                Asked::Declined(unanswered())
            }
        }
    }

    /// A plan for a client whose person can be asked goes without its token: with it, the model
    /// could confirm in the person's place.
    pub(crate) fn for_the_person(
        &self,
        mut plan: Box<Plan>,
        context: &RequestContext<RoleServer>,
    ) -> Box<Plan> {
        if self.can_ask(&plan, context).is_some() {
            plan.confirm = None;
            plan.how_to_run = format!(
                "nothing was done; to carry it out, call {} again without `dry_run`: the person \
                 at this client will be asked",
                plan.tool
            );
            if let Some(shown) = plan.value.get_mut("how_to_run") {
                *shown = plan.how_to_run.clone().into();
            }
        }
        plan
    }

    /// The question as a result (stateless generation).
    pub(crate) fn question(
        &self,
        call: &Call,
        plan: &Plan,
        context: &RequestContext<RoleServer>,
    ) -> Asked {
        let Some(token) = self.can_ask(plan, context) else {
            return Asked::Not;
        };
        let params = question::about(call, plan);
        let state = State {
            token,
            question: serde_json::to_value(&params).unwrap_or_default(),
            expires_at: self.clock.now_ms() + STATE_TTL_MS,
        };
        Asked::Again(input_required(
            params,
            self.seal.close(&state, &associated(call)),
        ))
    }

    /// The client came back with sealed state.
    ///
    /// # Errors
    /// `-32602` when the state was tampered with, is too old, was used before, or belongs to
    /// another principal, tool or arguments.
    pub(crate) fn resume(
        &self,
        call: &Call,
        sealed: &str,
        answers: &InputResponses,
    ) -> Result<Asked, ErrorData> {
        let refused = || ErrorData::invalid_params("requestState is not valid for this call", None);
        let bound = associated(call);
        let opened = self.seal.open(sealed, &bound).ok_or_else(refused)?;
        if opened.state.expires_at < self.clock.now_ms() {
            return Err(refused());
        }
        let Some(answer) = answers.get(FIELD) else {
            // Ask again; the question is the one that was sealed.
            let params: ElicitRequestParams =
                serde_json::from_value(opened.state.question.clone()).map_err(|_| refused())?;
            return Ok(Asked::Again(input_required(params, sealed.to_owned())));
        };
        let answer: ElicitResult = serde_json::from_value(answer.clone()).map_err(|error| {
            ErrorData::invalid_params(format!("inputResponses.{FIELD}: {error}"), None)
        })?;
        if !self.seal.spend(opened.id) {
            return Err(refused());
        }
        Ok(decide(&answer, opened.state.token))
    }

    /// The plan's token, where there is something to confirm and somebody to ask.
    fn can_ask(&self, plan: &Plan, context: &RequestContext<RoleServer>) -> Option<String> {
        let confirm = plan.confirm.as_ref()?;
        let elicitation = context.client_capabilities()?.elicitation?;
        // An empty capability means forms; a client may also declare only URLs.
        let forms = elicitation.form.is_some() || elicitation.url.is_none();
        (self.ask_in_place && forms).then(|| confirm.token.clone())
    }
}

/// A confirmed call is carried out, whatever it said of dry runs before.
pub(crate) fn forget_dry_run(arguments: &mut Map<String, Value>) {
    arguments.remove("dry_run");
    if let Some(inner) = arguments
        .get_mut("arguments")
        .and_then(Value::as_object_mut)
    {
        inner.remove("dry_run");
    }
}

fn input_required(params: ElicitRequestParams, state: String) -> CallToolResponse {
    let question = InputRequest::Elicitation(ElicitRequest::new(params));
    InputRequiredResult::new(
        Some(BTreeMap::from([(FIELD.to_owned(), question)])),
        Some(state),
    )
    .into()
}

fn decide(answer: &ElicitResult, token: String) -> Asked {
    let yes = answer.action == ElicitationAction::Accept
        && answer
            .content
            .as_ref()
            .and_then(|content| content.get(FIELD))
            .and_then(Value::as_bool)
            == Some(true);
    if yes {
        Asked::Accepted(token)
    } else {
        Asked::Declined(said_no())
    }
}

/// What sealed state is bound to. `\0` cannot be part of a principal's id or a tool's name.
fn associated(call: &Call) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let mut arguments = call.arguments.clone();
    forget_dry_run(&mut arguments);
    let text = serde_json::to_vec(&arguments).expect("a JSON object always has a text");
    let mut bound = format!("{}\0tools/call\0{}\0", call.principal.id, call.tool).into_bytes();
    bound.extend_from_slice(&Sha256::digest(text));
    bound
}

fn said_no() -> Declined {
    Declined::new(
        "confirmation_declined",
        "the person who was asked did not confirm this; nothing was changed",
        Retry::No,
    )
    .with_hint("do not ask again unless the person wants you to")
}

fn unanswered() -> Declined {
    Declined::new(
        "confirmation_unanswered",
        "nobody answered the request for confirmation; nothing was changed",
        Retry::No,
    )
    .with_hint("call again when a person is at the client to answer")
}
