//! Finds what a saved world names and does not have, before anyone lives in it.

use std::fmt::Display;

use crate::snowflake::Snowflake;
use crate::world::{Channel, Guild, World};

/// The error names the first gap.
pub(super) fn check(world: &World) -> Result<(), String> {
    for (id, guild) in &world.guilds {
        same("guild", *id, guild.id)?;
        check_guild(world, guild)?;
    }
    for (id, channel) in &world.channels {
        same("channel", *id, channel.id)?;
        check_channel(world, channel)?;
    }
    for (channel, messages) in &world.messages {
        known(
            "messages",
            "channel",
            channel,
            world.channels.contains_key(channel),
        )?;
        for (id, message) in messages {
            same("message", *id, message.id)?;
            same("channel of a message", *channel, message.channel_id)?;
        }
    }
    for (id, application) in &world.applications {
        same("application", *id, application.id)?;
        let user = world.users.get(id).is_some_and(|user| user.bot);
        known(&format!("application {id}"), "bot", id, user)?;
        let token = world.bot_by_token(&application.token) == Some(*id);
        known(&format!("application {id}"), "token", &"its own", token)?;
    }
    for webhook in world.webhooks.values() {
        let holder = format!("webhook {}", webhook.id);
        known(
            &holder,
            "guild",
            &webhook.guild_id,
            world.guilds.contains_key(&webhook.guild_id),
        )?;
        let channel = world.channels.contains_key(&webhook.channel_id);
        known(&holder, "channel", &webhook.channel_id, channel)?;
    }
    for invite in world.invites.values() {
        let holder = format!("invite {}", invite.code);
        known(
            &holder,
            "guild",
            &invite.guild_id,
            world.guilds.contains_key(&invite.guild_id),
        )?;
        let channel = world.channels.contains_key(&invite.channel_id);
        known(&holder, "channel", &invite.channel_id, channel)?;
    }
    Ok(())
}

fn check_guild(world: &World, guild: &Guild) -> Result<(), String> {
    let holder = format!("guild {}", guild.id);
    let everyone = guild.roles.contains_key(&guild.id);
    known(&holder, "role @everyone", &guild.id, everyone)?;
    known(
        &holder,
        "owner",
        &guild.owner_id,
        world.users.contains_key(&guild.owner_id),
    )?;
    for (user, member) in &guild.members {
        same("member", *user, member.user_id)?;
        known(&holder, "member", user, world.users.contains_key(user))?;
        let missing = member
            .roles
            .iter()
            .find(|role| !guild.roles.contains_key(role));
        if let Some(role) = missing {
            known(
                &format!("member {user} of guild {}", guild.id),
                "role",
                role,
                false,
            )?;
        }
    }
    for (user, voice) in &guild.voice_states {
        known(
            &holder,
            "member in voice",
            user,
            guild.members.contains_key(user),
        )?;
        let channel = world.channels.contains_key(&voice.channel_id);
        known(&holder, "voice channel", &voice.channel_id, channel)?;
    }
    Ok(())
}

fn check_channel(world: &World, channel: &Channel) -> Result<(), String> {
    let holder = format!("channel {}", channel.id);
    if let Some(guild) = channel.guild_id {
        known(&holder, "guild", &guild, world.guilds.contains_key(&guild))?;
    }
    if let Some(parent) = channel.parent_id {
        known(
            &holder,
            "parent",
            &parent,
            world.channels.contains_key(&parent),
        )?;
    }
    let mut recipients = channel.recipients.iter();
    match recipients.find(|user| !world.users.contains_key(user)) {
        Some(user) => known(&holder, "recipient", user, false),
        None => Ok(()),
    }
}

fn known(holder: &str, what: &str, id: &impl Display, exists: bool) -> Result<(), String> {
    if exists {
        return Ok(());
    }
    Err(format!("{holder}: its {what} {id} does not exist"))
}

fn same(what: &str, key: Snowflake, id: Snowflake) -> Result<(), String> {
    if key == id {
        return Ok(());
    }
    Err(format!("{what} {key} calls itself {id}"))
}
