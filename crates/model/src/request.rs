//! A REST request to Discord as a value: built by pure functions, judged by the gate, sent by hands.

use std::fmt;

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::Id;

/// What must be encoded inside one path segment (RFC 3986 `pchar` less the reserved ones).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'[')
    .add(b']')
    .add(b'@')
    .add(b':');

/// HTTP method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether sending it twice has the effect of sending it once (RFC 9110 § 9.2.2).
    pub fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }
}

/// A path that remembers its template. The template is the one of Discord's OpenAPI document,
/// so operation, rate-limit bucket and policy target all come from it. Build it with [`path!`](crate::path).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// e.g. `/channels/{channel_id}/messages`.
    pub template: String,
    /// e.g. `/channels/175928847299117063/messages`, percent-encoded.
    pub text: String,
    /// The named parts in order, unencoded.
    pub parameters: Vec<(String, String)>,
}

impl Path {
    /// Fill a template. Prefer [`path!`](crate::path), which checks the names at its call site.
    ///
    /// # Panics
    /// When template and parameters do not match: the tables of tools are static, and a test
    /// builds each of their requests.
    pub fn fill(template: &str, parameters: &[(&str, &dyn Segment)]) -> Self {
        let mut text = template.to_owned();
        let mut named = Vec::with_capacity(parameters.len());
        for (name, value) in parameters {
            let hole = format!("{{{name}}}");
            assert!(text.contains(&hole), "{template} has no parameter {name}");
            let raw = value.segment();
            text = text.replacen(&hole, &utf8_percent_encode(&raw, SEGMENT).to_string(), 1);
            named.push(((*name).to_owned(), raw));
        }
        assert_eq!(
            template.matches('{').count(),
            named.len(),
            "{template} needs more parameters"
        );
        Self {
            template: template.to_owned(),
            text,
            parameters: named,
        }
    }

    /// The value of a named part.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// An id among the named parts, e.g. `path.id::<kind::Guild>("guild_id")`.
    pub fn id<K>(&self, name: &str) -> Option<Id<K>> {
        self.parameter(name)?.parse().ok()
    }

    /// The first `guild_id`, `channel_id` or `webhook_id` (with its token): Discord counts rate
    /// limits apart for each. Source: Discord documentation, *Rate Limits*.
    pub fn major(&self) -> String {
        let Some((name, value)) = self
            .parameters
            .iter()
            .find(|(n, _)| matches!(n.as_str(), "guild_id" | "channel_id" | "webhook_id"))
        else {
            return String::new();
        };
        match self.parameter("webhook_token") {
            Some(token) if name == "webhook_id" => format!("{value}/{token}"),
            _ => value.clone(),
        }
    }
}

/// Something that can stand between two slashes of a path.
pub trait Segment {
    /// Its text, not yet percent-encoded.
    fn segment(&self) -> String;
}

impl<K> Segment for Id<K> {
    fn segment(&self) -> String {
        self.to_string()
    }
}
impl Segment for String {
    fn segment(&self) -> String {
        self.clone()
    }
}
impl Segment for str {
    fn segment(&self) -> String {
        self.to_owned()
    }
}
impl Segment for &str {
    fn segment(&self) -> String {
        (*self).to_owned()
    }
}

/// Fill a path template by name: `path!("/channels/{channel_id}", channel_id = args.channel_id)`.
#[macro_export]
macro_rules! path {
    ($template:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::request::Path::fill($template, &[$((stringify!($name), &$value)),*])
    };
}

/// Whether the bot's token goes with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestAuth {
    /// `Authorization: Bot …`.
    Bot,
    /// The path carries a token of its own (webhook, interaction); outside the global limit.
    InPath,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    #[default]
    None,
    Json(Value),
    /// `multipart/form-data`: `payload_json`, then `files[0]`, `files[1]` …
    Multipart {
        payload: Value,
        files: Vec<FilePart>,
    },
}

impl Body {
    /// The JSON part, if any.
    pub fn json(&self) -> Option<&Value> {
        match self {
            Self::None => None,
            Self::Json(value) | Self::Multipart { payload: value, .. } => Some(value),
        }
    }
}

/// One file to upload.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    pub filename: String,
    pub content_type: String,
    #[serde(with = "base64_bytes")]
    pub bytes: Bytes,
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FilePart({:?}, {} bytes)",
            self.filename,
            self.bytes.len()
        )
    }
}

/// One request to Discord's REST API.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub method: Method,
    pub path: Path,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    #[serde(default)]
    pub body: Body,
    /// Goes into Discord's audit log (`X-Audit-Log-Reason`, 1–512 characters).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub auth: RequestAuth,
}

/// A path may hold a webhook's token and a body people's words, so neither is shown.
impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path.template)
    }
}

impl Request {
    /// A request with the bot's token and nothing else.
    pub fn new(method: Method, path: Path) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            body: Body::None,
            reason: None,
            auth: RequestAuth::Bot,
        }
    }

    pub fn get(path: Path) -> Self {
        Self::new(Method::Get, path)
    }
    pub fn post(path: Path) -> Self {
        Self::new(Method::Post, path)
    }
    pub fn put(path: Path) -> Self {
        Self::new(Method::Put, path)
    }
    pub fn patch(path: Path) -> Self {
        Self::new(Method::Patch, path)
    }
    pub fn delete(path: Path) -> Self {
        Self::new(Method::Delete, path)
    }

    /// Add a query parameter; `None` adds nothing.
    #[must_use]
    pub fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((name.to_owned(), value.to_string()));
        }
        self
    }

    /// Set the JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// Attach files to the JSON body.
    #[must_use]
    pub fn files(mut self, files: Vec<FilePart>) -> Self {
        if files.is_empty() {
            return self;
        }
        let payload = self
            .body
            .json()
            .cloned()
            .unwrap_or(Value::Object(serde_json::Map::new()));
        self.body = Body::Multipart { payload, files };
        self
    }

    /// Set the reason for Discord's audit log.
    #[must_use]
    pub fn reason(mut self, reason: Option<&String>) -> Self {
        self.reason = reason.cloned();
        self
    }

    /// Send without the bot's token: the path carries its own.
    #[must_use]
    pub fn without_bot_token(mut self) -> Self {
        self.auth = RequestAuth::InPath;
        self
    }

    /// Whether Discord will recognise a repetition: idempotent methods, and messages with an
    /// enforced nonce. Source: Discord documentation, *Create Message*, `enforce_nonce`.
    pub fn may_be_repeated(&self) -> bool {
        self.method.is_idempotent() || self.nonce().is_some()
    }

    /// The nonce, where Discord enforces it.
    pub fn nonce(&self) -> Option<&str> {
        let body = self.body.json()?;
        body.get("enforce_nonce")
            .and_then(Value::as_bool)
            .filter(|enforced| *enforced)?;
        body.get("nonce")?.as_str()
    }
}

mod base64_bytes {
    //! File bytes as text, so that an outbox row is one JSON document.
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, s: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        s.serialize_str(&base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Bytes, D::Error> {
        use base64::Engine as _;
        let text = String::deserialize(d)?;
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ChannelId;

    #[test]
    fn a_path_remembers_its_template_and_its_major_id() {
        let channel = ChannelId::new(42).unwrap();
        let path = crate::path!(
            "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
            channel_id = channel,
            message_id = "7",
            emoji_name = "a/b:1"
        );
        assert_eq!(path.text, "/channels/42/messages/7/reactions/a%2Fb%3A1/@me");
        assert_eq!(path.major(), "42");
        assert_eq!(path.id("channel_id"), Some(channel));
    }

    #[test]
    fn only_an_enforced_nonce_makes_a_post_repeatable() {
        let post = Request::post(crate::path!("/users/@me/channels"));
        assert!(
            !post
                .clone()
                .json(serde_json::json!({"nonce": "1"}))
                .may_be_repeated()
        );
        assert!(
            post.json(serde_json::json!({"nonce": "1", "enforce_nonce": true}))
                .may_be_repeated()
        );
    }
}
