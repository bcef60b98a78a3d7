//! Overwrites: what a role or a member is allowed and denied in one channel.

use serde_json::{Value, json};

use super::overwrite_payload;
use crate::permissions::{self as bits, Overwrite, OverwriteTarget};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Overwrites of one channel.
const MAX_OVERWRITES: usize = 1_000;

/// Reads one item of `permission_overwrites`.
pub(super) fn read(form: &mut Form<'_>) -> Overwrite {
    let id = form.id("id");
    let id = form.required("id", id);
    read_bits(form, id)
}

fn read_bits(form: &mut Form<'_>, id: Snowflake) -> Overwrite {
    let kind = form.choice("type", &[0, 1]);
    let kind = form.required("type", kind);
    Overwrite {
        id,
        target: if kind == 1 {
            OverwriteTarget::Member
        } else {
            OverwriteTarget::Role
        },
        allow: form.bits("allow").value().unwrap_or_default() & bits::ALL,
        deny: form.bits("deny").value().unwrap_or_default() & bits::ALL,
    }
}

impl World {
    /// Sets an overwrite; needs `MANAGE_ROLES`, and touches only what the actor may touch.
    pub fn set_overwrite(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer<()> {
        let guild = self.overwritten_guild(actor, channel)?;
        let mut form = Form::new(body);
        let new = read_bits(&mut form, id);
        form.finish()?;
        let known = self
            .guilds
            .get(&guild)
            .is_some_and(|guild| match new.target {
                OverwriteTarget::Role => guild.roles.contains_key(&id),
                OverwriteTarget::Member => self.users.contains_key(&id),
            });
        if !known {
            let unknown = match new.target {
                OverwriteTarget::Role => Unknown::Role,
                OverwriteTarget::Member => Unknown::User,
            };
            return Err(Refusal::unknown(unknown));
        }
        let own = self.overwritable(actor.id, guild, channel);
        if (new.allow | new.deny) & !own != 0 {
            return Err(Refusal::missing_permissions());
        }
        self.check_overwrite_rank(actor, guild, &new)?;
        let (sight, synced) = (self.sight_of_bots(guild), self.synced_with(channel));
        let overwrites = self.overwrites_mut(channel)?;
        let old = overwrites.iter().position(|old| old.id == id);
        let before = old
            .map(|at| overwrite_payload(&overwrites[at]))
            .unwrap_or_default();
        match old {
            Some(at) if overwrites[at] == new => return Ok(()),
            Some(at) => overwrites[at] = new,
            None if overwrites.len() >= MAX_OVERWRITES => {
                let text = format!(
                    "Maximum number of channel permission overwrites reached ({MAX_OVERWRITES})"
                );
                return Err(Refusal::new(400, 30_060, text));
            }
            None => overwrites.push(new),
        }
        self.tell_channel("CHANNEL_UPDATE", channel);
        self.sync_with(channel, synced);
        self.tell_gained(guild, &sight);
        let changes = changes(&before, &overwrite_payload(&new));
        let action = if before.is_null() {
            action::CHANNEL_OVERWRITE_CREATE
        } else {
            action::CHANNEL_OVERWRITE_UPDATE
        };
        let options = self.overwrite_options(guild, &new);
        self.audit(guild, actor, action, Some(channel), changes, options);
        Ok(())
    }

    /// Bits that a user may allow and deny in a channel: those held in the guild or in the parent
    /// channel, or all where an overwrite grants `MANAGE_ROLES` (Discord: Edit Channel Permissions).
    pub(super) fn overwritable(
        &self,
        user: Snowflake,
        guild: Snowflake,
        channel: Snowflake,
    ) -> u64 {
        let Some(place) = self.channels.get(&channel) else {
            return 0;
        };
        let holds = |it: &Overwrite| match it.target {
            OverwriteTarget::Member => it.id == user,
            OverwriteTarget::Role => {
                it.id == guild
                    || self
                        .guilds
                        .get(&guild)
                        .and_then(|guild| guild.members.get(&user))
                        .is_some_and(|member| member.roles.contains(&it.id))
            }
        };
        let entrusted = |it: &Overwrite| it.allow & bits::MANAGE_ROLES != 0 && holds(it);
        if place.overwrites.iter().any(entrusted) {
            return bits::ALL;
        }
        let above = place.parent_id;
        self.permissions_in_guild(guild, user)
            | above.map_or(0, |parent| self.permissions_in(user, parent))
    }

    /// Removes an overwrite.
    pub fn delete_overwrite(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        let guild = self.overwritten_guild(actor, channel)?;
        let overwrites = self.overwrites_mut(channel)?;
        let Some(old) = overwrites.iter().find(|old| old.id == id).copied() else {
            return Err(Refusal::unknown(Unknown::Overwrite));
        };
        self.check_overwrite_rank(actor, guild, &old)?;
        let (sight, synced) = (self.sight_of_bots(guild), self.synced_with(channel));
        self.overwrites_mut(channel)?.retain(|old| old.id != id);
        self.tell_channel("CHANNEL_UPDATE", channel);
        self.sync_with(channel, synced);
        self.tell_gained(guild, &sight);
        let changes = changes(&overwrite_payload(&old), &Value::Null);
        let options = self.overwrite_options(guild, &old);
        let action = action::CHANNEL_OVERWRITE_DELETE;
        self.audit(guild, actor, action, Some(channel), changes, options);
        Ok(())
    }

    fn overwritten_guild(&self, actor: &Actor, channel: Snowflake) -> Answer<Snowflake> {
        let place = self.visible_channel(actor.id, channel)?;
        if place.kind.is_thread() {
            return Err(Refusal::wrong_channel_type());
        }
        let Some(guild) = place.guild_id else {
            return Err(Refusal::new(
                403,
                50_003,
                "Cannot execute action on a DM channel",
            ));
        };
        self.require_in(actor.id, channel, bits::MANAGE_ROLES)?;
        Ok(guild)
    }

    /// Overwrites of roles at or above one's own rank are out of reach; `@everyone` is not.
    fn check_overwrite_rank(&self, actor: &Actor, guild: Snowflake, it: &Overwrite) -> Answer<()> {
        if it.target == OverwriteTarget::Member || it.id == guild {
            return Ok(());
        }
        match self.require_above_role(actor.id, guild, it.id) {
            // The overwrite of a role that is gone can be tidied away.
            Err(refusal) if refusal.code == 10_011 => Ok(()),
            other => other,
        }
    }

    fn overwrites_mut(&mut self, channel: Snowflake) -> Answer<&mut Vec<Overwrite>> {
        let channel = self.channels.get_mut(&channel);
        let channel = channel.ok_or_else(|| Refusal::unknown(Unknown::Channel))?;
        Ok(&mut channel.overwrites)
    }

    fn overwrite_options(&self, guild: Snowflake, overwrite: &Overwrite) -> Value {
        let id = overwrite.id.to_string();
        match overwrite.target {
            OverwriteTarget::Member => json!({"id": id, "type": "1"}),
            OverwriteTarget::Role => {
                let role = self
                    .guilds
                    .get(&guild)
                    .and_then(|guild| guild.roles.get(&overwrite.id));
                let name = role.map(|role| role.name.as_str()).unwrap_or_default();
                json!({"id": id, "type": "0", "role_name": name})
            }
        }
    }
}
