//! Creating channels of a guild, within its limits.

use serde_json::{Map, Value, json};

use super::settings::{channel_name, check_settings, known_flags, read_settings};
use super::{Channel, ChannelKind};
use crate::permissions::{self as bits, Overwrite};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::{Actor, Answer, Refusal, World};

/// Discord: a guild holds 500 channels, a category 50.
pub(super) const MAX_CHANNELS: usize = 500;
const MAX_IN_CATEGORY: usize = 50;

/// Kinds that a bot may create.
const CREATABLE: &[u64] = &[0, 2, 4, 5, 13, 15, 16];

impl World {
    /// Creates a channel.
    pub fn create_channel(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_CHANNELS)?;
        let mut form = Form::new(body);
        let kind = form.choice("type", CREATABLE).value().unwrap_or(0);
        let kind = ChannelKind::from_number(kind).unwrap_or(ChannelKind::Text);
        let name = form.text("name", 1..=100);
        let name = form.required("name", name);
        let parent = form.id("parent_id").value();
        let position = form.integer("position", 0..=i64::from(i32::MAX)).value();
        let mut settings = read_settings(&mut form, kind);
        let overwrites = form.objects("permission_overwrites", 0..=100, super::overwrite::read);
        let flags = form.bits("flags").value().unwrap_or_default();
        let flags = known_flags(kind, flags);
        form.finish()?;
        let all = self.channels_of(guild);
        if all.len() >= MAX_CHANNELS {
            let text = format!("Maximum number of guild channels reached ({MAX_CHANNELS})");
            return Err(Refusal::new(400, 30_013, text));
        }
        let last = all
            .iter()
            .map(|channel| channel.position)
            .max()
            .unwrap_or(-1);
        self.check_parent(guild, kind, parent)?;
        // discord.py sends an empty list where it has no wishes.
        let overwrites = match overwrites.value().filter(|list| !list.is_empty()) {
            Some(overwrites) => {
                self.check_granted(actor, guild, &overwrites)?;
                overwrites
            }
            // A channel without rules of its own takes those of its category.
            None => parent
                .and_then(|parent| self.channels.get(&parent))
                .map(|parent| parent.overwrites.clone())
                .unwrap_or_default(),
        };
        check_settings(kind, &settings)?;
        self.give_tags_ids(&mut settings);
        let id = self.next_id();
        let mut channel = Channel::new(id, kind, Some(guild));
        channel.name = channel_name(kind, &name);
        channel.parent_id = parent;
        channel.position = position.unwrap_or(last + 1);
        channel.settings = settings;
        channel.overwrites = overwrites;
        channel.flags = flags;
        self.channels.insert(id, channel);
        self.tell_channel("CHANNEL_CREATE", id);
        let rendered = self.channel_payload(id, actor.id).unwrap_or_default();
        let changes = changes(&Value::Null, &rendered);
        self.audit(
            guild,
            actor,
            action::CHANNEL_CREATE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(rendered)
    }

    /// Overwrites may touch only what the actor has, and managing roles only as administrator.
    pub(crate) fn check_granted(
        &self,
        actor: &Actor,
        guild: Snowflake,
        overwrites: &[Overwrite],
    ) -> Answer<()> {
        let own = self.permissions_in_guild(guild, actor.id);
        let touched = overwrites
            .iter()
            .fold(0, |all, it| all | it.allow | it.deny);
        let beyond = touched & bits::MANAGE_ROLES != 0 && own & bits::ADMINISTRATOR == 0;
        if touched & !own != 0 || beyond {
            return Err(Refusal::missing_permissions());
        }
        Ok(())
    }

    pub(super) fn check_parent(
        &self,
        guild: Snowflake,
        kind: ChannelKind,
        parent: Option<Snowflake>,
    ) -> Answer<()> {
        let Some(id) = parent else { return Ok(()) };
        let bad = |code: &str, text: &str| Err(Refusal::field("parent_id", code, text));
        let Some(parent) = self.channels.get(&id).filter(|c| c.guild_id == Some(guild)) else {
            return bad("CHANNEL_PARENT_INVALID", "Category does not exist");
        };
        if parent.kind != ChannelKind::Category || kind == ChannelKind::Category {
            return bad("CHANNEL_PARENT_INVALID_TYPE", "Not a category");
        }
        let inside = self
            .channels_of(guild)
            .iter()
            .filter(|c| c.parent_id == Some(id))
            .count();
        if inside >= MAX_IN_CATEGORY {
            let text =
                format!("Maximum number of channels in category reached ({MAX_IN_CATEGORY})");
            return bad("CHANNEL_PARENT_MAX_CHANNELS", &text);
        }
        Ok(())
    }

    /// New tags of a forum get ids.
    pub(super) fn give_tags_ids(&mut self, settings: &mut Map<String, Value>) {
        let tags = settings
            .get_mut("available_tags")
            .and_then(Value::as_array_mut);
        for tag in tags.into_iter().flatten().filter(|tag| tag["id"].is_null()) {
            tag["id"] = json!(self.next_id());
        }
    }
}
