//! Everything that stands between a connection and a route, in one place.
//!
//! Outermost first. Each line says why it stands where it does.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate as _, SizeAbove},
    },
    timeout::RequestBodyTimeoutLayer,
};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    accept::{Local, Peer},
    access::{Doorkeeper, Hosts},
    problem::Problem,
};

/// The largest request body on any route.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// A larger body is let in to its end, so that its sender hears why it was refused, up to here.
const DRAINED_BODY: usize = 4 * LARGEST_BODY;

/// How long a client may be silent within a body.
const BODY_SILENCE: Duration = Duration::from_secs(15);

/// Smaller answers fit into one packet anyway.
const COMPRESSED_FROM: u64 = 1024;

/// Seconds after which wrong keys are listened to again.
const RETRY_AFTER_SECONDS: u64 = 60;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;

/// The layers around routes that need a principal.
pub(crate) fn guarded(routes: Router, doorkeeper: Arc<Doorkeeper>) -> Router {
    // Authentication counts wrong keys itself: only it knows which were wrong.
    routes.layer(middleware::from_fn_with_state(doorkeeper, authenticate))
}

/// The layers around all routes. In axum the last layer added is the outermost.
pub(crate) fn around(routes: Router, hosts: Arc<Hosts>) -> Router {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESSED_FROM).and(NotForContentType::SSE));
    routes
        // 6. Next to the routes: only whole answers are worth it, and streams are left alone.
        .layer(compression)
        // 5. Before anyone is authenticated: a foreign page must not even learn whether a key
        //    is needed.
        .layer(middleware::from_fn_with_state(hosts, check_names))
        // 4. Before anything reads the body.
        .layer(middleware::from_fn(limit_body))
        // 3. Around the body that all inner layers read.
        .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE))
        // 2. Inside the trace, so that a panic is logged with its request.
        .layer(CatchPanicLayer::custom(panicked))
        // 1. Outermost: every answer has a request's id, and its time is all of the time.
        .layer(middleware::from_fn(trace))
}

async fn trace(request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .filter(|id| is_plain(id))
        .cloned()
        .unwrap_or_else(new_id);
    let span = tracing::debug_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        path = request.uri().path(),
    );
    async move {
        let started = tokio::time::Instant::now();
        let mut response = next.run(request).await;
        tracing::debug!(
            status = response.status().as_u16(),
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered a request"
        );
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
    .instrument(span)
    .await
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(&Uuid::now_v7().to_string()).expect("a UUID is plain text")
}

fn is_plain(id: &HeaderValue) -> bool {
    !id.is_empty()
        && id.len() <= LONGEST_REQUEST_ID
        && id
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(what, "a handler panicked");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "something broke inside the server",
    )
    .into_response()
}

async fn limit_body(request: Request, next: Next) -> Result<Response, Problem> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<usize>().ok());
    if let Some(length) = announced
        && length > LARGEST_BODY
    {
        // Whoever is still sending when the connection closes loses the answer too. A client
        // that asks first has not begun.
        if length <= DRAINED_BODY && !request.headers().contains_key(header::EXPECT) {
            drain(request.into_body()).await;
        }
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("the request body is larger than {LARGEST_BODY} bytes"),
        ));
    }
    let request = request.map(|body| Body::new(Limited::new(body, LARGEST_BODY)));
    Ok(next.run(request).await)
}

/// Read and throw away; the layer around ends a body that falls silent.
async fn drain(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}

async fn check_names(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(&Local(local)) = request.extensions().get::<Local>() else {
        unreachable!("the accept loop marks every request with the address it came to");
    };
    hosts.check(request.headers(), local)?;
    Ok(next.run(request).await)
}

async fn authenticate(
    State(doorkeeper): State<Arc<Doorkeeper>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(&Peer(peer)) = request.extensions().get::<Peer>() else {
        unreachable!("the accept loop marks every request with its peer");
    };
    match doorkeeper.who(request.headers(), peer).await {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(problem) => {
            let mut response = problem.into_response();
            let status = response.status();
            let headers = response.headers_mut();
            if status == StatusCode::UNAUTHORIZED {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            } else if status == StatusCode::TOO_MANY_REQUESTS {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
            }
            response
        }
    }
}
