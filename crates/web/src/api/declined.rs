//! A call that did not go through, as a problem document.

use gate::{Declined, Failure, Refusal, Retry, marks};
use http::StatusCode;
use model::Stage;
use serde_json::json;

use crate::problem::Problem;

/// Where the reason of a problem may quote others: names of roles and channels, Discord's own text,
/// what an agent calls itself.
const QUOTING: [&str; 4] = ["detail", "hint", "checks[].message", "checks[].hint"];

/// What the caller is told.
pub(super) fn problem(declined: Declined) -> Problem {
    let quotes = declined.quotes_others();
    let problem = match declined {
        Declined::Refused(refusal) => refused(*refusal),
        Declined::Failed(failure) => failed(*failure),
    };
    if quotes { marked(problem) } else { problem }
}

fn refused(refusal: Refusal) -> Problem {
    let status = status_of_refusal(&refusal);
    let mut problem = Problem::new(status, refusal.reason.code, refusal.reason.message)
        .hint(refusal.reason.hint)
        .with("call_id", refusal.call_id);
    if let Some(stage) = refusal.stage {
        problem = problem.with("stage", stage.as_str());
    }
    if !refusal.checks.is_empty() {
        problem = problem.with("checks", json!(refusal.checks));
    }
    if let Some(limit) = &refusal.limit {
        problem = problem.with("limit", json!(limit));
    }
    if let Some(wait) = refusal.retry_after_ms {
        problem = problem.retry_after_ms(wait);
    }
    problem
}

fn failed(failure: Failure) -> Problem {
    let status = status_of_failure(&failure);
    let mut problem = Problem::new(status, failure.code, failure.message)
        .hint(failure.hint)
        .with("call_id", failure.call_id);
    match failure.retry {
        Retry::No => {}
        Retry::After(wait) => problem = problem.retry_after_ms(wait),
        // A client that repeats whatever failed must be able to see that it should not.
        Retry::Unknown => problem = problem.with("retry", "unknown"),
    }
    problem
}

fn marked(problem: Problem) -> Problem {
    problem.first(marks::MEMBER, marks::member(&QUOTING))
}

fn status_of_refusal(refusal: &Refusal) -> StatusCode {
    match refusal.reason.code.as_str() {
        "unknown_tool" | "not_found" | "workspace_unknown" => return StatusCode::NOT_FOUND,
        // Some tools say so themselves, after the checks.
        "read_only" | "not_your_decisions" | "not_for_askers" => return StatusCode::FORBIDDEN,
        "policy_changed" => return StatusCode::PRECONDITION_FAILED,
        "idempotency_conflict" => return StatusCode::UNPROCESSABLE_ENTITY,
        _ => {}
    }
    match refusal.stage {
        // The call could not even be read, or a step of a tool says that its arguments make no
        // sense together.
        None => StatusCode::BAD_REQUEST,
        Some(Stage::ClientAuthentication) => StatusCode::UNAUTHORIZED,
        Some(Stage::RateLimit) if refusal.retry_after_ms.is_some() => StatusCode::TOO_MANY_REQUESTS,
        // Something else happened first: the key is busy, the token is used, the thread is held.
        Some(Stage::ExecuteAndAudit) => StatusCode::CONFLICT,
        Some(_) => StatusCode::FORBIDDEN,
    }
}

/// What Discord said no to is no fault of ours, so only what broke is a 5xx.
fn status_of_failure(failure: &Failure) -> StatusCode {
    match failure.code.as_str() {
        "discord_rejected" => StatusCode::BAD_REQUEST,
        "discord_forbidden" => StatusCode::FORBIDDEN,
        "discord_not_found" | "not_available" => StatusCode::NOT_FOUND,
        "discord_rate_limited" => StatusCode::TOO_MANY_REQUESTS,
        "internal_error" => StatusCode::INTERNAL_SERVER_ERROR,
        "timed_out" => StatusCode::GATEWAY_TIMEOUT,
        _ => match failure.retry {
            Retry::After(_) => StatusCode::SERVICE_UNAVAILABLE,
            Retry::No | Retry::Unknown => StatusCode::BAD_GATEWAY,
        },
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use model::Reason;

    use super::*;

    fn refusal(stage: Option<Stage>, code: &str, retry_after_ms: Option<u64>) -> Declined {
        Declined::Refused(Box::new(Refusal {
            call_id: "c1".into(),
            stage,
            reason: Reason::new(code, "no"),
            retry_after_ms,
            limit: None,
            checks: Vec::new(),
        }))
    }

    fn failure(code: &str, retry: Retry) -> Declined {
        Declined::Failed(Box::new(Failure {
            call_id: "c1".into(),
            code: code.into(),
            message: "broken".into(),
            hint: None,
            retry,
        }))
    }

    #[test]
    fn a_status_says_whose_turn_it_is() {
        for (declined, status, retry_after) in [
            (refusal(None, "unknown_tool", None), 404, None),
            (refusal(None, "invalid_arguments", None), 400, None),
            (refusal(None, "not_your_decisions", None), 403, None),
            (
                refusal(Some(Stage::ExecuteAndAudit), "policy_changed", None),
                412,
                None,
            ),
            (
                refusal(Some(Stage::GuildInstallation), "guild_unknown", None),
                403,
                None,
            ),
            (
                refusal(Some(Stage::RateLimit), "rate_limited", Some(1_001)),
                429,
                Some("2"),
            ),
            (
                refusal(Some(Stage::RateLimit), "rate_is_zero", None),
                403,
                None,
            ),
            (
                refusal(Some(Stage::ExecuteAndAudit), "idempotency_conflict", None),
                422,
                None,
            ),
            (
                refusal(
                    Some(Stage::ExecuteAndAudit),
                    "idempotency_in_flight",
                    Some(250),
                ),
                409,
                Some("1"),
            ),
            (failure("discord_not_found", Retry::No), 404, None),
            (
                failure("discord_unreachable", Retry::After(5_000)),
                503,
                Some("5"),
            ),
            (failure("outcome_unknown", Retry::Unknown), 502, None),
        ] {
            let code = declined.code().to_owned();
            let response = problem(declined).into_response();
            assert_eq!(response.status().as_u16(), status, "{code}");
            let header = response.headers().get("retry-after");
            assert_eq!(
                header.and_then(|it| it.to_str().ok()),
                retry_after,
                "{code}"
            );
        }
    }
}
