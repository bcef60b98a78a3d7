//! Who may use a command in a guild: what its application asks for, and what people decided.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Command;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::action;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World};

/// Entries for one command.
const MAX_ENTRIES: usize = 100;

const ROLE: u64 = 1;
const USER: u64 = 2;
const CHANNEL: u64 = 3;

/// What people decided about one command, or (under the application's id) about all of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct CommandPermissions {
    application_id: Snowflake,
    entries: Vec<Entry>,
}

/// One role, user or channel.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Entry {
    id: Snowflake,
    kind: u64,
    allowed: bool,
}

impl CommandPermissions {
    pub(crate) fn forget(&mut self, gone: Snowflake) {
        self.entries.retain(|entry| entry.id != gone);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    fn payload(self) -> Value {
        json!({"id": self.id, "type": self.kind, "permission": self.allowed})
    }
}

impl World {
    /// What was decided in a guild about an application's commands.
    pub fn list_command_permissions(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Snowflake,
    ) -> Answer {
        self.may_read_permissions(actor, application, guild)?;
        let all = self.guild(guild)?.command_permissions.iter();
        let own = all.filter(|(_, kept)| kept.application_id == application);
        Ok(own
            .map(|(id, kept)| permissions_payload(guild, *id, kept))
            .collect())
    }

    /// The same for one command, or with the application's id for all; 10066 where nothing was.
    pub fn get_command_permissions(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer {
        self.may_read_permissions(actor, application, guild)?;
        let kept = self.guild(guild)?.command_permissions.get(&id);
        let kept = kept.filter(|kept| kept.application_id == application);
        let kept = kept.ok_or_else(|| Refusal::unknown(Unknown::CommandPermissions))?;
        Ok(permissions_payload(guild, id, kept))
    }

    fn may_read_permissions(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Snowflake,
    ) -> Answer<()> {
        self.require_member(actor.id, guild)?;
        if self.applications.contains_key(&actor.id) {
            return self.own_application(actor, application);
        }
        Ok(())
    }

    /// A person decides; bots have no bearer token and are refused.
    pub fn set_command_permissions(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        self.require(actor.id, guild, bits::MANAGE_GUILD | bits::MANAGE_ROLES)?;
        let known = self.commands.get(&id).is_some_and(|it| {
            it.application_id == application && it.guild_id.is_none_or(|home| home == guild)
        });
        if !known && id != application {
            return Err(Refusal::unknown(Unknown::Command));
        }
        let mut form = Form::new(body);
        let entries = form.objects("permissions", 0..=MAX_ENTRIES, |form| {
            let id = form.id("id");
            let kind = form.choice("type", &[ROLE, USER, CHANNEL]);
            let allowed = form.flag("permission");
            Entry {
                id: form.required("id", id),
                kind: form.required("type", kind),
                allowed: form.required("permission", allowed),
            }
        });
        let entries = form.required("permissions", entries);
        form.finish()?;
        let unknown = entries
            .iter()
            .position(|entry| !self.is_target(guild, *entry));
        if let Some(index) = unknown {
            let path = format!("permissions.{index}.id");
            let message = "No such role, member or channel in this guild";
            return Err(Refusal::field(
                &path,
                "APPLICATION_COMMAND_PERMISSIONS_ID_INVALID",
                message,
            ));
        }
        let all = &mut self.guild_mut(guild)?.command_permissions;
        let before = all.remove(&id).unwrap_or_default().entries;
        let kept = CommandPermissions {
            application_id: application,
            entries: entries.clone(),
        };
        let payload = permissions_payload(guild, id, &kept);
        if !entries.is_empty() {
            all.insert(id, kept);
        }
        let options = json!({"application_id": application});
        let kind = action::APPLICATION_COMMAND_PERMISSION_UPDATE;
        self.audit(
            guild,
            actor,
            kind,
            Some(id),
            differences(&before, &entries),
            options,
        );
        let audience = Audience::User(application);
        let event = "APPLICATION_COMMAND_PERMISSIONS_UPDATE";
        self.dispatch(event, audience, 0, payload.clone());
        Ok(payload)
    }

    fn is_target(&self, guild_id: Snowflake, entry: Entry) -> bool {
        let Some(guild) = self.guilds.get(&guild_id) else {
            return false;
        };
        match entry.kind {
            ROLE => guild.roles.contains_key(&entry.id),
            USER => guild.members.contains_key(&entry.id),
            _ => all_channels(guild_id) == entry.id || self.guild_of(entry.id) == Some(guild_id),
        }
    }

    /// Whether a member may use a command in a channel (Discord: Application Commands ›
    /// Permissions): the command's own entries go before those of its application.
    pub(crate) fn may_use_command(
        &self,
        user: Snowflake,
        channel: Snowflake,
        command: &Command,
    ) -> bool {
        let Some(guild_id) = self.guild_of(channel) else {
            return true;
        };
        let Some(guild) = self.guilds.get(&guild_id) else {
            return false;
        };
        let permissions = self.permissions_in(user, channel);
        if permissions & bits::ADMINISTRATOR != 0 {
            return true;
        }
        if permissions & bits::USE_APPLICATION_COMMANDS == 0 {
            return false;
        }
        let roles = guild.members.get(&user).map(|member| &member.roles);
        let layers = [command.id, command.application_id];
        let layers = layers.map(|id| guild.command_permissions.get(&id));
        let layers = layers.map(|kept| kept.map_or(&[][..], |kept| kept.entries.as_slice()));
        let of = |entries: &[Entry], kind: u64, id: Snowflake| {
            let mut entries = entries.iter();
            let entry = entries.find(|entry| entry.kind == kind && entry.id == id);
            entry.map(|entry| entry.allowed)
        };
        let place = self.channels.get(&channel).filter(|it| it.kind.is_thread());
        let place = place.and_then(|thread| thread.parent_id).unwrap_or(channel);
        let in_place = layers.iter().find_map(|entries| {
            let everywhere = || of(entries, CHANNEL, all_channels(guild_id));
            of(entries, CHANNEL, place).or_else(everywhere)
        });
        if in_place == Some(false) {
            return false;
        }
        let held = |entry: &Entry| roles.is_some_and(|roles| roles.contains(&entry.id));
        let for_user = layers.iter().find_map(|entries| {
            let own = of(entries, USER, user);
            let by_role = || {
                let roles = entries.iter().filter(|it| it.kind == ROLE && held(it));
                roles
                    .map(|entry| entry.allowed)
                    .reduce(|all, one| all || one)
            };
            own.or_else(by_role).or_else(|| of(entries, ROLE, guild_id))
        });
        for_user.unwrap_or_else(|| {
            let needed = command.default_permissions();
            needed.is_none_or(|needed| needed != 0 && permissions & needed == needed)
        })
    }
}

/// The constant that stands for all channels of a guild.
const fn all_channels(guild: Snowflake) -> Snowflake {
    Snowflake(guild.0.saturating_sub(1))
}

fn permissions_payload(guild: Snowflake, id: Snowflake, kept: &CommandPermissions) -> Value {
    json!({
        "id": id,
        "application_id": kept.application_id,
        "guild_id": guild,
        "permissions": kept.entries.iter().map(|entry| entry.payload()).collect::<Vec<_>>(),
    })
}

/// The audit log names each target.
fn differences(before: &[Entry], after: &[Entry]) -> Vec<Value> {
    let find = |list: &[Entry], id: Snowflake| list.iter().find(|it| it.id == id).copied();
    let mut ids: Vec<_> = before.iter().chain(after).map(|entry| entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let change = |id: Snowflake| {
        let (old, new) = (find(before, id), find(after, id));
        let mut change = json!({"key": id});
        for (side, entry) in [("old_value", old), ("new_value", new)] {
            if let Some(entry) = entry {
                change[side] = entry.payload();
            }
        }
        (old != new).then_some(change)
    };
    ids.into_iter().filter_map(change).collect()
}
