//! What the bridge sees of a message: enough for headers, sessions and cancellation.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::jsonrpc::{Envelope, Malformed};

/// A message on its way to the service, byte for byte.
pub(super) struct Message {
    pub(super) text: Bytes,
    /// `None` for a notification or a response.
    pub(super) id: Option<Value>,
    pub(super) method: Option<String>,
    /// The version that a stateless request names.
    pub(super) version: Option<String>,
    /// What a stateless request is about: a tool's name or a resource's URI.
    pub(super) name: Option<String>,
    cancels: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Outline {
    #[serde(default)]
    params: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    request_id: Option<Value>,
    #[serde(default, rename = "_meta")]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<String>,
}

impl Message {
    pub(super) fn read(text: Bytes) -> Result<Self, Malformed> {
        let Envelope { id, method } = Envelope::peek(&text)?;
        // Parameters of a shape that we do not know are the service's to refuse.
        let Parameters {
            name,
            uri,
            request_id,
            meta,
        } = serde_json::from_slice::<Outline>(&text)
            .unwrap_or_default()
            .params;
        let named = match method.as_deref() {
            Some("tools/call" | "prompts/get") => name,
            Some("resources/read") => uri,
            _ => None,
        };
        Ok(Self {
            text,
            // A response names the request that it answers, but waits for nothing itself.
            id: if method.is_some() { id } else { None },
            cancels: request_id.filter(|_| method.as_deref() == Some("notifications/cancelled")),
            method,
            version: meta.version,
            name: named,
        })
    }

    /// The id of the request that this cancels.
    pub(super) fn cancels(&self) -> Option<String> {
        self.cancels.as_ref().map(ToString::to_string)
    }

    /// Whether it is part of opening a session.
    pub(super) fn opens_session(&self) -> bool {
        self.is("initialize") || self.is("notifications/initialized")
    }

    pub(super) fn is(&self, method: &str) -> bool {
        self.method.as_deref() == Some(method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_headers_need_is_seen_and_the_rest_is_not_touched() {
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"discord_x",
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let message = Message::read(Bytes::from_static(text.as_bytes())).unwrap();
        assert_eq!(message.name.as_deref(), Some("discord_x"));
        assert_eq!(message.version.as_deref(), Some("2026-07-28"));
        assert_eq!(message.text, text);
        let response = Message::read(Bytes::from_static(
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        ));
        assert_eq!(response.unwrap().id, None);
    }

    #[test]
    fn a_cancellation_names_its_request() {
        let text =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}"#;
        let message = Message::read(Bytes::from_static(text.as_bytes())).unwrap();
        assert_eq!(message.cancels(), Some("\"a\"".to_owned()));
    }
}
