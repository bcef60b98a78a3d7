//! Finds what a description of a guild lacks, before anything of it is built.

use super::spec::{ChannelSpec, GuildSpec, MemberSpec};
use crate::world::ChannelKind;

/// Generated members of one guild (Discord: `max_members`).
const MAX_CROWD: u32 = 500_000;

/// The error names the first gap.
pub(super) fn check(guild: &GuildSpec) -> Result<(), String> {
    let crowd = guild.crowd.map_or(0, |crowd| crowd.people);
    if crowd > MAX_CROWD {
        let name = &guild.name;
        return Err(format!(
            "guild {name}: a crowd has at most {MAX_CROWD} people"
        ));
    }
    for member in &guild.members {
        check_member(guild, member)?;
    }
    for (at, channel) in guild.channels.iter().enumerate() {
        check_channel(guild, channel, &guild.channels[..at])?;
    }
    for name in [&guild.system_channel, &guild.rules_channel]
        .into_iter()
        .flatten()
    {
        if !guild.channels.iter().any(|channel| channel.name == *name) {
            return Err(format!("guild {}: no channel {name:?}", guild.name));
        }
    }
    Ok(())
}

fn check_member(guild: &GuildSpec, member: &MemberSpec) -> Result<(), String> {
    member
        .roles
        .iter()
        .try_for_each(|role| knows_role(guild, role))?;
    match member.status.as_deref() {
        None | Some("online" | "idle" | "dnd") => Ok(()),
        Some(status) => Err(format!(
            "member {:?}: no such status: {status:?}",
            member.username
        )),
    }
}

fn check_channel(
    guild: &GuildSpec,
    channel: &ChannelSpec,
    before: &[ChannelSpec],
) -> Result<(), String> {
    let name = &channel.name;
    let mut roles = channel.only_for.iter().chain(&channel.written_by);
    roles.try_for_each(|role| knows_role(guild, role))?;
    let kind = ChannelKind::from_number(channel.kind.into());
    if !kind.is_some_and(|kind| !kind.is_thread() && kind != ChannelKind::Dm) {
        return Err(format!("channel {name:?}: no such kind: {}", channel.kind));
    }
    let stranger = channel
        .messages
        .iter()
        .find(|message| !knows_user(guild, &message.author));
    if let Some(message) = stranger {
        return Err(format!("channel {name:?}: no member {:?}", message.author));
    }
    let is_category = |one: &ChannelSpec| one.kind == ChannelKind::Category.number();
    match &channel.category {
        Some(category)
            if !before
                .iter()
                .any(|one| is_category(one) && one.name == *category) =>
        {
            Err(format!(
                "channel {name:?}: no category {category:?} before it"
            ))
        }
        _ => Ok(()),
    }
}

fn knows_role(guild: &GuildSpec, name: &str) -> Result<(), String> {
    if guild.roles.iter().any(|role| role.name == name) {
        return Ok(());
    }
    Err(format!("guild {}: unknown role {name:?}", guild.name))
}

fn knows_user(guild: &GuildSpec, username: &str) -> bool {
    guild.owner == username
        || guild
            .members
            .iter()
            .any(|member| member.username == username)
        || guild.bots.iter().any(|bot| bot.username == username)
}
