//! Posting a message.

use model::{ChannelId, MessageId, Permissions, Request, StickerId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    components::Components,
    compose::{self, Parts},
    embed::Embed,
    one,
    parts::{AllowedMentions, File, Poll},
    posted,
};
use crate::{ArgumentError, Change, WritePlan, limits};

/// Post a message in a channel, thread or DM. Mentions notify nobody unless `allowed_mentions` says so.
///
/// Give at least one of content, embeds, components, files, poll and sticker_ids. Text over 2000
/// characters must be split into several messages. Components come in two layouts: action rows (type 1) beside the
/// other parts, or types 9 to 17, which are then the whole message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SendMessage {
    channel_id: ChannelId,
    /// At most 2000 characters.
    #[schemars(length(max = limits::CONTENT), extend("x-remedy" = "split the text into several messages"))]
    content: Option<String>,
    /// Thread to post in.
    thread_id: Option<ChannelId>,
    /// Message to reply to.
    reply_to: Option<MessageId>,
    /// {title, description, url, color, fields: [{name, value, inline}], author, footer, image, timestamp}
    #[serde(default)]
    #[schemars(length(max = limits::EMBEDS))]
    embeds: Vec<Embed>,
    /// Discord components.
    #[serde(default)]
    components: Components,
    /// {filename, text or base64, content_type}
    #[serde(default)]
    #[schemars(length(max = limits::FILES))]
    files: Vec<File>,
    /// {question, answers: [{text, emoji}], hours, multiselect}
    poll: Option<Poll>,
    #[serde(default)]
    #[schemars(length(max = limits::STICKERS))]
    sticker_ids: Vec<StickerId>,
    /// `{users: [id], roles: [id], everyone, replied_user}`
    allowed_mentions: Option<AllowedMentions>,
    /// No push notification.
    #[serde(default)]
    silent: bool,
}

pub(super) fn send(args: &SendMessage) -> Result<WritePlan, ArgumentError> {
    let composed = Parts {
        content: args.content.as_deref(),
        embeds: &args.embeds,
        components: Some(&args.components),
        files: &args.files,
        poll: args.poll.as_ref(),
        sticker_ids: &args.sticker_ids,
        allowed_mentions: args.allowed_mentions.as_ref(),
        silent: args.silent,
    }
    .compose()?;
    let channel = args.thread_id.unwrap_or(args.channel_id);
    let mut needs = composed.needs;
    if args.reply_to.is_some() {
        needs = needs | Permissions::READ_MESSAGE_HISTORY;
    }
    let reference = args
        .reply_to
        .map(|id| json!({"message_id": id, "fail_if_not_exists": true}));
    let body: Value = composed.body.given("message_reference", reference).into();
    let after = compose::preview(&body, &composed.files);
    let request = Request::post(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .json(body)
    .files(composed.files);
    let change =
        move |_: &[Value]| Change::creates(format!("send a message to {channel}"), after.clone());
    Ok(posted(WritePlan::new(request, change, one))
        .needing(needs)
        .also((channel != args.channel_id).then_some(args.channel_id))
        .takes_nonce())
}
