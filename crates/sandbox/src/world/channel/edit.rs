//! Creating, changing, ordering and deleting channels of a guild.

use serde_json::{Map, Value, json};

use super::settings::{channel_name, check_tag_names, read_settings};
use super::{Channel, ChannelKind};
use crate::permissions::{self as bits, Overwrite};
use crate::snowflake::Snowflake;
use crate::validate::{Form, Patch};
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Discord: a guild holds 500 channels, a category 50.
const MAX_CHANNELS: usize = 500;
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
        let overwrites = match overwrites.value() {
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
        check_tag_names(&settings)?;
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

    /// Overwrites may grant only what the actor has, without being an administrator.
    pub(crate) fn check_granted(
        &self,
        actor: &Actor,
        guild: Snowflake,
        overwrites: &[Overwrite],
    ) -> Answer<()> {
        let own = self.permissions_in_guild(guild, actor.id);
        if overwrites
            .iter()
            .any(|overwrite| (overwrite.allow | overwrite.deny) & !own != 0)
        {
            return Err(Refusal::missing_permissions());
        }
        Ok(())
    }

    fn check_parent(
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

    /// Changes a channel or thread.
    pub fn modify_channel(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer {
        let channel = self.visible_channel(actor.id, id)?;
        let Some(guild) = channel.guild_id else {
            return Err(Refusal::new(
                403,
                50_003,
                "Cannot execute action on a DM channel",
            ));
        };
        if channel.thread.is_some() {
            return self.modify_thread(actor, id, body);
        }
        let mut changed = channel.clone();
        self.require_in(actor.id, id, bits::MANAGE_CHANNELS)?;
        let before = self.channel_payload(id, actor.id).unwrap_or_default();
        let mut form = Form::new(body);
        if let Some(kind) = form.choice("type", &[0, 5]).value()
            && matches!(changed.kind, ChannelKind::Text | ChannelKind::Announcement)
        {
            changed.kind = ChannelKind::from_number(kind).unwrap_or(changed.kind);
        }
        let name = form.text("name", 1..=100);
        if name == Patch::Null {
            form.error("name", "BASE_TYPE_REQUIRED", "This field is required");
        }
        if let Some(name) = name.value() {
            changed.name = channel_name(changed.kind, &name);
        }
        if let Some(position) = form.integer("position", 0..=i64::from(i32::MAX)).value() {
            changed.position = position;
        }
        let parent = form.id("parent_id").given();
        changed
            .settings
            .extend(read_settings(&mut form, changed.kind));
        let overwrites = form.objects("permission_overwrites", 0..=100, super::overwrite::read);
        if let Some(flags) = form.bits("flags").value() {
            changed.flags = flags;
        }
        form.finish()?;
        if let Some(parent) = parent {
            if parent != changed.parent_id {
                self.check_parent(guild, changed.kind, parent)?;
            }
            changed.parent_id = parent;
        }
        if let Some(overwrites) = overwrites.value() {
            self.require_in(actor.id, id, bits::MANAGE_ROLES)?;
            let own = self.overwritable(actor.id, guild, id);
            let touched = overwrites
                .iter()
                .filter(|new| !changed.overwrites.contains(new));
            if touched.fold(0, |all, new| all | new.allow | new.deny) & !own != 0 {
                return Err(Refusal::missing_permissions());
            }
            changed.overwrites = overwrites;
        }
        check_tag_names(&changed.settings)?;
        self.give_tags_ids(&mut changed.settings);
        let sight = self.sight_of_bots(guild);
        self.channels.insert(id, changed);
        self.forget_tags(id);
        let rendered = self.channel_payload(id, actor.id).unwrap_or_default();
        let changes = changes(&before, &rendered);
        if !changes.is_empty() {
            self.tell_channel("CHANNEL_UPDATE", id);
            self.tell_gained(guild, &sight);
            self.audit(
                guild,
                actor,
                action::CHANNEL_UPDATE,
                Some(id),
                changes,
                Value::Null,
            );
        }
        Ok(rendered)
    }

    /// Deletes a channel or thread, or closes a DM.
    pub fn delete_channel(&mut self, actor: &Actor, id: Snowflake) -> Answer {
        let channel = self.visible_channel(actor.id, id)?;
        let rendered = self.channel_answer(id, actor.id)?;
        let Some(guild) = channel.guild_id else {
            return Ok(rendered);
        };
        let is_thread = channel.thread.is_some();
        let needed = if is_thread {
            bits::MANAGE_THREADS
        } else {
            bits::MANAGE_CHANNELS
        };
        self.require_in(actor.id, id, needed)?;
        if let Some(used) = self.required_by_community(guild, id) {
            let text = "Cannot delete a channel required for Community guilds";
            let mut refusal = Refusal::new(400, 50_074, text);
            refusal.errors = None;
            tracing::debug!(setting = used, "a community guild needs the channel");
            return Err(refusal);
        }
        self.clear_venue(guild, id);
        let viewers = self.bots_that_see(guild, id);
        let threads: Vec<_> = self
            .threads_of(guild)
            .filter(|(thread, _)| thread.parent_id == Some(id))
            .map(|(thread, _)| thread.id)
            .collect();
        for gone in threads.into_iter().chain([id]) {
            self.channels.remove(&gone);
            self.messages.remove(&gone);
        }
        for child in self
            .channels
            .values_mut()
            .filter(|child| child.parent_id == Some(id))
        {
            child.parent_id = None;
        }
        self.invites.retain(|_, invite| invite.channel_id != id);
        self.webhooks.retain(|_, webhook| webhook.channel_id != id);
        let (event, action) = if is_thread {
            ("THREAD_DELETE", action::THREAD_DELETE)
        } else {
            ("CHANNEL_DELETE", action::CHANNEL_DELETE)
        };
        let data = if is_thread {
            json!({
                "id": id, "guild_id": guild, "parent_id": rendered["parent_id"],
                "type": rendered["type"],
            })
        } else {
            rendered.clone()
        };
        for viewer in viewers {
            self.dispatch(event, Audience::User(viewer), intents::GUILDS, data.clone());
        }
        let changes = changes(&rendered, &Value::Null);
        self.audit(guild, actor, action, Some(id), changes, Value::Null);
        Ok(rendered)
    }

    fn required_by_community(&self, guild: Snowflake, channel: Snowflake) -> Option<&'static str> {
        let settings = &self.guilds.get(&guild)?.settings;
        let named = |key: &&'static str| settings.get(*key) == Some(&json!(channel));
        ["rules_channel_id", "public_updates_channel_id"]
            .into_iter()
            .find(|key| named(key))
    }

    /// The bots that see a channel now.
    pub(crate) fn bots_that_see(&self, guild: Snowflake, channel: Snowflake) -> Vec<Snowflake> {
        let bots = self.bots_in(guild).into_iter();
        bots.filter(|bot| self.may_view(*bot, channel)).collect()
    }

    /// Moves channels: `[{id, position?, parent_id?, lock_permissions?}]`.
    pub fn reorder_channels(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        body: &Value,
    ) -> Answer<()> {
        self.require(actor.id, guild, bits::MANAGE_CHANNELS)?;
        let wrapped = json!({"channels": body});
        let mut form = Form::new(&wrapped);
        let moves = form.objects("channels", 0..=MAX_CHANNELS, |item| {
            let id = item.id("id");
            (
                item.required("id", id),
                item.integer("position", 0..=i64::from(i32::MAX)).value(),
                item.id("parent_id").given(),
                item.flag("lock_permissions").value().unwrap_or_default(),
            )
        });
        form.finish()?;
        for (id, position, parent, lock) in moves.value().unwrap_or_default() {
            let Some(channel) = self.channels.get(&id).filter(|c| c.guild_id == Some(guild)) else {
                return Err(Refusal::unknown(Unknown::Channel));
            };
            let mut changed = channel.clone();
            if let Some(parent) = parent {
                self.check_parent(guild, changed.kind, parent)?;
                changed.parent_id = parent;
            }
            changed.position = position.unwrap_or(changed.position);
            if lock && let Some(parent) = self.parent_of(&changed) {
                let inherited = parent.overwrites.clone();
                changed.overwrites = inherited;
            }
            self.channels.insert(id, changed);
            self.tell_channel("CHANNEL_UPDATE", id);
        }
        Ok(())
    }

    pub(crate) fn tell_channel(&mut self, event: &'static str, id: Snowflake) {
        let Some(guild) = self.guild_of(id) else {
            return;
        };
        let data = self.channel_payload(id, Snowflake(0)).unwrap_or_default();
        // Bots know hidden channels too: GUILD_CREATE lists them.
        self.dispatch(event, Audience::Guild(guild), intents::GUILDS, data);
        self.reconsider_voice(guild);
    }

    /// New tags of a forum get ids.
    fn give_tags_ids(&mut self, settings: &mut Map<String, Value>) {
        let tags = settings
            .get_mut("available_tags")
            .and_then(Value::as_array_mut);
        for tag in tags.into_iter().flatten().filter(|tag| tag["id"].is_null()) {
            tag["id"] = json!(self.next_id());
        }
    }

    /// Opens (or finds) the DM between two users.
    pub fn open_dm(&mut self, actor: &Actor, recipient: Snowflake) -> Answer {
        let known_bot = self.applications.contains_key(&recipient);
        if recipient == actor.id || !self.users.contains_key(&recipient) {
            let text = "Cannot send messages to this user";
            let unknown = Refusal::unknown(Unknown::User);
            let own = Refusal::new(400, 50_007, text);
            return Err(if recipient == actor.id { own } else { unknown });
        }
        if known_bot && self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(
                403,
                50_007,
                "Cannot send messages to this user",
            ));
        }
        let pair = [actor.id, recipient];
        let same = |channel: &&Channel| {
            channel.guild_id.is_none() && pair.iter().all(|user| channel.recipients.contains(user))
        };
        if let Some(id) = self.channels.values().find(same).map(|channel| channel.id) {
            return self.channel_answer(id, actor.id);
        }
        let id = self.next_id();
        let mut channel = Channel::new(id, ChannelKind::Dm, None);
        channel.recipients = pair.to_vec();
        self.channels.insert(id, channel);
        for user in pair {
            let data = self.channel_payload(id, user).unwrap_or_default();
            self.dispatch(
                "CHANNEL_CREATE",
                Audience::User(user),
                intents::DIRECT_MESSAGES,
                data,
            );
        }
        self.channel_answer(id, actor.id)
    }
}
