//! The HTTP side of the bridge: headers of both generations, answers as JSON or as events, and a
//! service that may go and come back.

use std::{sync::OnceLock, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::StreamExt as _;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header};
use serde_json::Value;

use super::{
    events::Events,
    message::Message,
    session::{Session, State},
    trouble::{Trouble, root_cause},
};
use crate::{
    Error,
    jsonrpc::Envelope,
    stdio::{LONGEST_LINE, Sender},
    tls,
};

/// Pauses before trying again to reach a service that may be restarting.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// How long the end waits for the service to forget the session.
const GOODBYE: Duration = Duration::from_secs(1);

/// Characters of a service's own words that an error repeats.
const SHOWN_DETAIL: usize = 300;

const SESSION_ID: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";

/// The words with which a session is taken up after it was opened.
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Which service, and with which key.
#[derive(Clone)]
pub struct Upstream {
    /// `http://127.0.0.1:8000`, with or without `/mcp`.
    pub url: String,
    pub key: Option<String>,
}

/// The connection to the service.
pub(super) struct Link {
    url: Url,
    key: Option<String>,
    /// Made when the first message needs it.
    client: OnceLock<Client>,
}

impl Link {
    pub(super) fn new(upstream: Upstream) -> Result<Self, Error> {
        Ok(Self {
            url: tls::endpoint(&upstream.url)?,
            key: upstream.key,
            client: OnceLock::new(),
        })
    }

    /// Send a message and write everything that comes back. A session that the service no longer
    /// knows is opened again, once.
    pub(super) async fn send(
        &self,
        message: &Message,
        session: &Session,
        sender: &Sender,
    ) -> Result<(), Trouble> {
        let state = session.state();
        let response = self.post(message, &state).await?;
        if message.is("initialize") {
            return self.open(message, response, session, sender).await;
        }
        if response.status() == StatusCode::NOT_FOUND
            && message.version.is_none()
            && state.id.is_some()
        {
            self.open_again(session, state).await?;
            let response = self.post(message, &session.state()).await?;
            return self.answer(message, response, sender).await;
        }
        self.answer(message, response, sender).await
    }

    /// Tell the service that the session is over. It would find out by itself, later.
    pub(super) async fn close(&self, session: &Session) {
        let state = session.state();
        let (Some(id), Some(client)) = (&state.id, self.client.get()) else {
            return;
        };
        let request = self
            .with_key(client.delete(self.url.clone()))
            .header(SESSION_ID, id);
        let request = match &state.version {
            Some(version) => request.header(VERSION, version),
            None => request,
        };
        if tokio::time::timeout(GOODBYE, request.send()).await.is_err() {
            tracing::debug!("the service did not say goodbye");
        }
    }

    async fn post(&self, message: &Message, state: &State) -> Result<Response, Trouble> {
        let client = self.client()?;
        let mut pauses = PAUSES.iter();
        loop {
            let mut request = self
                .with_key(client.post(self.url.clone()))
                .header(header::ACCEPT, "application/json, text/event-stream")
                .header(header::CONTENT_TYPE, "application/json")
                .body(message.text.clone());
            if let Some(version) = &message.version {
                request = request.header(VERSION, version);
                if let Some(method) = &message.method {
                    request = request.header("mcp-method", header_text(method));
                }
                if let Some(name) = &message.name {
                    request = request.header("mcp-name", header_text(name));
                }
            } else if !message.is("initialize") {
                if let Some(version) = &state.version {
                    request = request.header(VERSION, version);
                }
                if let Some(id) = &state.id {
                    request = request.header(SESSION_ID, id);
                }
            }
            let error = match request.send().await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if !error.is_connect() {
                return Err(Trouble::Broken {
                    url: self.url.clone(),
                    detail: root_cause(&error),
                });
            }
            // Nothing was sent, so trying again is safe.
            match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => {
                    return Err(Trouble::Unreachable {
                        url: self.url.clone(),
                        detail: root_cause(&error),
                    });
                }
            }
        }
    }

    /// Remember the session that `initialize` opened.
    async fn open(
        &self,
        message: &Message,
        response: Response,
        session: &Session,
        sender: &Sender,
    ) -> Result<(), Trouble> {
        let id = session_id(&response);
        let lines = self.lines(message, response).await?;
        let version = lines.iter().rev().find_map(|line| negotiated(line));
        for line in lines {
            write(sender, line).await?;
        }
        session.opened(State {
            id,
            version,
            initialize: Some(message.text.clone()),
        });
        Ok(())
    }

    /// Open a new session in place of one that is gone.
    async fn open_again(&self, session: &Session, lost: State) -> Result<(), Trouble> {
        let _turn = session.reopen().await;
        if session.state().id != lost.id {
            return Ok(());
        }
        let Some(words) = lost.initialize else {
            return Ok(());
        };
        let Ok(initialize) = Message::read(words.clone()) else {
            return Ok(());
        };
        tracing::info!("the service forgot the session; opening a new one");
        let response = self.post(&initialize, &State::default()).await?;
        let id = session_id(&response);
        let lines = self.lines(&initialize, response).await?;
        let state = State {
            id,
            version: lines.iter().rev().find_map(|line| negotiated(line)),
            initialize: Some(words),
        };
        if let Ok(initialized) = Message::read(Bytes::from_static(INITIALIZED.as_bytes())) {
            self.post(&initialized, &state).await?;
        }
        session.opened(state);
        Ok(())
    }

    /// Write an answer as it comes.
    async fn answer(
        &self,
        message: &Message,
        response: Response,
        sender: &Sender,
    ) -> Result<(), Trouble> {
        if !is_stream(&response) {
            for line in self.lines(message, response).await? {
                write(sender, line).await?;
            }
            return Ok(());
        }
        let mut pieces = response.bytes_stream();
        let mut events = Events::default();
        let mut answered = message.id.is_none();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| self.broken(&error))?;
            for line in events.feed(&piece).map_err(|_| Trouble::TooLong)? {
                answered |= answers(&line, message);
                write(sender, line).await?;
            }
            if answered && message.id.is_some() {
                return Ok(());
            }
        }
        if answered {
            Ok(())
        } else {
            Err(Trouble::Broken {
                url: self.url.clone(),
                detail: "the stream ended".to_owned(),
            })
        }
    }

    /// A whole answer, as lines to write.
    async fn lines(&self, message: &Message, response: Response) -> Result<Vec<Vec<u8>>, Trouble> {
        let (status, stream) = (response.status(), is_stream(&response));
        let body = self.body(response).await?;
        if stream {
            let mut events = Events::default();
            return events.feed(&body).map_err(|_| Trouble::TooLong);
        }
        if body.is_empty() && status.is_success() {
            return Ok(Vec::new());
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(mut answer) if answer.get("jsonrpc").is_some() => {
                // An error that could not be tied to its request over there can be here.
                if answer["id"].is_null()
                    && let Some(id) = &message.id
                {
                    answer["id"] = id.clone();
                }
                Ok(vec![answer.to_string().into_bytes()])
            }
            problem => Err(self.refused(status, problem.ok().as_ref(), &body)),
        }
    }

    async fn body(&self, response: Response) -> Result<Bytes, Trouble> {
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            body.extend_from_slice(&piece.map_err(|error| self.broken(&error))?);
            if body.len() > LONGEST_LINE {
                return Err(Trouble::TooLong);
            }
        }
        Ok(body.into())
    }

    /// A service that says no in HTTP's words.
    fn refused(&self, status: StatusCode, problem: Option<&Value>, body: &[u8]) -> Trouble {
        let detail = problem
            .and_then(|problem| problem.get("detail")?.as_str())
            .map_or_else(
                || String::from_utf8_lossy(body).into_owned(),
                ToOwned::to_owned,
            )
            .chars()
            .take(SHOWN_DETAIL)
            .collect();
        let url = self.url.clone();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            Trouble::Key { url, detail }
        } else {
            Trouble::Refused {
                url,
                status,
                detail,
            }
        }
    }

    fn broken(&self, error: &reqwest::Error) -> Trouble {
        Trouble::Broken {
            url: self.url.clone(),
            detail: root_cause(error),
        }
    }

    fn client(&self) -> Result<&Client, Trouble> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = tls::client(&self.url).map_err(|error| Trouble::Unreachable {
            url: self.url.clone(),
            detail: error.to_string(),
        })?;
        Ok(self.client.get_or_init(|| client))
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }
}

async fn write(sender: &Sender, mut line: Vec<u8>) -> Result<(), Trouble> {
    line.push(b'\n');
    sender.send(line).await.map_err(|_| Trouble::ClientGone)
}

/// Whether a line is the answer to a request, and not something said on the way.
fn answers(line: &[u8], message: &Message) -> bool {
    Envelope::peek(line).is_ok_and(|it| it.method.is_none() && it.id == message.id)
}

fn negotiated(line: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(line).ok()?;
    Some(answer["result"]["protocolVersion"].as_str()?.to_owned())
}

fn session_id(response: &Response) -> Option<String> {
    let id = response.headers().get(SESSION_ID)?;
    Some(id.to_str().ok()?.to_owned())
}

fn is_stream(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// A header's value; what headers cannot carry goes as base64 between two marks.
/// Source: MCP 2026-07-28, *Transports › Standard Request Headers*.
fn header_text(text: &str) -> String {
    let plain = !text.starts_with("=?base64?")
        && text.trim() == text
        && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if plain {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text))
    }
}
