//! The one way out: waits for leave, sends, and repeats what may be repeated until the errand's
//! time is over. It never says that nothing happened where something may have.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, StatusCode};
use model::{HandsError, Method, Request, RequestAuth, Response, hands::Errand};
use tokio::time::{Instant, sleep_until};

use super::{
    address::ApiUrl,
    answer,
    client::LazyClient,
    exchange::{MAX_ANSWER, Outcome, Taken, exchange},
    limiter::{Class, Limiter, Next, Place, Route, Ticket, millis},
    outgoing,
};

/// How often a request is repeated after a failure.
const MAX_REPEATS: u32 = 3;
/// How often a request is sent again after a 429, if the errand's time allows.
const MAX_REFUSALS: u32 = 10;
/// First pause before a repetition; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest time an errand may take, so that no deadline overflows.
const LONGEST_ERRAND: Duration = Duration::from_hours(1);

pub(super) struct Executor {
    pub(super) base: ApiUrl,
    pub(super) authorization: HeaderValue,
    pub(super) client: LazyClient,
    pub(super) limiter: Arc<Limiter>,
    pub(super) answer_timeout: Duration,
}

/// What the tries so far have left behind.
#[derive(Default)]
struct Tries {
    failed: u32,
    refused: u32,
    /// Why an earlier try may have had its effect.
    unsure: Option<String>,
}

impl Executor {
    pub(super) async fn run(
        &self,
        request: &Request,
        errand: &Errand,
    ) -> Result<Response, HandsError> {
        let deadline = Instant::now() + errand.timeout.min(LONGEST_ERRAND);
        let mut tries = Tries::default();
        let result = self
            .try_until(request, &errand.lane, deadline, &mut tries)
            .await;
        result.map_err(|error| tries.honest(error, request))
    }

    async fn try_until(
        &self,
        request: &Request,
        lane: &Arc<str>,
        deadline: Instant,
        tries: &mut Tries,
    ) -> Result<Response, HandsError> {
        let mut place = Place::End;
        loop {
            // Written first: what cannot be sent must not use anybody's allowance.
            let wire = outgoing::write(request, &self.base, &self.authorization)?;
            let form = outgoing::form(request)?;
            let client = self.client.get()?;
            if Instant::now() >= deadline {
                return Err(HandsError::TimedOut);
            }
            let ticket = Ticket {
                route: Route::of(request),
                class: Class::of(request),
                lane: Arc::clone(lane),
                deadline,
                place,
            };
            let leave = self.limiter.acquire(ticket).await?;
            let start = Instant::now();
            let until = deadline.min(start + self.answer_timeout);
            let outcome = exchange(client, wire, form, leave, until).await;
            tracing::debug!(
                method = request.method.as_str(),
                template = request.path.template,
                status = outcome.status(),
                duration_ms = millis(start.elapsed()),
                "sent a request to Discord"
            );
            if let Outcome::Answered { next, .. } = &outcome
                && *next != Next::Done
            {
                tries.refuse(*next, deadline).await?;
                place = Place::Front;
                continue;
            }
            let failure = match judge(request, outcome) {
                Judged::Final(result) => return result,
                Judged::Failed(failure) => failure,
            };
            tries.fail(failure, request, deadline).await?;
        }
    }
}

/// A try that may be worth repeating.
struct Failure {
    error: HandsError,
    /// Whether it may have had its effect all the same.
    unsure: bool,
}

enum Judged {
    Final(Result<Response, HandsError>),
    Failed(Failure),
}

fn judge(request: &Request, outcome: Outcome) -> Judged {
    let lost = |detail| {
        let error = HandsError::OutcomeUnknown { detail };
        Judged::Failed(Failure {
            error,
            unsure: true,
        })
    };
    let (status, body) = match outcome {
        Outcome::NotSent(detail) => {
            let error = HandsError::Unreachable { detail };
            return Judged::Failed(Failure {
                error,
                unsure: false,
            });
        }
        Outcome::Lost(detail) => return lost(detail),
        Outcome::Answered { status, body, .. } => (status, body),
    };
    if status.is_success() {
        return match body {
            Taken::Whole(body) => Judged::Final(answer::success(status, &body)),
            Taken::TooLarge => Judged::Final(Err(HandsError::AnswerTooLarge { limit: MAX_ANSWER })),
            Taken::Broken(detail) => lost(format!("status {}, then {detail}", status.as_u16())),
        };
    }
    if status == StatusCode::UNAUTHORIZED && request.auth == RequestAuth::Bot {
        return Judged::Final(Err(HandsError::Unauthorized));
    }
    // The status alone says what happened.
    let body = if let Taken::Whole(body) = body {
        body
    } else {
        Vec::new()
    };
    let error = answer::failure(status, &body);
    if status.is_server_error() {
        return Judged::Failed(Failure {
            error,
            unsure: true,
        });
    }
    Judged::Final(Err(error))
}

impl Tries {
    /// After a 429: wait, unless that takes too long. The line knows most limits by itself.
    async fn refuse(&mut self, next: Next, deadline: Instant) -> Result<(), HandsError> {
        self.refused += 1;
        let now = Instant::now();
        let until = if let Next::Later(until) = next {
            until
        } else {
            now
        };
        if until > deadline || self.refused > MAX_REFUSALS {
            let wait = until.saturating_duration_since(now).max(FIRST_PAUSE);
            return Err(HandsError::RateLimited {
                retry_after_ms: millis(wait),
            });
        }
        sleep_until(until).await;
        Ok(())
    }

    /// After a failure: pause before the next try, or give up with the failure.
    async fn fail(
        &mut self,
        failure: Failure,
        request: &Request,
        deadline: Instant,
    ) -> Result<(), HandsError> {
        let Failure { error, unsure } = failure;
        let may_repeat = !unsure || request.may_be_repeated();
        let pause = FIRST_PAUSE * 2_u32.pow(self.failed);
        let until = Instant::now() + pause.mul_f64(rand::random_range(0.5..1.0));
        if !may_repeat || self.failed >= MAX_REPEATS || until >= deadline {
            return Err(error);
        }
        self.failed += 1;
        if unsure {
            self.unsure = Some(error.to_string());
        }
        sleep_until(until).await;
        Ok(())
    }

    /// A refusal of the second try says nothing about the first: a message deleted by a try whose
    /// answer was lost is "unknown" to the next.
    fn honest(self, error: HandsError, request: &Request) -> HandsError {
        match self.unsure {
            Some(earlier) if request.method != Method::Get && error.nothing_happened() => {
                HandsError::OutcomeUnknown {
                    detail: format!("{earlier}; tried again: {error}"),
                }
            }
            _ => error,
        }
    }
}
