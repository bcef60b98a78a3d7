//! Editing a message of the bot's own.

use model::{AttachmentId, ChannelId, MessageId, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    components::Components,
    compose::{self, Parts},
    embed::{self, Embed},
    first, get_message, one,
    parts::{self, AllowedMentions, File},
};
use crate::{
    ArgumentError, Change, WritePlan, limits,
    patch::{BodyFields, Patch},
    trace::{Trace, names_of},
    undo::{Setting, set_back},
    view::each,
};

/// Edit a message of the bot's own. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditMessage {
    channel_id: ChannelId,
    message_id: MessageId,
    /// New text; null removes it.
    #[serde(default)]
    #[schemars(length(max = limits::CONTENT), extend("x-remedy" = "shorten it or send another message"))]
    content: Patch<String>,
    /// [] removes them.
    #[schemars(length(max = limits::EMBEDS))]
    embeds: Option<Vec<Embed>>,
    /// [] removes them.
    components: Option<Components>,
    /// Files to add.
    #[serde(default)]
    #[schemars(length(max = limits::FILES))]
    files: Vec<File>,
    /// Attachments to keep; all others go.
    #[schemars(length(max = limits::FILES))]
    keep_attachments: Option<Vec<AttachmentId>>,
    allowed_mentions: Option<AllowedMentions>,
}

pub(super) fn edit(args: &EditMessage) -> Result<WritePlan, ArgumentError> {
    let content = match &args.content {
        Patch::Set(text) => Some(text.as_str()),
        Patch::Keep | Patch::Clear => None,
    };
    let given = Parts {
        content,
        embeds: args.embeds.as_deref().unwrap_or_default(),
        components: args.components.as_ref(),
        files: &args.files,
        allowed_mentions: args.allowed_mentions.as_ref(),
        ..Parts::default()
    };
    given.check()?;
    let (files, new) = parts::files(&args.files)?;
    let attachments = args.keep_attachments.as_ref().map(|kept| {
        let kept = kept.iter().map(|id| json!({"id": id}));
        kept.chain(new.clone()).collect::<Vec<_>>()
    });
    let flags = given.flags();
    let body = BodyFields::new()
        .patch("content", &args.content)
        .given("embeds", args.embeds.as_ref().map(|embeds| json!(embeds)))
        .given("components", args.components.as_ref().map(Components::body))
        .given("attachments", attachments)
        .given("flags", (flags != 0).then_some(flags));
    if body.is_empty() && files.is_empty() {
        return Err(ArgumentError::together(
            "nothing to edit: give at least one part of the message",
        ));
    }
    let body: Value = body
        .set(
            "allowed_mentions",
            AllowedMentions::body(args.allowed_mentions.as_ref()),
        )
        .into();
    let mut wanted = compose::preview(&body, &files);
    if let Some(wanted) = wanted.as_object_mut() {
        wanted.remove("allowed_mentions");
    }
    let attached = body["attachments"].is_array();
    let touched = names_of(&wanted);
    let touches = image(&wanted, &touched);
    let request = Request::patch(get_message(args.channel_id, args.message_id).path)
        .json(body)
        .files(files);
    let id = args.message_id;
    let change =
        move |live: &[Value]| Change::edits(format!("edit message {id}"), first(live), &wanted);
    let ids = json!({"channel_id": args.channel_id, "message_id": id});
    let inverse = set_back("discord_edit_message", ids, SETTINGS, &["content"]);
    let inverse = if attached {
        inverse.losing("attachments that the edit removed")
    } else {
        inverse
    };
    Ok(WritePlan::new(request, change, one)
        .live(vec![get_message(args.channel_id, id)])
        .traced(Trace::state(move |live| image(first(live), &touched), touches).answered())
        .undone(inverse)
        .needing(given.needs()))
}

/// The parts that an edit may change, and how they are given again.
const SETTINGS: &[Setting] = &[
    Setting {
        told: |content| match content.as_str() {
            None | Some("") => Value::Null,
            Some(_) => content.clone(),
        },
        ..Setting::new("content", "content")
    },
    Setting::new("embeds", "embeds"),
    Setting::new("components", "components"),
    Setting::new("attachments", "keep_attachments"),
];

/// The parts of a message that an edit touches, as arguments write them.
fn image(message: &Value, touched: &[String]) -> Value {
    if !message.is_object() {
        return Value::Null;
    }
    let part = |name: &String| {
        let part = match name.as_str() {
            "embeds" => embed::told(&message["embeds"]),
            "attachments" => each(&message["attachments"], |file| file["id"].clone()),
            name => message[name].clone(),
        };
        (name.clone(), part)
    };
    Value::Object(touched.iter().map(part).collect())
}
