//! The protocol over Streamable HTTP, as a tower service: the library's transport behind a
//! doorkeeper who knows whose session is whose, how many there may be, and what is not JSON.

mod answers;
mod sessions;
mod streams;
mod turns;

use std::{
    convert::Infallible,
    fmt::Display,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use model::Principal;
use rmcp::{
    ServerHandler,
    transport::{
        StreamableHttpServerConfig, StreamableHttpService,
        streamable_http_server::session::local::LocalSessionManager,
    },
};
use tokio_util::sync::CancellationToken;
use tower::Service;

pub use self::sessions::Sessions;
use self::{answers::Body, sessions::Opening, streams::Streams, turns::Turns};
use crate::{
    contained::Contained,
    jsonrpc::{Envelope, INVALID_REQUEST, Malformed, SESSION_NOT_FOUND, UNAVAILABLE},
};

/// The largest request body.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// How long a session without requests lives. Clients keep them open all day.
const SESSION_IDLE: Duration = Duration::from_hours(4);

/// Comments on quiet streams, so that proxies keep them open.
const STREAM_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Seconds after which a client that found no room may try again.
const RETRY_AFTER_SECONDS: u64 = 30;

pub(crate) const SESSION_ID: &str = "mcp-session-id";

/// Who may come in from where, and how many.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Host names and addresses (`example.org`, `192.0.2.7:8000`) under which this server is
    /// reached. Empty: whoever mounts the service checks them.
    pub allowed_hosts: Vec<String>,
    /// Origins (`https://app.example.org:443`, `http://localhost:*`) of pages that may call it.
    pub allowed_origins: Vec<String>,
    /// Sessions in all; each costs about 51 KB.
    pub max_sessions: usize,
    /// Sessions of one principal.
    pub max_sessions_per_principal: usize,
    /// Open streams of one principal.
    pub max_streams_per_principal: usize,
    /// Ends all sessions and streams.
    pub shutdown: CancellationToken,
}

impl Default for HttpConfig {
    /// Loopback names only.
    fn default() -> Self {
        Self {
            allowed_hosts: ["localhost", "127.0.0.1", "::1"].map(Into::into).to_vec(),
            allowed_origins: ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]
                .map(Into::into)
                .to_vec(),
            max_sessions: 1024,
            max_sessions_per_principal: 256,
            max_streams_per_principal: 64,
            shutdown: CancellationToken::new(),
        }
    }
}

type Inner = Arc<
    dyn Fn(Request<Full<Bytes>>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>
        + Send
        + Sync,
>;

/// The service to mount. Clones share everything.
#[derive(Clone)]
pub struct HttpService {
    inner: Inner,
    sessions: Sessions,
    streams: Streams,
    turns: Turns,
}

impl HttpService {
    pub(crate) fn new<H: ServerHandler>(
        config: HttpConfig,
        handler: impl Fn() -> H + Send + Sync + 'static,
    ) -> Self {
        let mut manager = LocalSessionManager::default();
        manager.session_config.keep_alive = Some(SESSION_IDLE);
        let manager = Arc::new(manager);
        let library = StreamableHttpService::new(
            move || Ok(Contained::new(handler())),
            Arc::clone(&manager),
            StreamableHttpServerConfig::default()
                .with_legacy_session_mode(true)
                .with_json_response(true)
                .with_sse_keep_alive(Some(STREAM_KEEP_ALIVE))
                .with_max_request_body_bytes(LARGEST_BODY)
                .with_allowed_hosts(config.allowed_hosts)
                .with_allowed_origins(config.allowed_origins)
                .enforce_origin_validation()
                .with_cancellation_token(config.shutdown),
        );
        Self {
            inner: Arc::new(move |request| {
                let library = library.clone();
                Box::pin(async move { library.handle(request).await })
            }),
            sessions: Sessions::new(
                manager,
                config.max_sessions,
                config.max_sessions_per_principal,
            ),
            streams: Streams::new(config.max_streams_per_principal),
            turns: Turns::default(),
        }
    }

    /// The sessions, to count them.
    pub fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    async fn handle<B>(self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let Some(principal) = parts.extensions.get::<Principal>().map(|it| it.id.clone()) else {
            return answers::plain_error(
                StatusCode::UNAUTHORIZED,
                INVALID_REQUEST,
                "the request is not authenticated",
            );
        };
        let session = match parts.headers.get(SESSION_ID).map(http::HeaderValue::to_str) {
            Some(Ok(id)) if self.sessions.touch(id, &principal) => Some(id.to_owned()),
            // Whether it never was, is gone or belongs to another looks the same from outside.
            Some(_) => {
                return answers::plain_error(
                    StatusCode::NOT_FOUND,
                    SESSION_NOT_FOUND,
                    "session not found; open a new one with initialize",
                );
            }
            None => None,
        };
        match parts.method {
            Method::POST => self.post(parts, body, &principal, session).await,
            Method::GET => {
                let Some(stream) = self.streams.open(&principal) else {
                    return no_room("too many open streams");
                };
                let busy = session.as_deref().and_then(|id| self.sessions.busy(id));
                let response = (self.inner)(Request::from_parts(parts, Full::default())).await;
                streams::guarded(response, (stream, busy))
            }
            Method::DELETE => {
                let mut response = (self.inner)(Request::from_parts(parts, Full::default())).await;
                if let Some(id) = session
                    && response.status().is_success()
                {
                    self.sessions.forget(&id);
                    // The session is gone now, not later; clients take "accepted" for a failure.
                    *response.status_mut() = StatusCode::NO_CONTENT;
                }
                response
            }
            _ => (self.inner)(Request::from_parts(parts, Full::default())).await,
        }
    }

    async fn post<B>(
        &self,
        mut parts: http::request::Parts,
        body: B,
        principal: &str,
        session: Option<String>,
    ) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let body = match collect(body).await {
            Ok(body) => body,
            Err(response) => return *response,
        };
        // Headers are the library's to judge; it does so before it looks at the body.
        if !is_json(&parts.headers) {
            return (self.inner)(Request::from_parts(parts, Full::new(body))).await;
        }
        let envelope = match Envelope::peek(&body) {
            Ok(envelope) => envelope,
            Err(malformed) => return answers::malformed(&malformed),
        };
        if let (Some(session), Some(id), Some(_)) = (&session, &envelope.id, &envelope.method) {
            let Some(turn) = self.turns.take(session, &id.to_string()).await else {
                return answers::plain_error(
                    StatusCode::CONFLICT,
                    INVALID_REQUEST,
                    "a request with this id is under way in this session",
                );
            };
            parts.extensions.insert(turn);
        }
        let opening = if session.is_none() && envelope.method.as_deref() == Some("initialize") {
            match self.sessions.open(principal).await {
                Some(opening) => Some(opening),
                None => return no_room("too many open sessions"),
            }
        } else {
            None
        };
        let stream = if envelope.method.as_deref() == Some("subscriptions/listen") {
            match self.streams.open(principal) {
                Some(stream) => Some(stream),
                None => return no_room("too many open streams"),
            }
        } else {
            None
        };
        let busy = session.as_deref().and_then(|id| self.sessions.busy(id));
        let response = (self.inner)(Request::from_parts(parts, Full::new(body))).await;
        if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            return answers::malformed(&Malformed {
                id: envelope.id.unwrap_or_default(),
                code: INVALID_REQUEST,
                message: "the message has the wrong shape".to_owned(),
            });
        }
        if let Some(opening) = opening {
            bind(opening, &response);
        }
        streams::guarded(response, (stream, busy))
    }
}

/// A session belongs to whoever opened it.
fn bind(opening: Opening, response: &Response<Body>) {
    if let Some(id) = response
        .headers()
        .get(SESSION_ID)
        .and_then(|id| id.to_str().ok())
    {
        opening.opened(id);
    }
}

fn is_json(headers: &http::HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn no_room(message: &str) -> Response<Body> {
    let mut response = answers::plain_error(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, message);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    response
}

/// The whole body, up to [`LARGEST_BODY`].
async fn collect<B>(body: B) -> Result<Bytes, Box<Response<Body>>>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if answers::is_too_large(error.as_ref()) => Err(Box::new(answers::plain_error(
            StatusCode::PAYLOAD_TOO_LARGE,
            INVALID_REQUEST,
            &format!("the request body is larger than {LARGEST_BODY} bytes"),
        ))),
        Err(_broken) => Err(Box::new(answers::plain_error(
            StatusCode::BAD_REQUEST,
            INVALID_REQUEST,
            "the request body could not be read",
        ))),
    }
}

impl<B> Service<Request<B>> for HttpService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Display,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.handle(request).await) })
    }
}
