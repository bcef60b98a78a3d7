//! One `tools/call`: to the hall and back, with a deadline, cancellation and confirmation in place.

use std::{sync::Arc, time::Duration};

use model::{Call, Mode};
use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolRequestParams, CallToolResponse},
    service::RequestContext,
};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    confirm::{self, Asked, Desk},
    contained::{broken, is_modern, too_slow},
    hall::{Answer, Declined, Hall, Retry},
    handler::Who,
    render,
    resent::{self, Mark},
    waiting,
};

/// How long one call may take in all, a question to a person included. Clients give up at 300 s.
pub(crate) const DEADLINE: Duration = Duration::from_secs(280);

/// Calls that may be under way at once, over all clients of this process.
const CALLS_AT_ONCE: usize = 1024;

/// Everything a call needs that outlives it.
pub(crate) struct Calls {
    hall: Arc<dyn Hall>,
    desk: Desk,
    room: Semaphore,
    /// How long a call waits for people where its client hears nothing meanwhile.
    patience: Duration,
    /// Writes that outlive their request; ended by [`Calls::finish`].
    writes: TaskTracker,
}

impl Calls {
    pub(crate) fn new(hall: Arc<dyn Hall>, desk: Desk, patience: Duration) -> Self {
        Self {
            hall,
            desk,
            patience,
            room: Semaphore::new(CALLS_AT_ONCE),
            writes: TaskTracker::new(),
        }
    }

    /// Wait until the writes under way have been recorded, at most `patience`.
    pub(crate) async fn finish(&self, patience: Duration) {
        self.writes.close();
        if tokio::time::timeout(patience, self.writes.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                left = self.writes.len(),
                "writes were still under way at the end; the outbox finishes them at the next start"
            );
        }
    }

    /// Answer one `tools/call`.
    pub(crate) async fn answer(
        &self,
        request: CallToolRequestParams,
        who: Who,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(risk) = self.hall.risk(&request.name) else {
            return Err(self.unknown_tool(&request.name));
        };
        let Ok(_room) = self.room.try_acquire() else {
            return Ok(render::declined(&busy()).into());
        };
        let asker = who.principal.clone();
        let mark = resent::mark(risk, &request, &who, context);
        let call = Call {
            principal: who.principal,
            tool: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            mode: Mode::Default,
            idempotency_key: None,
            agent: None,
            session: who.session,
            origin: who.origin,
        };
        // A dry run stays one, whatever answer comes with it.
        let state = request.request_state.filter(|_| may_ask(&call.arguments));
        let outcome = if let Some(state) = state {
            let answers = request.input_responses.unwrap_or_default();
            match self.desk.resume(&call, &state, &answers)? {
                Asked::Accepted(token) => self.confirmed(call, mark, token, context).await,
                Asked::Again(question) => return Ok(question),
                Asked::Declined(declined) => Err(declined),
                Asked::Not => self.run(call, mark, &context.ct).await,
            }
        } else {
            match self.run(call.clone(), mark.clone(), &context.ct).await {
                Ok(Answer::Planned(plan)) if may_ask(&call.arguments) => {
                    let asked = if is_modern(context) {
                        self.desk.question(&call, &plan, context)
                    } else {
                        self.desk.ask(&call, &plan, context).await
                    };
                    match asked {
                        Asked::Accepted(token) => self.confirmed(call, mark, token, context).await,
                        Asked::Again(question) => return Ok(question),
                        Asked::Declined(declined) => Err(declined),
                        Asked::Not => Ok(Answer::Planned(plan)),
                    }
                }
                outcome => outcome,
            }
        };
        let outcome = match outcome {
            Ok(Answer::Waiting(waiting)) => {
                waiting::follow(&*self.hall, &asker, waiting, self.patience, context).await
            }
            outcome => outcome,
        };
        Ok(match outcome {
            Ok(Answer::Planned(plan)) => {
                render::answer(Answer::Planned(self.desk.for_the_person(plan, context)))
            }
            Ok(answer) => render::answer(answer),
            Err(declined) => render::declined(&declined),
        }
        .into())
    }

    async fn confirmed(
        &self,
        mut call: Call,
        mark: Mark,
        token: String,
        context: &RequestContext<RoleServer>,
    ) -> Result<Answer, Declined> {
        call.mode = Mode::Confirmed(token);
        confirm::forget_dry_run(&mut call.arguments);
        self.run(call, mark, &context.ct).await
    }

    /// Let the hall work. A read ends with its request; a write goes on to its record, even when
    /// nobody waits for it any more.
    pub(crate) async fn run(
        &self,
        call: Call,
        mark: Mark,
        cancelled: &CancellationToken,
    ) -> Result<Answer, Declined> {
        if mark == Mark::Read {
            return tokio::select! {
                outcome = self.hall.call(call) => outcome,
                () = cancelled.cancelled() => Err(given_up()),
                () = tokio::time::sleep(DEADLINE) => Err(too_slow()),
            };
        }
        let hall = Arc::clone(&self.hall);
        let write = self.writes.spawn(async move {
            match mark {
                Mark::Known(mark) => hall.call_marked(call, mark).await,
                Mark::Read | Mark::Unknown => hall.call(call).await,
            }
        });
        match tokio::time::timeout(DEADLINE, write).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => {
                tracing::error!("a write panicked; the call was answered with an error");
                Err(broken())
            }
            Err(_elapsed) => Err(too_slow()),
        }
    }

    fn unknown_tool(&self, name: &str) -> ErrorData {
        let shown: String = name.chars().take(80).collect();
        let message = match self.hall.nearest(name) {
            Some(nearest) => format!("unknown tool: {shown}; did you mean {nearest}?"),
            None => format!("unknown tool: {shown}; discord_find_tools lists them all"),
        };
        ErrorData::invalid_params(message, None)
    }
}

/// A caller that said `dry_run: true` wants the plan, not a question. Dispatchers carry the
/// arguments of the tool they run.
fn may_ask(arguments: &Map<String, Value>) -> bool {
    let wants_plan =
        |map: &Map<String, Value>| map.get("dry_run").and_then(Value::as_bool) == Some(true);
    !wants_plan(arguments)
        && !arguments
            .get("arguments")
            .and_then(Value::as_object)
            .is_some_and(wants_plan)
}

fn busy() -> Declined {
    Declined::new(
        "server_busy",
        "too many calls are under way",
        Retry::After(1000),
    )
    .with_hint("wait for some of your own calls to end")
}

/// Never read by anyone: the client has cancelled.
fn given_up() -> Declined {
    Declined::new("cancelled", "the client cancelled the call", Retry::No)
}
