//! Frames, read only as far as needed: the header of each, and of wanted ones the data, byte for
//! byte, with the place it is about.

use std::{borrow::Cow, sync::Arc};

use model::{Event, Id, Millis};
use serde::Deserialize;
use serde_json::value::RawValue;
use twilight_model::gateway::event::GatewayEventDeserializer;

/// Gateway opcodes that ears act on. Source: *Opcodes and Status Codes › Gateway Opcodes*.
pub(super) mod op {
    pub(in super::super) const DISPATCH: u8 = 0;
    pub(in super::super) const RECONNECT: u8 = 7;
    pub(in super::super) const INVALID_SESSION: u8 = 9;
    pub(in super::super) const HELLO: u8 = 10;
    pub(in super::super) const HEARTBEAT_ACK: u8 = 11;
}

/// The part of a frame that says what it is.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) op: u8,
    pub(super) sequence: Option<u64>,
    pub(super) kind: Option<Cow<'a, str>>,
}

/// Read the header without parsing the rest.
pub(super) fn header(frame: &str) -> Option<Header<'_>> {
    let (op, sequence, kind) = GatewayEventDeserializer::from_json(frame)?.into_parts();
    Some(Header { op, sequence, kind })
}

/// The frame's `d`, byte for byte.
pub(super) fn data(frame: &str) -> Option<Arc<RawValue>> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        d: &'a RawValue,
    }
    let envelope: Envelope<'_> = serde_json::from_str(frame).ok()?;
    Some(Arc::from(envelope.d.to_owned()))
}

/// Whether an INVALID_SESSION says that the session can be resumed.
pub(super) fn resumable(frame: &str) -> bool {
    data(frame).is_some_and(|data| data.get() == "true")
}

/// The journal's event, not yet numbered.
pub(super) fn event(kind: &str, data: Arc<RawValue>, received_at: Millis) -> Event {
    let named: Named<'_> = serde_json::from_str(data.get()).unwrap_or_default();
    let mut guild_id = named.guild_id.and_then(id);
    let mut channel_id = named.channel_id.and_then(id);
    match kind {
        "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" => {
            guild_id = guild_id.or_else(|| named.id.and_then(id));
        }
        _ if kind.starts_with("CHANNEL_") || kind.starts_with("THREAD_") => {
            channel_id = channel_id.or_else(|| named.id.and_then(id));
        }
        _ => {}
    }
    Event {
        seq: 0,
        kind: kind.to_owned(),
        guild_id,
        channel_id,
        received_at,
        data,
    }
}

/// The ids by which an event says where it belongs, whatever their type.
#[derive(Default, Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    guild_id: Option<&'a RawValue>,
    #[serde(borrow)]
    channel_id: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// An id; anything else is none, for an event is kept even where it is odd.
fn id<K>(value: &RawValue) -> Option<Id<K>> {
    value.get().trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_of(kind: &str, data: &str) -> Event {
        let raw = RawValue::from_string(data.to_owned()).unwrap();
        event(kind, Arc::from(raw), 5)
    }

    #[test]
    fn data_is_kept_byte_for_byte() {
        let frame =
            r#"{"t":"MESSAGE_CREATE","s":3,"op":0,"d":{ "flags" : 99999999999,"x":[1, 2]}}"#;
        let header = header(frame).unwrap();
        assert_eq!((header.op, header.sequence), (op::DISPATCH, Some(3)));
        assert_eq!(header.kind.as_deref(), Some("MESSAGE_CREATE"));
        assert_eq!(
            data(frame).unwrap().get(),
            r#"{ "flags" : 99999999999,"x":[1, 2]}"#
        );
    }

    #[test]
    fn an_event_knows_its_place() {
        let message = event_of(
            "MESSAGE_CREATE",
            r#"{"id":"1","channel_id":"2","guild_id":"3"}"#,
        );
        assert_eq!(message.channel_id, Id::new(2));
        assert_eq!(message.guild_id, Id::new(3));
        let thread = event_of("THREAD_CREATE", r#"{"id":"1","guild_id":"3"}"#);
        assert_eq!(thread.channel_id, Id::new(1));
        let guild = event_of("GUILD_DELETE", r#"{"id":"3","unavailable":true}"#);
        assert_eq!(guild.guild_id, Id::new(3));
        let odd = event_of("SOMETHING_NEW", r#"[{"guild_id":7}]"#);
        assert_eq!((odd.guild_id, odd.channel_id), (None, None));
    }
}
