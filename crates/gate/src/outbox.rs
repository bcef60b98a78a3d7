//! What an outbox row holds, so that a retry gets the first answer, and a restart can finish.

use std::time::Duration;

use catalogue::View;
use model::{
    Millis, Origin, Principal, Request, RequestAuth, Stage,
    ledger::{Begun, Decision, Finish, IdempotencyClaim, Intent, Outcome, Sent, StoreError},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Gate,
    answer::{Answer, Declined, Done, Failure, Retry},
    case::{self, Case},
    digest, preview,
    record::Record,
    stages, trouble,
};

/// How long an idempotency key is remembered.
const KEY_LIFE_MS: Millis = 24 * 60 * 60 * 1_000;
/// How long a request that is sent again is known. Whoever lost a connection tries again within
/// minutes.
const RESENT_LIFE_MS: Millis = 10 * 60 * 1_000;
/// How long a request that is sent again waits for the first one, and how often it looks.
const FIRST_ONE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
/// What to wait for the first call with the same key.
pub(crate) const IN_FLIGHT_MS: u64 = 1_000;
/// Tries to close a row that could not be closed at once, and the pauses between them.
const TRIES: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Discord's longest nonce. Source: Discord documentation, *Create Message*.
const NONCE_LENGTH: usize = 25;

/// What an outbox row keeps for replays.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stored {
    Done(Value),
    Failed(Failure),
}

impl Stored {
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("a stored answer has only text keys")
    }

    /// What is kept of a message of the house's own of which nobody knows the outcome.
    pub(crate) fn lost() -> String {
        Self::Failed(Failure {
            call_id: String::new(),
            code: "outcome_unknown".to_owned(),
            message: "no answer came".to_owned(),
            hint: None,
            retry: Retry::Unknown,
        })
        .text()
    }

    /// How an outbox row ends that brought no result.
    pub(crate) fn of_declined(declined: &Declined) -> Sent {
        let reason = declined.code().to_owned();
        match declined {
            Declined::Failed(failure) if failure.retry == Retry::Unknown => Sent::Unknown {
                reason,
                response: Self::Failed((**failure).clone()).text(),
            },
            Declined::Failed(_) | Declined::Refused(_) => Sent::Failed { reason },
        }
    }
}

impl Gate {
    /// Write an intent down. One that was sent again, and whose first is still under way, waits for
    /// its answer: whoever sent it gave no key, and could not tell what "in flight" is about.
    pub(crate) async fn begin(&self, case: &Case, intent: Intent) -> Result<Begun, Declined> {
        let is_marked = case.idempotency_key.is_none() && case.manner.mark().is_some();
        let until = tokio::time::Instant::now() + FIRST_ONE;
        loop {
            let begun = self.0.ledger.begin(intent.clone()).await;
            let begun = begun.map_err(|error| trouble::storing(&case.record, &error))?;
            let waits = is_marked && begun == Begun::InFlight;
            if !waits || self.0.closing.is_cancelled() || tokio::time::Instant::now() > until {
                return Ok(begun);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Close an outbox row with what the caller gets, and give it to them.
    pub(crate) async fn end(
        &self,
        record: &Record,
        outbox_id: String,
        (state, image): (Sent, Option<Value>),
        result: Result<Answer, Declined>,
    ) -> Result<Answer, Declined> {
        let finish = Finish {
            outbox_id,
            state,
            image,
            decision: record.row_for(&result),
        };
        match self.finish(finish).await {
            Ok(()) => result,
            Err(error) => Err(trouble::not_finished(record, &error)),
        }
    }

    /// Close an outbox row. Where that fails the caller learns it now, and the row is tried again
    /// in the background: an open row would keep its key busy and be sent again after a restart.
    pub(crate) async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        let result = self.0.ledger.finish(finish.clone()).await;
        if result.is_err() {
            let gate = self.clone();
            // Ends when the row is closed, after the last try, or with the gate.
            self.0.tracker.spawn(async move {
                let closing = gate.0.closing.clone();
                closing.run_until_cancelled(gate.finish_later(finish)).await;
            });
        }
        result
    }

    async fn finish_later(&self, finish: Finish) {
        let mut pause = FIRST_PAUSE;
        for _ in 0..TRIES {
            tokio::time::sleep(pause).await;
            if self.0.ledger.finish(finish.clone()).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        tracing::error!(outbox_id = %finish.outbox_id, "an outbox row stays open until a restart");
    }
}

/// The claim of the caller's idempotency key, if it gave one.
pub(crate) fn claim(case: &Case, now: Millis) -> Option<IdempotencyClaim> {
    match (&case.idempotency_key, case.manner.mark()) {
        (Some(key), _) => Some(claim_of(&case.principal, key, &case.digest, now)),
        (None, Some(mark)) => {
            let caller = (&case.principal, case.origin, case.agent.as_deref());
            Some(resent(caller, (mark, &case.digest), now))
        }
        (None, None) => None,
    }
}

/// The key of a request whose caller gave none and whose transport would know it again. All that it
/// says is in the key, so that another request never meets it.
pub(crate) fn resent(
    (principal, origin, agent): (&Principal, Origin, Option<&str>),
    (mark, digest): (&str, &str),
    now: Millis,
) -> IdempotencyClaim {
    let confirmer = case::confirmer(principal, origin);
    let texts = [
        "resent",
        mark,
        &confirmer,
        agent.unwrap_or_default(),
        digest,
    ];
    IdempotencyClaim {
        principal: principal.id.clone(),
        key: format!("resent {}", hex::encode(digest::of_texts(&texts))),
        digest: digest.to_owned(),
        expires_at: now.saturating_add(RESENT_LIFE_MS),
    }
}

/// A key as the ledger knows it.
pub(crate) fn claim_of(
    principal: &Principal,
    key: &str,
    digest: &str,
    now: Millis,
) -> IdempotencyClaim {
    IdempotencyClaim {
        principal: principal.id.clone(),
        key: key.to_owned(),
        digest: digest.to_owned(),
        expires_at: now.saturating_add(KEY_LIFE_MS),
    }
}

/// The row with which an errand of the house ends.
pub(crate) fn ending(row: &Decision, outcome: Outcome, code: &str, reason: &str) -> Decision {
    Decision {
        outcome,
        code: code.to_owned(),
        reason: reason.to_owned(),
        ..row.clone()
    }
}

/// The audit row that is committed with the outbox row.
pub(crate) fn started(case: &Case) -> Decision {
    case.record.row(
        Outcome::Started,
        "started",
        "written down, and not sent yet",
    )
}

/// The eighth check's word on what the ledger did.
pub(crate) fn may_begin(record: &Record, begun: &Begun, now: Millis) -> Result<(), Declined> {
    let retry_after_ms = match begun {
        Begun::InFlight => Some(IN_FLIGHT_MS),
        Begun::Leased { until, .. } => u64::try_from(until.saturating_sub(now)).ok(),
        _ => None,
    };
    record.check_with(
        Stage::ExecuteAndAudit,
        stages::execute_and_audit(begun),
        retry_after_ms,
    )
}

/// Give the first answer again.
pub(crate) fn replay(
    record: &Record,
    response: &str,
    untrusted: impl FnOnce(&Value) -> &'static [&'static str],
) -> Result<Answer, Declined> {
    match serde_json::from_str(response) {
        Ok(Stored::Done(value)) => Ok(Answer::Done(Done {
            call_id: record.call_id.clone(),
            view: View {
                untrusted: untrusted(&value),
                value,
            },
            replayed: true,
        })),
        Ok(Stored::Failed(failure)) => Err(Declined::Failed(Box::new(failure))),
        Err(_) => Err(record.fail(
            "store_corrupt",
            "the first answer of this idempotency key cannot be read any more",
            Retry::Unknown,
        )),
    }
}

/// Recognises a repetition: of the same key where there is one, else of the same outbox row.
pub(crate) fn nonce(case: &Case, outbox_id: &str) -> String {
    let claim = claim(case, 0);
    let digest = match claim.map(|claim| claim.key) {
        Some(key) => digest::of_texts(&["key", &case.principal.id, &key, &case.digest]),
        None => digest::of_texts(&["outbox", outbox_id]),
    };
    let mut nonce = hex::encode(digest);
    nonce.truncate(NONCE_LENGTH);
    nonce
}

/// The request as the outbox keeps it. A path with a token in it is not kept: secrets do not
/// travel, and such a row is not sent again. Arguments let a restart show the result as ever.
pub(crate) fn kept(request: &Request, case: &Case) -> Value {
    if request.auth == RequestAuth::InPath {
        return json!({ "method": request.method, "path": preview::path(request) });
    }
    let mut kept = json!(request);
    if matches!(request.body, model::Body::None | model::Body::Json(_)) {
        kept["arguments"] = Value::Object(case.arguments.clone());
    }
    kept
}
