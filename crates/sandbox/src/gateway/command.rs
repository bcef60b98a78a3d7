//! Reads what a client sends: one opcode, checked, or the close code that it earned.

use serde::Deserialize;
use serde_json::Value;

use super::close::Close;
use super::frame::op;
use crate::snowflake::Snowflake;

/// A client's frame.
#[derive(Debug)]
pub(crate) enum Command {
    Heartbeat,
    Identify(Box<Identify>),
    Presence(Value),
    Voice(VoiceChange),
    Resume(Resume),
    RequestMembers(RequestMembers),
    RequestSounds(RequestSounds),
}

/// Op 2.
#[derive(Debug, Deserialize)]
pub(crate) struct Identify {
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) intents: Option<u64>,
    /// `[shard_id, num_shards]`
    #[serde(default)]
    pub(crate) shard: Option<(u64, u64)>,
    #[serde(default)]
    pub(crate) presence: Option<Value>,
    /// Whether single frames may come compressed.
    #[serde(default)]
    pub(crate) compress: bool,
    /// 50 to 250.
    #[serde(default)]
    pub(crate) large_threshold: Option<u64>,
}

/// Op 6.
#[derive(Debug, Deserialize)]
pub(crate) struct Resume {
    pub(crate) token: String,
    pub(crate) session_id: String,
    pub(crate) seq: u64,
}

/// Op 4.
#[derive(Debug, Deserialize)]
pub(crate) struct VoiceChange {
    pub(crate) guild_id: Snowflake,
    pub(crate) channel_id: Option<Snowflake>,
    #[serde(default)]
    pub(crate) self_mute: bool,
    #[serde(default)]
    pub(crate) self_deaf: bool,
    #[serde(default)]
    pub(crate) self_video: bool,
}

/// Op 8. Exactly one of `query` and `user_ids` is given.
#[derive(Debug, Deserialize)]
pub(crate) struct RequestMembers {
    pub(crate) guild_id: OneOrMany,
    #[serde(default)]
    pub(crate) query: Option<String>,
    #[serde(default)]
    pub(crate) limit: u64,
    #[serde(default)]
    pub(crate) presences: bool,
    #[serde(default)]
    pub(crate) user_ids: Option<OneOrMany>,
    #[serde(default)]
    pub(crate) nonce: Option<Value>,
}

/// Op 31.
#[derive(Debug, Deserialize)]
pub(crate) struct RequestSounds {
    pub(crate) guild_ids: Vec<Snowflake>,
}

/// One id, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(Snowflake),
    Many(Vec<Snowflake>),
}

impl OneOrMany {
    pub(crate) fn as_slice(&self) -> &[Snowflake] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    op: u64,
    #[serde(default)]
    d: Value,
}

impl Command {
    /// Parses one text or binary message of at most so many bytes.
    pub(crate) fn parse(bytes: &[u8], max_bytes: usize) -> Result<Self, Close> {
        if bytes.len() > max_bytes {
            return Err(Close::DECODE_ERROR);
        }
        let Envelope { op, d } = serde_json::from_slice(bytes).map_err(|_| Close::DECODE_ERROR)?;
        Ok(match op {
            op::HEARTBEAT if d.is_null() || d.is_u64() => Self::Heartbeat,
            op::HEARTBEAT => return Err(Close::DECODE_ERROR),
            op::IDENTIFY => Self::Identify(Box::new(payload(d)?)),
            op::PRESENCE_UPDATE => Self::Presence(d),
            op::VOICE_STATE_UPDATE => Self::Voice(payload(d)?),
            op::RESUME => Self::Resume(payload(d)?),
            op::REQUEST_GUILD_MEMBERS => Self::RequestMembers(payload(d)?),
            op::REQUEST_SOUNDBOARD_SOUNDS => Self::RequestSounds(payload(d)?),
            _ => return Err(Close::UNKNOWN_OPCODE),
        })
    }
}

fn payload<T: for<'de> Deserialize<'de>>(data: Value) -> Result<T, Close> {
    serde_json::from_value(data).map_err(|_| Close::DECODE_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 4_096;

    fn code(text: &str) -> u16 {
        Command::parse(text.as_bytes(), MAX).expect_err(text).code
    }

    #[test]
    fn what_cannot_be_read_earns_its_close_code() {
        assert_eq!(code("not json"), 4002);
        assert_eq!(code(r#"{"op":1,"d":"x"}"#), 4002);
        assert_eq!(code(r#"{"op":2,"d":{}}"#), 4002);
        assert_eq!(code(r#"{"op":77,"d":null}"#), 4001);
        assert_eq!(
            code(&format!("{{\"op\":1,\"d\":null{}}}", " ".repeat(4_096))),
            4002
        );
    }

    #[test]
    fn identify_reads_shard_and_intents() {
        let text = r#"{"op":2,"d":{"token":"t","intents":513,"shard":[1,2],"properties":{}}}"#;
        let Ok(Command::Identify(identify)) = Command::parse(text.as_bytes(), MAX) else {
            panic!("identify is valid");
        };
        assert_eq!(
            (identify.intents, identify.shard),
            (Some(513), Some((1, 2)))
        );
    }

    #[test]
    fn members_can_be_asked_for_by_one_id_or_many() {
        for ids in ["\"5\"", "[\"5\"]"] {
            let text = format!(r#"{{"op":8,"d":{{"guild_id":"1","user_ids":{ids}}}}}"#);
            let Ok(Command::RequestMembers(request)) = Command::parse(text.as_bytes(), MAX) else {
                panic!("op 8 is valid");
            };
            let ids = request.user_ids.expect("ids");
            assert_eq!(ids.as_slice(), &[Snowflake(5)]);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_frame_panics(op in 0_u64..12, bytes in ".{0,200}", id in ".{0,8}") {
            let _ = Command::parse(bytes.as_bytes(), MAX);
            let _ = Command::parse(format!("{{\"op\":{op},\"d\":{bytes}}}").as_bytes(), MAX);
            let d = serde_json::json!({ "guild_id": id, "user_ids": id, "token": id, "seq": op });
            let _ = Command::parse(serde_json::json!({ "op": op, "d": d }).to_string().as_bytes(), MAX);
        }
    }
}
