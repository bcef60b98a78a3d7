//! The body of a message being created or edited.

use serde_json::Value;

use super::attachment::attachments;
use super::component::{self, IS_COMPONENTS_V2};
use super::embed;
use super::form::{Form, Patch};
use super::poll::poll;
use crate::world::message::{
    AllowedMentions, MessageEdit, NewMessage, NewReference, UploadedFile, flag,
};
use crate::world::{Answer, Refusal};

pub(crate) const MAX_CONTENT: usize = 2_000;
const MAX_NONCE: usize = 25;

/// Reads the body of "create message"; `files` are the parts of a multipart request.
pub(crate) fn read_new(body: &Value, files: Vec<UploadedFile>) -> Answer<NewMessage> {
    let mut form = Form::new(body);
    let flags = form.bits("flags").value().unwrap_or_default();
    let mut message = NewMessage {
        content: trimmed(form.text("content", 0..=MAX_CONTENT).value()),
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
    if flags & flag::IS_VOICE_MESSAGE != 0 {
        refuse_strange_voice(&message)?;
    }
    Ok(message)
}

/// Discord takes the white space around a text away.
fn trimmed(content: Option<String>) -> String {
    content.unwrap_or_default().trim().to_owned()
}

/// A voice message is one recording with its waveform, and nothing else.
fn refuse_strange_voice(message: &NewMessage) -> Answer<()> {
    let bare = NewMessage {
        attachments: Vec::new(),
        ..message.clone()
    };
    if !bare.is_empty() {
        let text = "Voice messages do not support additional content.";
        return Err(Refusal::new(400, 50_159, text));
    }
    let is_audio = |kind: &str| kind.starts_with("audio/");
    let recording = match message.attachments.as_slice() {
        [one] => one.file.as_ref().filter(|file| {
            let kind = file.content_type.as_deref();
            kind.is_some_and(is_audio)
        }),
        _ => None,
    };
    if recording.is_none() {
        let text = "Voice messages must have a single audio attachment.";
        return Err(Refusal::new(400, 50_160, text));
    }
    if message.attachments.iter().any(|one| one.voice.is_none()) {
        let text = "Voice messages must have supporting metadata.";
        return Err(Refusal::new(400, 50_161, text));
    }
    Ok(())
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
        content: content.map(trimmed),
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
        let forward = reference.choice("type", &[0, 1]).value() == Some(1);
        let channel_id = reference.id("channel_id");
        if forward {
            reference.required("channel_id", channel_id.clone());
        }
        NewReference {
            message_id: reference.required("message_id", id),
            channel_id: channel_id.value(),
            forward,
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
