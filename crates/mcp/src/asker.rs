//! A client that works for a Discord user says so beside the call, where no model writes, and the
//! call is cut to what that user may do there. It takes rights away and never gives any, so every
//! client may say it; said wrongly, it stops the call.

use model::{ChannelId, Origin, UserId};
use rmcp::{ErrorData, model::RequestMetaObject};
use serde::Deserialize;

/// The member of `_meta`: `{"user_id": "1", "channel_id": "2"}`, ids as texts, the channel where
/// they asked, if that is known.
pub(crate) const MEMBER: &str = "guildhall/asked_by";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedBy {
    user_id: UserId,
    #[serde(default)]
    channel_id: Option<ChannelId>,
}

/// Where a call comes from: the door it came through, or the user for whom it is made.
///
/// # Errors
/// `-32602` where somebody is named in a way that is not understood.
pub(crate) fn origin(door: Origin, meta: &RequestMetaObject) -> Result<Origin, ErrorData> {
    let Some(said) = meta.0.0.get(MEMBER) else {
        return Ok(door);
    };
    let asked: AskedBy = serde_json::from_value(said.clone()).map_err(|error| {
        ErrorData::invalid_params(
            format!("_meta[\"{MEMBER}\"] must be an object with `user_id`: {error}"),
            None,
        )
    })?;
    Ok(Origin::Discord {
        user: asked.user_id,
        channel: asked.channel_id,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(member: Value) -> Result<Origin, ErrorData> {
        let mut meta = RequestMetaObject::default();
        meta.0.0.insert(MEMBER.to_owned(), member);
        origin(Origin::Http, &meta)
    }

    #[test]
    fn whoever_is_named_is_who_asked() {
        assert_eq!(
            origin(Origin::Http, &RequestMetaObject::default()).unwrap(),
            Origin::Http
        );
        assert_eq!(
            said(json!({"user_id": "7", "channel_id": "8"})).unwrap(),
            Origin::Discord {
                user: UserId::new(7).unwrap(),
                channel: ChannelId::new(8),
            }
        );
    }

    #[test]
    fn what_is_not_understood_stops_the_call() {
        for wrong in [
            json!(null),
            json!("7"),
            json!({}),
            json!({"user_id": 7}),
            json!({"user_id": "0"}),
            json!({"user_id": "7", "guild_id": "1"}),
        ] {
            assert!(said(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
