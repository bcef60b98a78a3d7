//! Interactions carry a token that answers them. It is a credential: it is handed on in memory, and
//! taken out of what is kept.

use std::sync::Arc;

use model::{Millis, interaction::Interaction};
use serde_json::{Map, Value, value::RawValue};

/// Gateway event of a new interaction.
pub(super) const KIND: &str = "INTERACTION_CREATE";
const TOKEN: &str = "token";

/// The event without its token, and what can be answered with it. `None` where it cannot be read: it
/// might hold a token all the same.
pub(super) fn without_token(
    data: &RawValue,
    received_at: Millis,
) -> Option<(Arc<RawValue>, Option<Interaction>)> {
    let mut event: Map<String, Value> = serde_json::from_str(data.get()).ok()?;
    let token = event.remove(TOKEN);
    let kept = serde_json::value::to_raw_value(&event).ok()?;
    let interaction = token
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|token| interaction(&event, token, received_at));
    Some((Arc::from(kept), interaction))
}

fn interaction(event: &Map<String, Value>, token: &str, at: Millis) -> Option<Interaction> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let custom_id = event.get("data").and_then(|data| data.get("custom_id"));
    Some(Interaction {
        id: event.get("id")?.as_str()?.parse().ok()?,
        application_id: text(event.get("application_id"))?,
        token: token.to_owned(),
        custom_id: text(custom_id).unwrap_or_default(),
        received_at: at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str) -> Option<(Arc<RawValue>, Option<Interaction>)> {
        let raw = RawValue::from_string(data.to_owned()).unwrap();
        without_token(&raw, 5)
    }

    #[test]
    fn the_token_is_handed_on_and_not_kept() {
        let (kept, interaction) = read(
            r#"{"id":"7","application_id":"8","token":"very-secret","type":3,
                "data":{"custom_id":"approval.x","component_type":2},"channel_id":"9"}"#,
        )
        .unwrap();
        assert!(!kept.get().contains("very-secret"));
        assert!(!kept.get().contains("token"));
        assert!(kept.get().contains("approval.x"));
        let interaction = interaction.unwrap();
        assert_eq!(interaction.token, "very-secret");
        assert_eq!(interaction.custom_id, "approval.x");
        assert_eq!(interaction.received_at, 5);
        assert!(!format!("{interaction:?}").contains("very-secret"));
    }

    #[test]
    fn what_cannot_be_read_is_not_kept_and_what_has_no_token_is_not_handed_on() {
        assert!(read(r#"["token", "very-secret"]"#).is_none());
        let (_, interaction) = read(r#"{"id":"7","application_id":"8"}"#).unwrap();
        assert_eq!(interaction, None);
    }
}
