//! The message object of REST and Gateway.

use serde_json::{Value, json};

use super::{Message, kind};
use crate::snowflake::Snowflake;
use crate::world::clock::iso8601;
use crate::world::{Member, World, intents};

impl World {
    /// A message as `viewer` gets it over REST.
    pub fn message_payload(&self, message: &Message, viewer: Snowflake) -> Value {
        let mut payload = self.basic_payload(message, viewer);
        if matches!(message.kind, kind::REPLY | kind::THREAD_STARTER_MESSAGE) {
            let reference = message.reference.as_ref();
            let referenced = reference
                .and_then(|reference| self.message(reference.channel_id, reference.message_id?));
            payload["referenced_message"] =
                referenced.map_or(Value::Null, |other| self.basic_payload(other, viewer));
        }
        if !message.reactions.is_empty() {
            let reactions = message
                .reactions
                .iter()
                .map(|reaction| reaction.payload(viewer));
            payload["reactions"] = reactions.collect();
        }
        payload
    }

    /// The same as the Gateway tells it: with guild, member and channel type.
    pub fn message_event(&self, message: &Message, viewer: Snowflake) -> Value {
        let mut payload = self.message_payload(message, viewer);
        let Some(channel) = self.channels.get(&message.channel_id) else {
            return payload;
        };
        payload["channel_type"] = json!(channel.kind.number());
        let Some(guild) = channel.guild_id else {
            return payload;
        };
        payload["guild_id"] = json!(guild);
        let members = self.guilds.get(&guild).map(|guild| &guild.members);
        let member_of = |user: &Snowflake| members?.get(user).map(Member::partial_payload);
        if message.webhook.is_none()
            && let Some(member) = member_of(&message.author_id)
        {
            payload["member"] = member;
        }
        if let Some(mentions) = payload["mentions"].as_array_mut() {
            for (mention, user) in mentions.iter_mut().zip(&message.mentions) {
                if let Some(member) = member_of(user) {
                    mention["member"] = member;
                }
            }
        }
        payload
    }

    /// Everything but the message it refers to and its reactions.
    fn basic_payload(&self, message: &Message, viewer: Snowflake) -> Value {
        let mut payload = json!({
            "id": message.id,
            "type": message.kind,
            "channel_id": message.channel_id,
            "author": self.author_payload(message),
            "content": message.content,
            "timestamp": iso8601(message.id.timestamp_ms()),
            "edited_timestamp": message.edited_ms.map(iso8601),
            "tts": message.tts,
            "mention_everyone": message.mention_everyone,
            "mentions": message.mentions.iter().map(|user| self.user_payload(*user))
                .collect::<Vec<_>>(),
            "mention_roles": message.mention_roles,
            "attachments": message.attachments.iter().map(|one| self.attachment_payload(one))
                .collect::<Vec<_>>(),
            "embeds": self.shown_embeds(message),
            "components": message.components,
            "pinned": message.pinned_ms.is_some(),
            "flags": message.flags,
        });
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                payload[key] = value;
            }
        };
        put("nonce", message.nonce.clone());
        put("position", message.position.map(|position| json!(position)));
        if let Some(note) = &message.interaction {
            put("application_id", Some(json!(message.author_id)));
            put("webhook_id", Some(json!(message.author_id)));
            put(
                "interaction_metadata",
                Some(self.interaction_metadata(note)),
            );
            // The older field, which libraries still read.
            let older = note.name.as_ref().map(|name| {
                json!({
                    "id": note.id, "type": note.kind, "name": name,
                    "user": self.user_payload(note.user),
                })
            });
            put("interaction", older);
        }
        if let Some(webhook) = &message.webhook {
            put("webhook_id", Some(json!(message.author_id)));
            put("application_id", webhook.application_id.map(|id| json!(id)));
        }
        put(
            "poll",
            message.poll.as_ref().map(|poll| poll.payload(viewer)),
        );
        if !message.sticker_items.is_empty() {
            put("sticker_items", Some(json!(message.sticker_items)));
        }
        put(
            "message_snapshots",
            message.snapshot.as_ref().map(|it| json!([{"message": it}])),
        );
        if let Some(reference) = &message.reference {
            let mut rendered = json!({
                "type": u8::from(reference.forward),
                "channel_id": reference.channel_id,
            });
            if let Some(id) = reference.message_id {
                rendered["message_id"] = json!(id);
            }
            if let Some(guild) = reference.guild_id {
                rendered["guild_id"] = json!(guild);
            }
            put("message_reference", Some(rendered));
        }
        // A thread has the id of the message that it was started from.
        let thread = self
            .channels
            .get(&message.id)
            .filter(|channel| channel.thread.is_some());
        if thread.is_some_and(|thread| thread.parent_id == Some(message.channel_id)) {
            put("thread", self.channel_payload(message.id, viewer));
        }
        if !self.may_read_content(viewer, message) {
            withhold(&mut payload);
        }
        payload
    }

    /// Whether a viewer gets what somebody wrote: everyone but a bot whose application lacks the
    /// message content intent, which reads its own messages, those that mention it, and DMs.
    pub(crate) fn may_read_content(&self, viewer: Snowflake, message: &Message) -> bool {
        !self.applications.contains_key(&viewer)
            || self.privileged_intents_allowed(viewer) & intents::MESSAGE_CONTENT != 0
            || self.guild_of(message.channel_id).is_none()
            || message.author_id == viewer
            || message.mentions.contains(&viewer)
    }

    /// Pictures of embeds that name an uploaded file get its link.
    fn shown_embeds(&self, message: &Message) -> Vec<Value> {
        if message.flags & super::flag::SUPPRESS_EMBEDS != 0 {
            return Vec::new();
        }
        let mut embeds = message.embeds.clone();
        for embed in &mut embeds {
            for key in ["image", "thumbnail"] {
                let name = embed[key]["url"]
                    .as_str()
                    .and_then(|u| u.strip_prefix("attachment://"));
                let file = message
                    .attachments
                    .iter()
                    .find(|file| Some(&*file.filename) == name);
                if let Some(file) = file {
                    let rendered = self.attachment_payload(file);
                    embed[key]["url"] = rendered["url"].clone();
                    embed[key]["proxy_url"] = rendered["url"].clone();
                }
            }
        }
        embeds
    }

    fn author_payload(&self, message: &Message) -> Value {
        let Some(webhook) = &message.webhook else {
            return self.user_payload(message.author_id);
        };
        json!({
            "id": message.author_id,
            "username": webhook.name,
            "discriminator": "0000",
            "global_name": null,
            "avatar": webhook.avatar,
            "bot": true,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": null,
        })
    }

    /// What a forward keeps of a message.
    pub(crate) fn snapshot_payload(&self, message: &Message) -> Value {
        json!({
            "type": message.kind,
            "content": message.content,
            "embeds": self.shown_embeds(message),
            "attachments": message.attachments.iter().map(|one| self.attachment_payload(one))
                .collect::<Vec<_>>(),
            "timestamp": iso8601(message.id.timestamp_ms()),
            "edited_timestamp": message.edited_ms.map(iso8601),
            "flags": message.flags,
            "mentions": message.mentions.iter().map(|user| self.user_payload(*user))
                .collect::<Vec<_>>(),
            "mention_roles": message.mention_roles,
            "sticker_items": message.sticker_items,
            "components": message.components,
        })
    }
}

/// Empties what people wrote in a rendered message, and in the one that it forwards.
pub(crate) fn withhold(message: &mut Value) {
    let Some(fields) = message.as_object_mut() else {
        return;
    };
    for (name, nothing) in [
        ("content", json!("")),
        ("embeds", json!([])),
        ("attachments", json!([])),
        ("components", json!([])),
    ] {
        if let Some(field) = fields.get_mut(name) {
            *field = nothing;
        }
    }
    fields.remove("poll");
    let snapshots = fields
        .get_mut("message_snapshots")
        .and_then(Value::as_array_mut);
    for snapshot in snapshots.into_iter().flatten() {
        withhold(&mut snapshot["message"]);
    }
}
