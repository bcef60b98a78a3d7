//! Changing channels of a guild, and what a category's change does to the channels in it.

use serde_json::Value;

use super::ChannelKind;
use super::settings::{channel_name, check_settings, known_flags, read_settings};
use crate::permissions::{self as bits, Overwrite};
use crate::snowflake::Snowflake;
use crate::validate::{Form, Patch};
use crate::world::audit::{action, changes};
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

impl World {
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
            changed.flags = known_flags(changed.kind, flags);
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
        check_settings(changed.kind, &changed.settings)?;
        self.give_tags_ids(&mut changed.settings);
        let sight = self.sight_of_bots(guild);
        let synced = self.synced_with(id);
        self.channels.insert(id, changed);
        self.forget_tags(id);
        let rendered = self.channel_payload(id, actor.id).unwrap_or_default();
        let changes = changes(&before, &rendered);
        if !changes.is_empty() {
            self.tell_channel("CHANNEL_UPDATE", id);
            self.sync_with(id, synced);
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

    /// The channels in a category that have the category's own overwrites; they follow its changes.
    pub(super) fn synced_with(&self, category: Snowflake) -> Vec<Snowflake> {
        let Some(parent) = self.channels.get(&category) else {
            return Vec::new();
        };
        if parent.kind != ChannelKind::Category {
            return Vec::new();
        }
        let inside = self.channels.values();
        inside
            .filter(|it| it.parent_id == Some(category))
            .filter(|it| same_overwrites(&it.overwrites, &parent.overwrites))
            .map(|it| it.id)
            .collect()
    }

    /// Gives channels the overwrites of their category, where they differ.
    pub(super) fn sync_with(&mut self, category: Snowflake, synced: Vec<Snowflake>) {
        let Some(overwrites) = self.channels.get(&category).map(|it| it.overwrites.clone()) else {
            return;
        };
        for id in synced {
            let child = self.channels.get_mut(&id);
            if let Some(child) = child.filter(|it| it.overwrites != overwrites) {
                child.overwrites.clone_from(&overwrites);
                self.tell_channel("CHANNEL_UPDATE", id);
            }
        }
    }

    /// Tells of a channel. Bots hear of every channel of their guild, whether they see into it or
    /// not, as they find every channel in GUILD_CREATE.
    pub(crate) fn tell_channel(&mut self, event: &'static str, id: Snowflake) {
        let Some(guild) = self.guild_of(id) else {
            return;
        };
        let data = self.channel_payload(id, Snowflake(0)).unwrap_or_default();
        let audience = Audience::Guild(guild);
        self.dispatch(event, audience, intents::GUILDS, data);
        self.reconsider_voice(guild);
    }
}

fn same_overwrites(a: &[Overwrite], b: &[Overwrite]) -> bool {
    a.len() == b.len() && a.iter().all(|it| b.contains(it))
}
