//! Rules of guilds: owner, roles in their order, members, bans, voice, invites, webhooks.

use std::collections::BTreeMap;

use super::Found;
use crate::world::{Guild, World};

/// Discord: webhooks of one channel.
const MAX_WEBHOOKS: usize = 15;

pub(super) fn check(world: &World, found: &mut Found) {
    for (id, guild) in &world.guilds {
        found.expect(guild.id == *id, || {
            format!("guild {id} calls itself {}", guild.id)
        });
        check_roles(world, guild, found);
        check_members(world, guild, found);
        check_voice(world, guild, found);
    }
    check_invites(world, found);
    check_webhooks(world, found);
}

fn check_roles(world: &World, guild: &Guild, found: &mut Found) {
    let id = guild.id;
    let everyone = guild.roles.get(&id);
    found.expect(everyone.is_some_and(|role| role.position == 0), || {
        format!("guild {id}: @everyone is not at the bottom")
    });
    let mut positions: Vec<_> = guild.roles.values().map(|role| role.position).collect();
    positions.sort_unstable();
    let contiguous = (0..).zip(&positions).all(|(at, position)| at == *position);
    found.expect(contiguous, || {
        format!("guild {id}: roles at the positions {positions:?}")
    });
    for (key, role) in &guild.roles {
        found.expect(role.id == *key, || {
            format!("role {key} calls itself {}", role.id)
        });
        if let Some(bot) = role.bot_id {
            found.expect(role.managed && world.is_member(id, bot), || {
                format!("guild {id}: the role {key} belongs to {bot}, who is not there")
            });
        }
    }
}

fn check_members(world: &World, guild: &Guild, found: &mut Found) {
    let id = guild.id;
    found.expect(guild.members.contains_key(&guild.owner_id), || {
        format!("guild {id}: its owner is no member")
    });
    for (user, member) in &guild.members {
        found.expect(member.user_id == *user, || {
            format!("guild {id}: member {user} calls itself {}", member.user_id)
        });
        for role in &member.roles {
            found.expect(guild.roles.contains_key(role) && *role != id, || {
                format!("guild {id}: member {user} has the role {role} of elsewhere")
            });
        }
        found.expect(!guild.bans.contains_key(user), || {
            format!("guild {id}: member {user} is banned")
        });
        found.expect(world.users.contains_key(user), || {
            format!("guild {id}: member {user} is nobody")
        });
    }
    for emoji in guild.emojis.values() {
        found.expect(
            emoji.roles.iter().all(|it| guild.roles.contains_key(it)),
            || {
                format!(
                    "guild {id}: the emoji {} is for roles that are gone",
                    emoji.id
                )
            },
        );
    }
}

fn check_voice(world: &World, guild: &Guild, found: &mut Found) {
    for (user, state) in &guild.voice_states {
        let place = world.channels.get(&state.channel_id);
        let is_voice = place.is_some_and(|it| it.kind.is_voice() && it.guild_id == Some(guild.id));
        found.expect(is_voice && guild.members.contains_key(user), || {
            format!(
                "guild {}: {user} is in voice at {}",
                guild.id, state.channel_id
            )
        });
    }
}

fn check_invites(world: &World, found: &mut Found) {
    for (code, invite) in &world.invites {
        let place = world.channels.get(&invite.channel_id);
        let leads = place.is_some_and(|it| it.guild_id == Some(invite.guild_id));
        found.expect(leads && invite.code == *code, || {
            format!("the invite {code} leads to {}", invite.channel_id)
        });
        found.expect(
            invite.max_uses == 0 || invite.uses < invite.max_uses,
            || format!("the invite {code} is used up and still there"),
        );
    }
}

fn check_webhooks(world: &World, found: &mut Found) {
    let mut counts = BTreeMap::new();
    for (id, webhook) in &world.webhooks {
        let place = world.channels.get(&webhook.channel_id);
        let fits =
            place.is_some_and(|it| it.guild_id == Some(webhook.guild_id) && !it.kind.is_thread());
        found.expect(fits && webhook.id == *id, || {
            format!("the webhook {id} posts into {}", webhook.channel_id)
        });
        *counts.entry(webhook.channel_id).or_insert(0) += 1;
    }
    for (channel, count) in counts {
        found.expect(count <= MAX_WEBHOOKS, || {
            format!("the channel {channel} has {count} webhooks")
        });
    }
}
