//! What went wrong outside the gate, as callers are told: a code, one sentence, what to do, and
//! whether to try again.

use model::{HandsError, hands::FieldError, ledger::StoreError};

use crate::{
    answer::{Declined, Failure, Retry},
    record::Record,
    words,
};

/// Wait this long after a passing trouble, in milliseconds.
const SHORTLY: u64 = 1_000;
/// Wait this long while Discord cannot be reached.
const LATER: u64 = 5_000;
/// Form errors that are listed; Discord may send one for each of hundreds of fields.
const FIELDS: usize = 10;
/// Longest text of Discord's that is passed on, in characters.
const TEXT: usize = 300;

/// A read went wrong. Nothing can have changed.
pub(crate) fn reading(record: &Record, error: &HandsError) -> Declined {
    let mut failure = describe(record, error);
    if matches!(error, HandsError::OutcomeUnknown { .. }) {
        "discord_answer_lost".clone_into(&mut failure.code);
        "Discord's answer was lost".clone_into(&mut failure.message);
        failure.hint = None;
    }
    failure.retry = match failure.retry {
        Retry::Unknown if error.is_transient() => Retry::After(SHORTLY),
        Retry::Unknown => Retry::No,
        certain => certain,
    };
    Declined::Failed(Box::new(failure))
}

/// A write went wrong, and perhaps it happened all the same.
pub(crate) fn writing(record: &Record, error: &HandsError) -> Declined {
    Declined::Failed(Box::new(describe(record, error)))
}

/// A mistake of ours ended it half-way, and perhaps it happened all the same.
pub(crate) fn broke_off(record: &Record, hint: &str) -> Declined {
    Declined::Failed(Box::new(Failure {
        call_id: record.call_id.clone(),
        code: "internal_error".to_owned(),
        message: "the service made a mistake while it carried this out".to_owned(),
        hint: Some(hint.to_owned()),
        retry: Retry::Unknown,
    }))
}

/// Discord's answer was lost, and a look shows that it did nothing.
pub(crate) fn did_not_happen(record: &Record) -> Declined {
    record.fail(
        "did_not_happen",
        "Discord's answer was lost, and looking there shows that it did not happen",
        Retry::After(SHORTLY),
    )
}

/// The books cannot be written, so nothing is done.
pub(crate) fn storing(record: &Record, error: &StoreError) -> Declined {
    tracing::error!(call_id = %record.call_id, %error, "a call could not be written down");
    let (code, retry) = match error {
        StoreError::DiskFull => ("disk_full", Retry::After(LATER)),
        StoreError::Overloaded => ("store_overloaded", Retry::After(SHORTLY)),
        StoreError::Unavailable { .. } => ("store_unavailable", Retry::After(LATER)),
        StoreError::Corrupt { .. } => ("store_corrupt", Retry::No),
    };
    // Details of the database stay in the log.
    let message = match error {
        StoreError::DiskFull => "the service's disk is full, so the call was not carried out",
        _ => "the call could not be written down, so it was not carried out",
    };
    record.fail(code, message, retry)
}

/// It was carried out, and the end of it could not be written down.
pub(crate) fn not_finished(record: &Record, error: &StoreError) -> Declined {
    tracing::error!(call_id = %record.call_id, %error, "the end of a write could not be recorded");
    record.fail(
        "outcome_not_recorded",
        "Discord was asked to do it, but the outcome could not be written down",
        Retry::Unknown,
    )
}

fn describe(record: &Record, error: &HandsError) -> Failure {
    let (code, message, hint, retry) = match error {
        HandsError::Api {
            status,
            code,
            message,
            fields,
        } => api(*status, *code, message, fields),
        HandsError::Unauthorized => (
            "discord_unauthorized",
            "Discord does not accept the bot token".to_owned(),
            Some("the operator must set a valid DISCORD_TOKEN and restart"),
            Retry::No,
        ),
        HandsError::RateLimited { retry_after_ms } => (
            "discord_rate_limited",
            "Discord's rate limit would make this take too long".to_owned(),
            None,
            Retry::After(*retry_after_ms),
        ),
        HandsError::QueueFull {
            waiting,
            retry_after_ms,
        } => (
            "queue_full",
            format!(
                "{waiting} requests of this caller wait for Discord's limits already; nothing was \
                 sent"
            ),
            Some("send less at a time, and wait for answers"),
            Retry::After(*retry_after_ms),
        ),
        HandsError::Paused { retry_after_ms } => (
            "discord_paused",
            "too many requests were refused by Discord lately, so the service pauses".to_owned(),
            Some("fix what is refused before trying again"),
            Retry::After(*retry_after_ms),
        ),
        HandsError::Unreachable { .. } => (
            "discord_unreachable",
            "Discord cannot be reached; nothing was sent".to_owned(),
            None,
            Retry::After(LATER),
        ),
        HandsError::TimedOut => (
            "timed_out",
            "the time allowed was over before anything was sent".to_owned(),
            None,
            Retry::After(SHORTLY),
        ),
        HandsError::OutcomeUnknown { .. } => (
            "outcome_unknown",
            "the request was sent, but its answer was lost: it may or may not have happened"
                .to_owned(),
            Some("look whether it happened before trying again"),
            Retry::Unknown,
        ),
        HandsError::AnswerTooLarge { limit } => (
            "answer_too_large",
            format!("Discord's answer is larger than {limit} bytes"),
            Some("ask for less at a time"),
            Retry::Unknown,
        ),
        HandsError::NotJson { status } => (
            "answer_not_json",
            format!("the answer was not JSON (status {status})"),
            Some("is a proxy between the service and Discord?"),
            Retry::Unknown,
        ),
        HandsError::Unsendable { .. } => (
            "internal_error",
            "the request could not be built; nothing was sent".to_owned(),
            None,
            Retry::No,
        ),
        HandsError::NotARead { .. } => (
            "internal_error",
            "a write was handed in as a read; nothing was sent".to_owned(),
            None,
            Retry::No,
        ),
    };
    Failure {
        call_id: record.call_id.clone(),
        code: code.to_owned(),
        message,
        hint: hint.map(str::to_owned),
        retry,
    }
}

type Described = (&'static str, String, Option<&'static str>, Retry);

fn api(status: u16, code: u64, message: &str, fields: &[FieldError]) -> Described {
    let text = words::plain(message, TEXT);
    let said = if code == 0 {
        format!("Discord answered {status}: {text}")
    } else {
        format!("Discord answered {status} (code {code}): {text}")
    };
    match status {
        400 => (
            "discord_rejected",
            with_fields(said, fields),
            Some("correct the arguments that are named"),
            Retry::No,
        ),
        403 => (
            "discord_forbidden",
            said,
            Some("Discord does not let the bot do this"),
            Retry::No,
        ),
        404 => (
            "discord_not_found",
            said,
            Some("check the ids; it may be gone already"),
            Retry::No,
        ),
        500.. => (
            "discord_unavailable",
            said,
            Some("look whether it happened before trying again"),
            Retry::Unknown,
        ),
        _ => (
            "discord_rejected",
            with_fields(said, fields),
            None,
            Retry::No,
        ),
    }
}

fn with_fields(mut said: String, fields: &[FieldError]) -> String {
    for field in fields.iter().take(FIELDS) {
        let path = words::plain(&field.path, TEXT);
        let message = words::plain(&field.message, TEXT);
        said.extend(["; `", &path, "`: ", &message]);
    }
    if fields.len() > FIELDS {
        let rest = (fields.len() - FIELDS).to_string();
        said.extend(["; and ", &rest, " more"]);
    }
    said
}
