//! The poll of a message.

use serde_json::{Value, json};

use super::form::Form;
use crate::world::message::NewPoll;

pub(super) fn poll(form: &mut Form<'_>) -> Option<NewPoll> {
    let read = form.object("poll", |poll| {
        let question = poll.object("question", |media| {
            let text = media.text("text", 1..=300);
            media.required("text", text)
        });
        let answers = poll.objects("answers", 1..=10, |answer| {
            let media = answer.object("poll_media", |media| {
                let text = media.text("text", 0..=55).value().unwrap_or_default();
                let emoji = media.raw("emoji").value().map(poll_emoji);
                if text.is_empty() && emoji.is_none() {
                    media.error("text", "BASE_TYPE_REQUIRED", "This field is required");
                }
                let mut rendered = json!({});
                if !text.is_empty() {
                    rendered["text"] = json!(text);
                }
                if let Some(emoji) = emoji {
                    rendered["emoji"] = emoji;
                }
                rendered
            });
            answer.required("poll_media", media)
        });
        poll.choice("layout_type", &[1]);
        NewPoll {
            question: poll.required("question", question),
            answers: poll.required("answers", answers),
            hours: poll
                .integer("duration", 1..=768)
                .value()
                .unwrap_or(24)
                .unsigned_abs(),
            multiselect: poll.flag("allow_multiselect").value().unwrap_or_default(),
        }
    });
    read.value()
}

/// A custom emoji by id, or one of Unicode by name; the world fills in the rest.
fn poll_emoji(emoji: &Value) -> Value {
    let id = emoji["id"].as_str().filter(|id| id.parse::<u64>().is_ok());
    match id {
        Some(id) => json!({"id": id}),
        None => json!({"id": null, "name": emoji["name"].as_str().unwrap_or_default()}),
    }
}
