//! What happens to every REST request before and after its handler: faults, rate limits, notes.

mod detail;
mod peek;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, StatusCode, header};
use tokio::time::sleep;

use crate::desk::{Desk, SeenRequest};
use crate::faults::{Effect, banned, broken};
use crate::limits::{Route, Scope, Verdict, sign, too_many, write_bucket};
use crate::server::wire::CutHandle;
use crate::snowflake::Snowflake;

/// Characters of a path, query or reason that the list of requests keeps.
const MAX_NOTED: usize = 2_000;

const REASON: HeaderName = HeaderName::from_static("x-audit-log-reason");

/// The middleware around the REST router.
pub(crate) async fn guard(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(cut): ConnectInfo<CutHandle>,
    request: Request,
    next: Next,
) -> Response {
    let route = Route::of(request.method(), request.uri().path());
    let begun = Instant::now();
    let mut note = note_of(&desk, &request);
    if let Some(ms) = desk.banned_ms() {
        let response = banned(ms);
        note.status = response.status().as_u16();
        desk.note_banned(note);
        return response;
    }
    let (request, sent) = detail::of_request(request).await;
    note.body = sent;
    let mut struck = desk.faults.strike(&route);
    match struck.take_if(Effect::comes_first) {
        Some(Effect::Answer(response)) => return noted(&desk, note, response),
        Some(Effect::Wait(time)) => sleep(time).await,
        Some(Effect::Drop) => return cut_off(&desk, note, &cut),
        Some(Effect::Hang(time)) => {
            sleep(time).await;
            return cut_off(&desk, note, &cut);
        }
        _ => {}
    }
    let response = limited(&desk, &route, note.actor, request, next).await;
    let (mut response, answer) = detail::of_answer(response).await;
    note.answer = answer;
    note.took_us = u64::try_from(begun.elapsed().as_micros()).ok();
    sign(response.headers_mut());
    let response = match struck {
        Some(Effect::Lose) => return cut_off(&desk, note, &cut),
        Some(Effect::Truncate) => broken(response, None).await,
        Some(Effect::Stall(time)) => broken(response, Some(time)).await,
        _ => response,
    };
    noted(&desk, note, response)
}

async fn limited(
    desk: &Desk,
    route: &Route,
    actor: Option<Snowflake>,
    request: Request,
    next: Next,
) -> Response {
    // Without a known token there is no bucket: the handler answers 401.
    let key = match actor {
        // Whoever has the link may use it: its limit is the same for all.
        _ if route.by_path_token => String::new(),
        Some(bot) => bot.to_string(),
        None => return next.run(request).await,
    };
    let (request, circumstances) = peek::peek(&desk.shared, route, request).await;
    let now_ms = desk.now_ms();
    let verdict = desk.limiter().check(now_ms, &key, route, circumstances);
    match verdict {
        None => next.run(request).await,
        Some(Verdict::Pass(state)) => {
            let mut response = next.run(request).await;
            write_bucket(response.headers_mut(), &state);
            response
        }
        Some(Verdict::BucketEmpty(state)) => {
            too_many(Scope::User, state.reset_after_ms, Some(&state))
        }
        Some(Verdict::SharedEmpty {
            retry_after_ms,
            state,
        }) => too_many(Scope::Shared, retry_after_ms, Some(&state)),
        Some(Verdict::GlobalEmpty { retry_after_ms }) => {
            too_many(Scope::Global, retry_after_ms, None)
        }
    }
}

fn note_of(desk: &Desk, request: &Request) -> SeenRequest {
    SeenRequest {
        method: request.method().to_string(),
        path: shortened(request.uri().path()),
        query: request.uri().query().map(shortened),
        status: 0,
        actor: bot_of(desk, request.headers()),
        reason: request
            .headers()
            .get(REASON)
            .and_then(|it| it.to_str().ok())
            .map(shortened),
        at: desk.now_ms(),
        took_us: None,
        body: None,
        answer: None,
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= MAX_NOTED {
        return text.to_owned();
    }
    text.chars().take(MAX_NOTED).collect()
}

fn bot_of(desk: &Desk, headers: &HeaderMap) -> Option<Snowflake> {
    let token = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bot ")?;
    desk.shared.read(|world| world.bot_by_token(token))
}

fn noted(desk: &Desk, note: SeenRequest, response: Response) -> Response {
    desk.note(note, Some((response.status(), response.headers())));
    response
}

/// The status never reaches the client: the socket refuses every write from here on.
fn cut_off(desk: &Desk, note: SeenRequest, cut: &CutHandle) -> Response {
    desk.note(note, None);
    cut.cut();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
