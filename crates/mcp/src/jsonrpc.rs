//! JSON-RPC answers for messages that never become a request: broken, too long, of the wrong shape.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::once::Once;

/// The text is not JSON. JSON-RPC 2.0 § 5.1.
pub(crate) const PARSE_ERROR: i32 = -32700;
/// JSON, but not a JSON-RPC message.
pub(crate) const INVALID_REQUEST: i32 = -32600;
/// The session is unknown, closed, or somebody else's. The code that the official SDKs use.
pub(crate) const SESSION_NOT_FOUND: i32 = -32001;
/// The server cannot take this on now.
pub(crate) const UNAVAILABLE: i32 = -32000;

/// An error response. `id` is null when the request could not be read.
pub(crate) fn error(id: &Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// Why a text is not a message, and whose answer it would be.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed {
    pub(crate) id: Value,
    pub(crate) code: i32,
    pub(crate) message: String,
}

impl Malformed {
    /// The answer to send.
    pub(crate) fn response(&self) -> Value {
        error(&self.id, self.code, &self.message)
    }
}

/// What can be seen of a message without understanding it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Envelope {
    /// `None` for a notification or a response.
    pub(crate) id: Option<Value>,
    /// `None` for a response.
    pub(crate) method: Option<String>,
}

impl Envelope {
    /// Look at a message. Its parameters are read over, not kept.
    pub(crate) fn peek(text: &[u8]) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Outline {
            #[serde(default)]
            jsonrpc: Option<Value>,
            #[serde(default)]
            id: Option<Value>,
            #[serde(default)]
            method: Option<Value>,
            #[serde(default, rename = "params")]
            _params: Once,
            #[serde(default, rename = "result")]
            _result: Once,
            #[serde(default, rename = "error")]
            _error: Once,
        }
        let invalid = |id: Value, message: &str| Malformed {
            id,
            code: INVALID_REQUEST,
            message: message.to_owned(),
        };
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => {}
            _ => return Err(not_an_object(text)),
        }
        let outline: Outline = serde_json::from_slice(text).map_err(|error| match error {
            // It is JSON, and says one thing twice.
            error if error.is_data() => invalid(Value::Null, &error.to_string()),
            error => Malformed {
                id: Value::Null,
                code: PARSE_ERROR,
                message: format!("parse error: {error}"),
            },
        })?;
        let id = match outline.id {
            None | Some(Value::Null) => None,
            Some(id @ (Value::String(_) | Value::Number(_))) => Some(id),
            Some(_) => return Err(invalid(Value::Null, "id must be a string or a number")),
        };
        let name = id.clone().unwrap_or_default();
        if outline.jsonrpc.as_ref().and_then(Value::as_str) != Some("2.0") {
            return Err(invalid(name, "jsonrpc must be \"2.0\""));
        }
        let method = match outline.method {
            None => None,
            Some(Value::String(method)) => Some(method),
            Some(_) => return Err(invalid(name, "method must be a string")),
        };
        Ok(Self { id, method })
    }
}

/// Why a text that does not open an object is refused.
fn not_an_object(text: &[u8]) -> Malformed {
    match serde_json::from_slice::<serde::de::IgnoredAny>(text) {
        Err(error) => Malformed {
            id: Value::Null,
            code: PARSE_ERROR,
            message: format!("parse error: {error}"),
        },
        Ok(_) if text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') => Malformed {
            id: Value::Null,
            code: INVALID_REQUEST,
            message: "batches are not part of this protocol; send one message at a time".to_owned(),
        },
        Ok(_) => Malformed {
            id: Value::Null,
            code: INVALID_REQUEST,
            message: "a message must be a JSON object".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> i32 {
        Envelope::peek(text.as_bytes()).unwrap_err().code
    }

    #[test]
    fn broken_json_and_wrong_shapes_are_told_apart() {
        assert_eq!(code("{\"jsonrpc\":"), PARSE_ERROR);
        assert_eq!(code("hello"), PARSE_ERROR);
        assert_eq!(code(""), PARSE_ERROR);
        assert_eq!(code("[]"), INVALID_REQUEST);
        assert_eq!(code("3"), INVALID_REQUEST);
        assert_eq!(
            code("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\"}"),
            INVALID_REQUEST
        );
        assert_eq!(
            code("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}"),
            INVALID_REQUEST
        );
    }

    #[test]
    fn a_message_that_says_a_thing_twice_is_refused() {
        for twice in [
            r#""id":1,"id":2,"method":"x""#,
            r#""id":1,"method":"x","params":{"name":"a","name":"b"}"#,
            r#""id":1,"method":"x","params":{"arguments":{"dry_run":true,"dry_run":false}}"#,
        ] {
            let text = format!("{{\"jsonrpc\":\"2.0\",{twice}}}");
            assert_eq!(code(&text), INVALID_REQUEST, "{text}");
        }
    }

    #[test]
    fn an_answer_names_the_request_where_its_id_can_be_read() {
        let refused = Envelope::peek(b"{\"id\":7,\"method\":\"x\"}").unwrap_err();
        assert_eq!(refused.response()["id"], 7);
        let seen =
            Envelope::peek(b" {\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}").unwrap();
        assert_eq!(seen.id, Some(json!("a")));
        assert_eq!(seen.method.as_deref(), Some("ping"));
    }
}
