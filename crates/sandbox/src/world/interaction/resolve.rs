//! `resolved`: the things behind the ids that a person chose, rendered for the bot.

use serde_json::{Map, Value, json};

use crate::snowflake::Snowflake;
use crate::world::message::Attachment;
use crate::world::{Member, World};

/// Fills itself as options and values are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolved(Map<String, Value>);

impl Resolved {
    /// The object, or nothing when nothing was chosen by id.
    pub(super) fn into_payload(self) -> Option<Value> {
        (!self.0.is_empty()).then_some(Value::Object(self.0))
    }

    fn put(&mut self, family: &str, id: Snowflake, value: Value) {
        let family = self.0.entry(family).or_insert_with(|| json!({}));
        family[id.to_string()] = value;
    }

    /// A user, with the membership where there is one; false when nobody has that id.
    pub(super) fn user(&mut self, world: &World, channel: Snowflake, id: Snowflake) -> bool {
        if !world.users.contains_key(&id) {
            return false;
        }
        self.put("users", id, world.user_payload(id));
        let guild = world
            .guild_of(channel)
            .and_then(|guild| world.guilds.get(&guild));
        let member = guild.and_then(|guild| guild.members.get(&id));
        if let Some(mut member) = member.map(Member::partial_payload) {
            if let Some(fields) = member.as_object_mut() {
                fields.remove("deaf");
                fields.remove("mute");
            }
            member["permissions"] = json!(world.permissions_in(id, channel).to_string());
            self.put("members", id, member);
        }
        true
    }

    pub(super) fn role(&mut self, world: &World, channel: Snowflake, id: Snowflake) -> bool {
        let guild = world
            .guild_of(channel)
            .and_then(|guild| world.guilds.get(&guild));
        let Some(role) = guild.and_then(|guild| guild.roles.get(&id)) else {
            return false;
        };
        self.put("roles", id, role.payload());
        true
    }

    /// A channel that the person sees, of one of some types (any, where none are named).
    pub(super) fn channel(
        &mut self,
        world: &World,
        (user, place): (Snowflake, Snowflake),
        id: Snowflake,
        kinds: Option<&Vec<Value>>,
    ) -> bool {
        let here = world.guild_of(id).is_some() && world.guild_of(id) == world.guild_of(place);
        let Some(payload) = world.channel_payload(id, user).filter(|_| here) else {
            return false;
        };
        let fits = kinds.is_none_or(|kinds| kinds.is_empty() || kinds.contains(&payload["type"]));
        if !fits || !world.may_view(user, id) {
            return false;
        }
        let mut partial = json!({"permissions": world.permissions_in(user, id).to_string()});
        for key in [
            "id",
            "name",
            "type",
            "parent_id",
            "guild_id",
            "topic",
            "nsfw",
            "position",
            "flags",
            "last_message_id",
            "rate_limit_per_user",
            "thread_metadata",
            "owner_id",
        ] {
            if let Some(value) = payload.get(key) {
                partial[key] = value.clone();
            }
        }
        self.put("channels", id, partial);
        true
    }

    pub(super) fn message(
        &mut self,
        world: &World,
        (user, channel): (Snowflake, Snowflake),
        id: Snowflake,
    ) -> bool {
        let message = world
            .message(channel, id)
            .filter(|message| message.is_shown_to(user));
        let Some(message) = message else {
            return false;
        };
        self.put("messages", id, world.message_payload(message, user));
        true
    }

    pub(super) fn attachment(&mut self, world: &World, attachment: &Attachment) {
        let mut payload = world.attachment_payload(attachment);
        payload["ephemeral"] = json!(true);
        self.put("attachments", attachment.id, payload);
    }
}
