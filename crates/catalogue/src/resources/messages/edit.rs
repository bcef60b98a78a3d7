//! Editing a message of the bot's own.

use model::{AttachmentId, ChannelId, MessageId, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    components::Components,
    compose::{self, Parts},
    embed::Embed,
    first, get_message, one,
    parts::{self, AllowedMentions, File},
};
use crate::{
    ArgumentError, Change, WritePlan, limits,
    patch::{BodyFields, Patch},
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
    let request = Request::patch(get_message(args.channel_id, args.message_id).path)
        .json(body)
        .files(files);
    let id = args.message_id;
    let change =
        move |live: &[Value]| Change::edits(format!("edit message {id}"), first(live), &wanted);
    Ok(WritePlan::new(request, change, one)
        .live(vec![get_message(args.channel_id, id)])
        .needing(given.needs()))
}
