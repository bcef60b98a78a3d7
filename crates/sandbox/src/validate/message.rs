//! The body of a message being created or edited.

use serde_json::{Value, json};

use super::component::{self, IS_COMPONENTS_V2};
use super::embed;
use super::form::{Form, Patch};
use crate::world::message::{
    AllowedMentions, MessageEdit, NewAttachment, NewMessage, NewPoll, NewReference, UploadedFile,
};
use crate::world::{Answer, Refusal};

pub(crate) const MAX_CONTENT: usize = 2_000;
const MAX_ATTACHMENTS: usize = 10;
const MAX_NONCE: usize = 25;

/// Reads the body of "create message"; `files` are the parts of a multipart request.
pub(crate) fn read_new(body: &Value, files: Vec<UploadedFile>) -> Answer<NewMessage> {
    let mut form = Form::new(body);
    let flags = form.bits("flags").value().unwrap_or_default();
    let mut message = NewMessage {
        content: form
            .text("content", 0..=MAX_CONTENT)
            .value()
            .unwrap_or_default(),
        embeds: embed::read(&mut form).value().unwrap_or_default(),
        flags,
        tts: form.flag("tts").value().unwrap_or_default(),
        nonce: nonce(&mut form),
        enforce_nonce: form.flag("enforce_nonce").value().unwrap_or_default(),
        reference: reference(&mut form),
        sticker_ids: form.ids("sticker_ids", 0..=3).value().unwrap_or_default(),
        poll: poll(&mut form),
        ..NewMessage::default()
    };
    message.allowed_mentions = allowed_mentions(&mut form);
    message.attachments = attachments(&mut form, files).unwrap_or_default();
    let components = form.raw("components").value();
    form.finish()?;
    if let Some(components) = components {
        message.components = component::read(components, flags)?;
    }
    refuse_mixed_v2(
        flags,
        &message.content,
        &message.embeds,
        message.poll.is_some(),
    )?;
    Ok(message)
}

/// Reads the body of "edit message".
pub(crate) fn read_edit(body: &Value, files: Vec<UploadedFile>) -> Answer<MessageEdit> {
    let mut form = Form::new(body);
    let flags = form.bits("flags").value();
    let content = form.text("content", 0..=MAX_CONTENT).given();
    let embeds = embed::read(&mut form).given();
    let allowed_mentions = allowed_mentions(&mut form);
    let keeps_all = matches!(form.raw("attachments"), Patch::Absent);
    let attachments = attachments(&mut form, files);
    let components = form.raw("components").given();
    form.finish()?;
    let components = match components {
        None => None,
        Some(None) => Some(Vec::new()),
        Some(Some(value)) => Some(component::read(value, flags.unwrap_or_default())?),
    };
    Ok(MessageEdit {
        content: content.map(Option::unwrap_or_default),
        embeds: embeds.map(Option::unwrap_or_default),
        components,
        allowed_mentions,
        flags,
        attachments,
        keeps_all_attachments: keeps_all,
    })
}

fn refuse_mixed_v2(flags: u64, content: &str, embeds: &[Value], poll: bool) -> Answer<()> {
    if flags & IS_COMPONENTS_V2 == 0 {
        return Ok(());
    }
    let used = [
        ("content", !content.is_empty()),
        ("embeds", !embeds.is_empty()),
        ("poll", poll),
    ];
    for (field, used) in used {
        if used {
            let message = "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2";
            let code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
            return Err(Refusal::field(field, code, message));
        }
    }
    Ok(())
}

fn nonce(form: &mut Form<'_>) -> Option<Value> {
    let value = form.raw("nonce").value()?;
    let fits = match value {
        Value::String(text) => text.chars().count() <= MAX_NONCE,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    if !fits {
        let message = format!("Must be an integer or text of at most {MAX_NONCE} characters.");
        form.error("nonce", "NONCE_TYPE_TOO_LONG", &message);
    }
    Some(value.clone())
}

fn reference(form: &mut Form<'_>) -> Option<NewReference> {
    let read = form.object("message_reference", |reference| {
        let id = reference.id("message_id");
        NewReference {
            message_id: reference.required("message_id", id),
            channel_id: reference.id("channel_id").value(),
            forward: reference.choice("type", &[0, 1]).value() == Some(1),
            fail_if_not_exists: reference.flag("fail_if_not_exists").value().unwrap_or(true),
        }
    });
    read.value()
}

fn allowed_mentions(form: &mut Form<'_>) -> Option<AllowedMentions> {
    let read = form.object("allowed_mentions", |mentions| {
        let parse = match mentions.raw("parse") {
            Patch::Value(Value::Array(items)) => items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        for kind in &parse {
            if !["users", "roles", "everyone"].contains(&kind.as_str()) {
                let message = "Value must be one of ('everyone', 'roles', 'users').";
                mentions.error("parse", "BASE_TYPE_CHOICES", message);
            }
        }
        let users = mentions.ids("users", 0..=100).value().unwrap_or_default();
        let roles = mentions.ids("roles", 0..=100).value().unwrap_or_default();
        for (key, listed) in [("users", &users), ("roles", &roles)] {
            if !listed.is_empty() && parse.iter().any(|kind| kind == key) {
                let message =
                    format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive.");
                mentions.error(key, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message);
            }
        }
        AllowedMentions {
            everyone: parse.iter().any(|kind| kind == "everyone"),
            all_users: parse.iter().any(|kind| kind == "users"),
            all_roles: parse.iter().any(|kind| kind == "roles"),
            users,
            roles,
            replied_user: mentions.flag("replied_user").value().unwrap_or_default(),
        }
    });
    read.value()
}

/// Joins `attachments` with the uploaded files; `None` when neither was given.
fn attachments(form: &mut Form<'_>, files: Vec<UploadedFile>) -> Option<Vec<NewAttachment>> {
    let described = form.objects("attachments", 0..=MAX_ATTACHMENTS, |attachment| {
        let id = attachment.id("id");
        NewAttachment {
            id: attachment.required("id", id),
            filename: attachment.text("filename", 0..=1_024).value(),
            description: attachment.text("description", 0..=1_024).value(),
            file: None,
        }
    });
    if files.len() > MAX_ATTACHMENTS {
        let message = format!("Must be {MAX_ATTACHMENTS} or fewer in length.");
        form.error("attachments", "BASE_TYPE_MAX_LENGTH", &message);
    }
    let given = described.given().map(Option::unwrap_or_default);
    if given.is_none() && files.is_empty() {
        return None;
    }
    let mut all = given.unwrap_or_default();
    for file in files {
        if let Some(known) = all.iter_mut().find(|known| known.id.0 == file.index) {
            known.file = Some(file);
        } else {
            let id = crate::snowflake::Snowflake(file.index);
            all.push(NewAttachment {
                id,
                filename: None,
                description: None,
                file: Some(file),
            });
        }
    }
    Some(all)
}

fn poll(form: &mut Form<'_>) -> Option<NewPoll> {
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

fn poll_emoji(emoji: &Value) -> Value {
    let id = emoji["id"].as_str().filter(|id| id.parse::<u64>().is_ok());
    json!({"id": id, "name": emoji["name"].as_str().unwrap_or_default()})
}
