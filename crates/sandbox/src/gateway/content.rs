//! Withholds what people wrote from sessions without the MESSAGE_CONTENT intent, except where
//! Discord lets it through: own messages, direct messages, and messages that mention the bot.

use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::world::message::render::withhold;

/// Whether a dispatch carries a message.
pub(crate) fn carries_message(kind: &str) -> bool {
    // What tripped a rule of AutoMod is withheld as well.
    matches!(
        kind,
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "AUTO_MODERATION_ACTION_EXECUTION"
    )
}

/// The message without its content, or `None` when the bot may read all of it.
pub(crate) fn withheld(message: &Value, bot: Snowflake) -> Option<Value> {
    let bot = bot.to_string();
    if message.get("guild_id").is_none_or(Value::is_null) {
        return None;
    }
    let own = may_read(message, &bot);
    let replied = message
        .get("referenced_message")
        .filter(|replied| replied.is_object());
    let replied_readable = replied.is_none_or(|replied| may_read(replied, &bot));
    if own && replied_readable {
        return None;
    }
    let mut message = message.clone();
    if !own {
        empty(&mut message);
    }
    if !replied_readable {
        empty(&mut message["referenced_message"]);
    }
    Some(message)
}

fn may_read(message: &Value, bot: &str) -> bool {
    message["author"]["id"] == bot
        || message["mentions"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["id"] == bot))
}

fn empty(message: &mut Value) {
    withhold(message);
    if let Some(matched) = message.get_mut("matched_content") {
        *matched = json!("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(extra: &Value) -> Value {
        let mut message = json!({
            "guild_id": "1", "author": { "id": "2" }, "mentions": [], "content": "hi",
            "embeds": [{}], "attachments": [{}], "components": [{}], "poll": {},
        });
        for (name, value) in extra.as_object().unwrap() {
            message[name] = value.clone();
        }
        message
    }

    #[test]
    fn a_stranger_s_words_are_emptied_and_the_poll_is_gone() {
        let seen = withheld(&said(&json!({})), Snowflake(9)).unwrap();
        assert_eq!(seen["content"], "");
        assert_eq!(seen["embeds"], json!([]));
        assert!(seen.get("poll").is_none());
        assert_eq!(seen["author"]["id"], "2");
    }

    #[test]
    fn own_messages_mentions_and_direct_messages_stay_whole() {
        let bot = Snowflake(9);
        assert!(withheld(&said(&json!({ "author": { "id": "9" } })), bot).is_none());
        assert!(withheld(&said(&json!({ "mentions": [{ "id": "9" }] })), bot).is_none());
        assert!(withheld(&said(&json!({ "guild_id": null })), bot).is_none());
    }

    #[test]
    fn a_quoted_message_is_judged_by_itself() {
        let quoted = said(&json!({ "content": "secret" }));
        let reply = said(&json!({ "mentions": [{ "id": "9" }], "referenced_message": quoted }));
        let seen = withheld(&reply, Snowflake(9)).unwrap();
        assert_eq!(seen["content"], "hi");
        assert_eq!(seen["referenced_message"]["content"], "");
    }
}
