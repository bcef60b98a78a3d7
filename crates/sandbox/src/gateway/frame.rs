//! Writes Gateway frames. `t`, `s` and `op` come before `d`, as Discord writes them: clients peek
//! at the head of a frame before they parse the rest.

use axum::extract::ws::Utf8Bytes;
use serde_json::{Value, json};

/// Gateway opcodes (Discord: Topics › Opcodes and Status Codes).
pub(crate) mod op {
    pub(crate) const HEARTBEAT: u64 = 1;
    pub(crate) const IDENTIFY: u64 = 2;
    pub(crate) const PRESENCE_UPDATE: u64 = 3;
    pub(crate) const VOICE_STATE_UPDATE: u64 = 4;
    pub(crate) const RESUME: u64 = 6;
    pub(crate) const RECONNECT: u64 = 7;
    pub(crate) const REQUEST_GUILD_MEMBERS: u64 = 8;
    pub(crate) const INVALID_SESSION: u64 = 9;
    pub(crate) const HELLO: u64 = 10;
    pub(crate) const HEARTBEAT_ACK: u64 = 11;
    pub(crate) const REQUEST_SOUNDBOARD_SOUNDS: u64 = 31;
}

/// A dispatch; `data` is JSON already.
pub(crate) fn dispatch(kind: &str, sequence: u64, data: &str) -> Utf8Bytes {
    let mut text = String::with_capacity(data.len() + kind.len() + 40);
    text.push_str("{\"t\":\"");
    text.push_str(kind);
    text.push_str("\",\"s\":");
    text.push_str(&sequence.to_string());
    text.push_str(",\"op\":0,\"d\":");
    text.push_str(data);
    text.push('}');
    Utf8Bytes::from(text)
}

/// HELLO: how often the client is to send a heartbeat.
pub(crate) fn hello(heartbeat_interval_ms: u64) -> Utf8Bytes {
    let data = json!({ "heartbeat_interval": heartbeat_interval_ms, "_trace": ["sandbox"] });
    plain(op::HELLO, &data)
}

/// Asks the client for a heartbeat at once.
pub(crate) fn heartbeat() -> Utf8Bytes {
    plain(op::HEARTBEAT, &Value::Null)
}

/// The answer to a heartbeat.
pub(crate) fn heartbeat_ack() -> Utf8Bytes {
    plain(op::HEARTBEAT_ACK, &Value::Null)
}

/// Asks the client to reconnect and resume.
pub(crate) fn reconnect() -> Utf8Bytes {
    plain(op::RECONNECT, &Value::Null)
}

/// Tells the client that its session is gone, or may be resumed.
pub(crate) fn invalid_session(resumable: Resumable) -> Utf8Bytes {
    plain(
        op::INVALID_SESSION,
        &Value::Bool(resumable == Resumable::Yes),
    )
}

/// Whether a session survives what ends its connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Resumable {
    Yes,
    No,
}

impl From<bool> for Resumable {
    fn from(resumable: bool) -> Self {
        if resumable { Self::Yes } else { Self::No }
    }
}

fn plain(op: u64, data: &Value) -> Utf8Bytes {
    Utf8Bytes::from(format!(
        "{{\"t\":null,\"s\":null,\"op\":{op},\"d\":{data}}}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_sequence_and_opcode_come_before_the_data() {
        let text = dispatch("MESSAGE_CREATE", 7, "{\"op\":99}");
        assert_eq!(
            text.as_str(),
            r#"{"t":"MESSAGE_CREATE","s":7,"op":0,"d":{"op":99}}"#
        );
        assert_eq!(
            invalid_session(Resumable::No).as_str(),
            r#"{"t":null,"s":null,"op":9,"d":false}"#
        );
    }

    #[test]
    fn frames_are_valid_json() {
        for text in [hello(41_250), heartbeat_ack(), reconnect()] {
            assert!(
                serde_json::from_str::<Value>(text.as_str()).is_ok(),
                "{text:?}"
            );
        }
    }
}
