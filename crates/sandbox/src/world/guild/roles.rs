//! Roles: creating, changing, ordering, deleting, within the hierarchy.

use serde_json::{Map, Value, json};

use super::Guild;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, Role, World, intents};

const MAX_ROLES: usize = 250;

impl World {
    pub(crate) fn guild(&self, id: Snowflake) -> Answer<&Guild> {
        self.guilds
            .get(&id)
            .ok_or_else(|| Refusal::unknown(Unknown::Guild))
    }

    pub(crate) fn guild_mut(&mut self, id: Snowflake) -> Answer<&mut Guild> {
        self.guilds
            .get_mut(&id)
            .ok_or_else(|| Refusal::unknown(Unknown::Guild))
    }

    fn role(&self, guild: Snowflake, role: Snowflake) -> Answer<&Role> {
        self.guild(guild)?
            .roles
            .get(&role)
            .ok_or_else(|| Refusal::unknown(Unknown::Role))
    }

    /// All roles, by position.
    pub fn list_roles(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        Ok(self
            .guild(guild)?
            .roles_by_position()
            .iter()
            .map(|role| role.payload())
            .collect())
    }

    /// One role.
    pub fn get_role(&self, actor: &Actor, guild: Snowflake, role: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        Ok(self.role(guild, role)?.payload())
    }

    /// How many members have each role, `@everyone` left out.
    pub fn role_member_counts(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let guild = self.guild(guild)?;
        let count = |role: &Snowflake| {
            guild
                .members
                .values()
                .filter(|member| member.roles.contains(role))
                .count()
        };
        let roles = guild.roles.keys().filter(|role| **role != guild.id);
        let counts: Map<_, _> = roles
            .map(|role| (role.to_string(), json!(count(role))))
            .collect();
        Ok(Value::Object(counts))
    }

    /// Creates a role just above `@everyone`.
    pub fn create_role(&mut self, actor: &Actor, guild_id: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild_id, bits::MANAGE_ROLES)?;
        let id = self.next_id();
        let guild = self.guild(guild_id)?;
        if guild.roles.len() >= MAX_ROLES {
            let text = format!("Maximum number of guild roles reached ({MAX_ROLES})");
            return Err(Refusal::new(400, 30_005, text));
        }
        let mut role = Role::new(id, "new role");
        let everyone = guild.roles.get(&guild_id);
        role.permissions = everyone.map(|role| role.permissions).unwrap_or_default();
        let mut form = Form::new(body);
        read_role(&mut form, &mut role);
        form.finish()?;
        self.check_role_permissions(actor, guild_id, 0, role.permissions, body)?;
        let guild = self.guild_mut(guild_id)?;
        let mut moved = Vec::new();
        for other in guild.roles.values_mut().filter(|other| other.position >= 1) {
            other.position += 1;
            moved.push(other.payload());
        }
        let rendered = role.payload();
        guild.roles.insert(id, role);
        self.tell_role("GUILD_ROLE_CREATE", guild_id, &rendered);
        for other in &moved {
            self.tell_role("GUILD_ROLE_UPDATE", guild_id, other);
        }
        let changes = changes(&Value::Null, &rendered);
        self.audit(
            guild_id,
            actor,
            action::ROLE_CREATE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(rendered)
    }

    /// Changes a role below the actor's highest.
    pub fn modify_role(
        &mut self,
        actor: &Actor,
        guild_id: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require(actor.id, guild_id, bits::MANAGE_ROLES)?;
        let mut role = self.role(guild_id, id)?.clone();
        self.require_above_role(actor.id, guild_id, id)?;
        let before = role.payload();
        let old = role.permissions;
        let mut form = Form::new(body);
        read_role(&mut form, &mut role);
        form.finish()?;
        self.check_role_permissions(actor, guild_id, old, role.permissions, body)?;
        let rendered = role.payload();
        let sight = self.sight_of_bots(guild_id);
        self.guild_mut(guild_id)?.roles.insert(id, role);
        let changes = changes(&before, &rendered);
        if !changes.is_empty() {
            self.tell_role("GUILD_ROLE_UPDATE", guild_id, &rendered);
            self.tell_gained(guild_id, &sight);
            self.audit(
                guild_id,
                actor,
                action::ROLE_UPDATE,
                Some(id),
                changes,
                Value::Null,
            );
        }
        Ok(rendered)
    }

    /// Nobody grants or takes what they do not have.
    fn check_role_permissions(
        &self,
        actor: &Actor,
        guild: Snowflake,
        old: u64,
        new: u64,
        body: &Value,
    ) -> Answer<()> {
        let own = self.permissions_in_guild(guild, actor.id);
        let given = body
            .get("permissions")
            .is_some_and(|permissions| !permissions.is_null());
        if given && (old ^ new) & !own != 0 {
            return Err(Refusal::missing_permissions());
        }
        Ok(())
    }

    /// Deletes a role below the actor's highest.
    pub fn delete_role(&mut self, actor: &Actor, guild_id: Snowflake, id: Snowflake) -> Answer<()> {
        self.require(actor.id, guild_id, bits::MANAGE_ROLES)?;
        let role = self.role(guild_id, id)?;
        let rendered = role.payload();
        if role.managed || id == guild_id {
            return Err(Refusal::new(400, 50_028, "Invalid Role"));
        }
        self.require_above_role(actor.id, guild_id, id)?;
        self.forget_role(guild_id, id);
        let changes = changes(&rendered, &Value::Null);
        self.audit(
            guild_id,
            actor,
            action::ROLE_DELETE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(())
    }

    /// Takes a role away, and its name from wherever it stood.
    pub(crate) fn forget_role(&mut self, guild_id: Snowflake, id: Snowflake) {
        let sight = self.sight_of_bots(guild_id);
        let Some(guild) = self.guilds.get_mut(&guild_id) else {
            return;
        };
        let Some(gone) = guild.roles.remove(&id) else {
            return;
        };
        // Clients close the gap by themselves, as they make room for a new role.
        for other in guild.roles.values_mut() {
            other.position -= i64::from(other.position > gone.position);
        }
        for member in guild.members.values_mut() {
            member.roles.remove(&id);
        }
        let mut limited = false;
        for emoji in guild.emojis.values_mut() {
            limited |= emoji.roles.remove(&id);
        }
        for channel in self
            .channels
            .values_mut()
            .filter(|c| c.guild_id == Some(guild_id))
        {
            channel.overwrites.retain(|overwrite| overwrite.id != id);
        }
        self.unname_in_rules(guild_id, id);
        let data = json!({"guild_id": guild_id, "role_id": id});
        self.dispatch(
            "GUILD_ROLE_DELETE",
            Audience::Guild(guild_id),
            intents::GUILDS,
            data,
        );
        if limited {
            self.tell_emojis(guild_id);
        }
        self.tell_gained(guild_id, &sight);
        self.reconsider_voice(guild_id);
        self.community_forgets_role(guild_id, id);
    }

    /// Moves roles: `[{id, position}]`; all of them must stand below the actor, before and after.
    pub fn reorder_roles(&mut self, actor: &Actor, guild_id: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild_id, bits::MANAGE_ROLES)?;
        let wrapped = json!({"roles": body});
        let mut form = Form::new(&wrapped);
        let moves = form.objects("roles", 0..=MAX_ROLES, |item| {
            let id = item.id("id");
            let position = item.integer("position", 0..=i64::from(i32::MAX)).value();
            (item.required("id", id), position)
        });
        form.finish()?;
        let rank = self.rank(guild_id, actor.id).position;
        let mut order: Vec<Snowflake> = self
            .guild(guild_id)?
            .roles_by_position()
            .iter()
            .map(|role| role.id)
            .collect();
        let mut wanted = Vec::new();
        for (id, position) in moves.value().unwrap_or_default() {
            let current = self.role(guild_id, id)?.position;
            // Libraries send the whole order; what stays where it is needs no rank.
            let Some(position) = position.filter(|wanted| *wanted != current) else {
                continue;
            };
            self.require_above_role(actor.id, guild_id, id)?;
            if position >= rank || id == guild_id || position < 1 {
                return Err(Refusal::missing_permissions());
            }
            wanted.push((position, id));
        }
        wanted.sort_unstable();
        let asked: Vec<_> = wanted.iter().map(|(_, id)| *id).collect();
        order.retain(|role| !wanted.iter().any(|(_, id)| id == role));
        for (position, id) in wanted {
            let at = usize::try_from(position)
                .unwrap_or(usize::MAX)
                .min(order.len());
            order.insert(at, id);
        }
        let guild = self.guild_mut(guild_id)?;
        let mut moved = Vec::new();
        for (position, id) in (0..).zip(order) {
            if let Some(role) = guild
                .roles
                .get_mut(&id)
                .filter(|role| role.position != position)
            {
                let before = role.payload();
                role.position = position;
                moved.push((id, before, role.payload()));
            }
        }
        for (id, before, role) in moved {
            self.tell_role("GUILD_ROLE_UPDATE", guild_id, &role);
            // Those that only made room are not told of.
            if asked.contains(&id) {
                let (changes, none) = (changes(&before, &role), Value::Null);
                let kind = action::ROLE_UPDATE;
                self.audit(guild_id, actor, kind, Some(id), changes, none);
            }
        }
        Ok(self
            .guild(guild_id)?
            .roles_by_position()
            .iter()
            .map(|role| role.payload())
            .collect())
    }

    pub(crate) fn tell_role(&mut self, event: &'static str, guild: Snowflake, role: &Value) {
        let data = json!({"guild_id": guild, "role": role});
        self.dispatch(event, Audience::Guild(guild), intents::GUILDS, data);
        self.reconsider_voice(guild);
    }
}

fn read_role(form: &mut Form<'_>, role: &mut Role) {
    let everyone = role.position == 0;
    if let Some(name) = form.text("name", 1..=100).value().filter(|_| !everyone) {
        role.name = name;
    }
    if let Some(permissions) = form.bits("permissions").value() {
        role.permissions = permissions & bits::ALL;
    }
    if let Some(color) = form.integer("color", 0..=0x00FF_FFFF).value() {
        role.color = u32::try_from(color).unwrap_or_default();
    }
    let primary = form.object("colors", |colors| {
        let primary = colors.integer("primary_color", 0..=0x00FF_FFFF);
        colors.required("primary_color", primary)
    });
    if let Some(color) = primary.value() {
        role.color = u32::try_from(color).unwrap_or_default();
    }
    role.hoist = form.flag("hoist").value().unwrap_or(role.hoist);
    role.mentionable = form.flag("mentionable").value().unwrap_or(role.mentionable);
    if let Some(emoji) = form.text("unicode_emoji", 0..=100).given() {
        role.unicode_emoji = emoji;
    }
}
