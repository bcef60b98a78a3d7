//! A client of both generations of the protocol, small enough to say anything.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{MODERN, http_client};

const SESSIONS: &str = "2025-11-25";

/// How the protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Generation {
    /// A session is opened first.
    #[serde(rename = "2025-11-25")]
    Sessions,
    /// Each request stands alone.
    #[serde(rename = "2026-07-28")]
    Stateless,
}

impl Generation {
    pub(crate) const ALL: [Self; 2] = [Self::Sessions, Self::Stateless];

    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Sessions => SESSIONS,
            Self::Stateless => MODERN,
        }
    }
}

/// Somebody who speaks to the hall.
#[derive(Clone)]
pub(crate) struct Speaker {
    url: String,
    pub(crate) generation: Generation,
    key: Option<String>,
    pub(crate) session: Option<String>,
    /// How the person at this client answers; `None` where it cannot ask anybody.
    person: Option<String>,
    http: reqwest::Client,
    /// Ids of requests, over all clones.
    next: Arc<AtomicU64>,
}

/// An answer, and every byte of it.
pub(crate) struct Heard {
    pub(crate) answer: Value,
    pub(crate) text: String,
}

impl Speaker {
    pub(crate) async fn open(
        url: &str,
        generation: Generation,
        key: Option<String>,
        person: Option<String>,
    ) -> Self {
        let mut speaker = Self {
            url: url.to_owned(),
            generation,
            key,
            session: None,
            person,
            http: http_client(),
            next: Arc::new(AtomicU64::new(1)),
        };
        if generation == Generation::Sessions {
            speaker.session = speaker.initialize().await;
        }
        speaker
    }

    /// `None` where nobody is let in.
    async fn initialize(&self) -> Option<String> {
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": SESSIONS, "capabilities": self.capabilities(),
            "clientInfo": { "name": "red-team", "version": "1" } }});
        let answer = self.post(&hello).send().await.unwrap();
        let session = answer.headers().get("mcp-session-id")?.to_str().ok()?;
        let opened = Self {
            session: Some(session.to_owned()),
            ..self.clone()
        };
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        opened.post(&ready).send().await.unwrap();
        opened.session
    }

    fn capabilities(&self) -> Value {
        match self.person {
            Some(_) => json!({ "elicitation": { "form": {} } }),
            None => json!({}),
        }
    }

    /// What a stateless request says of itself.
    pub(crate) fn meta(&self) -> Value {
        match self.generation {
            Generation::Sessions => json!({}),
            Generation::Stateless => json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": { "name": "red-team", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": self.capabilities(),
            }),
        }
    }

    /// The headers of this generation on any request.
    pub(crate) fn dress(&self, mut request: RequestBuilder) -> RequestBuilder {
        request = request
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", self.generation.version());
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        let mut request = self.dress(self.http.post(&self.url)).json(body);
        if self.generation == Generation::Stateless
            && let Some(method) = body["method"].as_str()
        {
            request = request.header("mcp-method", method);
            let params = &body["params"];
            if let Some(name) = params["name"].as_str().or(params["uri"].as_str()) {
                request = request.header("mcp-name", in_a_header(name));
            }
        }
        request
    }

    /// Ask, let the person at the client answer where one is asked, and give what comes back.
    pub(crate) async fn ask(&self, method: &str, mut params: Value, meta: &Value) -> Heard {
        let mut all = self.meta();
        if let (Some(all), Some(more)) = (all.as_object_mut(), meta.as_object()) {
            all.extend(more.clone());
        }
        if all.as_object().is_some_and(|it| !it.is_empty()) {
            params["_meta"] = all;
        }
        let body = self.request(method, &params);
        let mut heard = self.hear(&body).await;
        let state = &heard.answer["result"]["requestState"];
        if let (Some(state), Some(person)) = (state.as_str(), self.person.as_deref())
            && person != "absent"
        {
            params["requestState"] = json!(state);
            params["inputResponses"] = json!({ "confirm": word_of(person) });
            let body = self.request(method, &params);
            let second = self.hear(&body).await;
            heard.answer = second.answer;
            heard.text.push_str(&second.text);
        }
        heard
    }

    fn request(&self, method: &str, params: &Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
    }

    /// One request to its answer, questions to the person on the way included.
    async fn hear(&self, body: &Value) -> Heard {
        let mut response: Response = match self.post(body).send().await {
            Ok(response) => response,
            Err(error) => {
                let text = format!("no answer: {error}");
                let answer = json!({ "error": { "code": 0, "message": text } });
                return Heard { answer, text };
            }
        };
        let mut text = format!("{:?}\n", response.headers());
        let mut seen = 0;
        let mut body_text = String::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body_text.push_str(&String::from_utf8_lossy(&chunk));
            let messages: Vec<Value> = messages(&body_text);
            for message in messages.iter().skip(seen) {
                if message["method"] == "elicitation/create" {
                    self.answer_for_the_person(message).await;
                }
            }
            seen = messages.len();
        }
        text.push_str(&body_text);
        let answer = message(&body_text)
            .unwrap_or_else(|| json!({ "error": { "code": 0, "message": body_text } }));
        Heard { answer, text }
    }

    async fn answer_for_the_person(&self, question: &Value) {
        let word = word_of(self.person.as_deref().unwrap_or("decline"));
        let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": word});
        self.post(&answer).send().await.unwrap();
    }
}

/// As the protocol writes what is not plain ASCII.
fn in_a_header(name: &str) -> String {
    if !name.is_empty() && name.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
        return name.to_owned();
    }
    format!("=?base64?{}?=", STANDARD.encode(name))
}

/// What the person's client says for them.
fn word_of(person: &str) -> Value {
    match person {
        "accept" => json!({"action": "accept", "content": {"confirm": true}}),
        "decline" => json!({"action": "decline"}),
        _ => json!({"action": "cancel"}),
    }
}

/// The answer in a body: the last of a stream that is no request, or the whole.
pub(crate) fn message(body: &str) -> Option<Value> {
    messages(body)
        .into_iter()
        .rfind(|message| message.get("method").is_none())
        .or_else(|| serde_json::from_str(body).ok())
}

/// Whole messages of an event stream.
pub(crate) fn messages(text: &str) -> Vec<Value> {
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .filter_map(|line| line.trim_end().strip_prefix("data: "))
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}
