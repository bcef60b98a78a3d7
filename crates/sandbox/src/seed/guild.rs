//! One guild of a description: its people, roles, bots, and what belongs to it beside channels.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Names;
use super::events;
use super::gap::Gap;
use super::places::{self, Channels};
use super::spec::{BotSpec, GuildSpec, MemberSpec, RoleSpec};
use crate::snowflake::Snowflake;
use crate::world::gateway::Presence;
use crate::world::guild::VoiceWish;
use crate::world::{Actor, Guild, Invite, Member, Refusal, Role, World};

/// One transparent pixel, for emojis of which only the name is known.
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// The type of a custom status.
const CUSTOM_STATUS: u8 = 4;
const CODE_LENGTH: usize = 8;

/// A guild that was added.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) guild_id: Snowflake,
    pub(super) owner: Snowflake,
    pub(super) bots: Vec<Snowflake>,
    pub(super) roles: BTreeMap<String, Snowflake>,
    /// All but categories, by name.
    pub(super) channels: BTreeMap<String, Snowflake>,
    /// Where everyone may write.
    pub(super) text_channel: Option<Snowflake>,
    /// As reactions name them.
    pub(super) emojis: BTreeMap<String, String>,
}

/// Adds a guild with everything but what was said, without telling anyone.
pub(super) fn add(
    world: &mut World,
    names: &mut Names,
    spec: &GuildSpec,
    [now_ms, founded_ms]: [u64; 2],
) -> Result<Added, Gap> {
    let owner = names.person(world, &spec.owner);
    let guild_id = world.create_guild(owner, &spec.name);
    let gone = || Gap::at("", "the guild is gone");
    let mut guild = world.guilds.remove(&guild_id).ok_or_else(gone)?;
    if let (Some(everyone), Some(role)) = (spec.everyone, guild.roles.get_mut(&guild_id)) {
        role.permissions = everyone;
    }
    if let Some(description) = &spec.description {
        guild
            .settings
            .insert("description".into(), json!(description));
    }
    let mut roles = add_roles(world, &mut guild, &spec.roles);
    for member in &spec.members {
        let user = names.person(world, &member.username);
        if let Some(account) = world.users.get_mut(&user)
            && member.display_name.is_some()
        {
            account.global_name.clone_from(&member.display_name);
        }
        let joined_ms = member.joined.map_or(founded_ms, |when| when.ms(now_ms));
        let mut here = Member::new(user, joined_ms);
        here.nick.clone_from(&member.nick);
        here.roles = member
            .roles
            .iter()
            .map(|name| roles[name.as_str()])
            .collect();
        guild.members.insert(user, here);
    }
    let bots: Vec<_> = spec
        .bots
        .iter()
        .map(|bot| add_bot(world, names, &mut guild, bot, owner, &roles))
        .collect();
    world.guilds.insert(guild_id, guild);
    if let Some(crowd) = spec.crowd {
        let shown = [
            ("online", crowd.online),
            ("idle", crowd.idle),
            ("dnd", crowd.dnd),
        ];
        world.add_crowd(guild_id, crowd.people, &shown);
    }
    for member in &spec.members {
        show(world, names.get(&member.username), member);
    }
    let emojis = add_emojis(world, owner, guild_id, spec)?;
    roles.insert("@everyone".into(), guild_id);
    let Channels {
        by_name,
        first_text,
    } = places::add(world, names, guild_id, owner, spec, &roles, &bots)?;
    if let Some(guild) = world.guilds.get_mut(&guild_id) {
        for (setting, name) in [
            ("system_channel_id", &spec.system_channel),
            ("rules_channel_id", &spec.rules_channel),
        ] {
            let id = name.as_ref().and_then(|name| by_name.get(name));
            guild.settings.insert(setting.into(), json!(id));
        }
    }
    Ok(Added {
        guild_id,
        owner,
        bots,
        roles,
        channels: by_name,
        text_channel: first_text,
        emojis,
    })
}

/// What comes after everything was said: rules and slow mode would have blocked it, and voice is
/// always now.
pub(super) fn finish(
    world: &mut World,
    names: &Names,
    spec: &GuildSpec,
    added: &Added,
) -> Result<(), Gap> {
    let (guild_id, owner) = (added.guild_id, Actor::from(added.owner));
    for channel in spec.channels.iter().filter(|channel| channel.slow_mode > 0) {
        let id = added.channels.get(&channel.name);
        if let Some(channel_here) = id.and_then(|id| world.channels.get_mut(id)) {
            let seconds = json!(channel.slow_mode);
            channel_here
                .settings
                .insert("rate_limit_per_user".into(), seconds);
        }
    }
    for (at, rule) in spec.automod.iter().enumerate() {
        let place = format!("automod[{at}]");
        let mut body = rule.clone();
        name_to_id(&mut body, added);
        world
            .create_automod_rule(&owner, guild_id, &Value::Object(body))
            .map_err(refused(&place))?;
    }
    for (at, invite) in spec.invites.iter().enumerate() {
        let code = match &invite.code {
            Some(code) => code.clone(),
            None => world.random_text(CODE_LENGTH),
        };
        if world.invites.contains_key(&code) {
            return Err(Gap::at(
                &format!("invites[{at}].code"),
                "this code is taken",
            ));
        }
        let made = Invite {
            code: code.clone(),
            guild_id,
            channel_id: added.channels[&invite.channel],
            inviter: invite.by.as_ref().map_or(added.owner, |by| names.get(by)),
            created_ms: world.now_ms(),
            max_age: 0,
            max_uses: invite.max_uses,
            uses: 0,
            temporary: false,
        };
        world.invites.insert(code, made);
    }
    events::add(world, names, &spec.events, added)?;
    for (bot, id) in spec.bots.iter().zip(&added.bots) {
        for (at, command) in bot.commands.iter().enumerate() {
            let body = Value::Object(command.clone());
            world
                .put_command(&Actor::from(*id), *id, Some(guild_id), &body)
                .map_err(refused(&format!("bots.{}.commands[{at}]", bot.username)))?;
        }
    }
    for (at, member) in spec.members.iter().enumerate() {
        if let Some(voice) = &member.voice {
            let actor = Actor::from(names.get(&member.username));
            let channel = Some(added.channels[voice]);
            world
                .set_voice_state(&actor, guild_id, channel, VoiceWish::default())
                .map_err(refused(&format!("members[{at}].voice")))?;
        }
    }
    Ok(())
}

/// Discord's refusal, told as a gap of the description.
pub(super) fn refused(place: &str) -> impl Fn(Refusal) -> Gap {
    move |refusal| {
        let errors = refusal.errors.as_ref().map(|errors| format!(" {errors}"));
        Gap::at(place, format!("{refusal}{}", errors.unwrap_or_default()))
    }
}

fn add_roles(
    world: &mut World,
    guild: &mut Guild,
    specs: &[RoleSpec],
) -> BTreeMap<String, Snowflake> {
    let mut ids = BTreeMap::new();
    for (position, spec) in (1..).zip(specs) {
        let id = world.next_id();
        let mut role = Role::new(id, &spec.name);
        role.permissions = spec.permissions;
        role.position = position;
        role.color = spec.color;
        role.hoist = spec.hoist;
        role.mentionable = spec.mentionable;
        guild.roles.insert(id, role);
        ids.insert(spec.name.clone(), id);
    }
    ids
}

fn add_bot(
    world: &mut World,
    names: &mut Names,
    guild: &mut Guild,
    spec: &BotSpec,
    owner: Snowflake,
    roles: &BTreeMap<String, Snowflake>,
) -> Snowflake {
    let bot = names.bot(world, &spec.username, owner);
    let role_id = world.next_id();
    let mut role = Role::new(role_id, &spec.username);
    role.permissions = spec.permissions;
    role.position = i64::try_from(guild.roles.len()).unwrap_or(i64::MAX);
    role.managed = true;
    role.bot_id = Some(bot);
    guild.roles.insert(role_id, role);
    let mut member = Member::new(bot, world.now_ms());
    member.roles = spec.roles.iter().map(|name| roles[name.as_str()]).collect();
    member.roles.insert(role_id);
    guild.members.insert(bot, member);
    bot
}

fn show(world: &mut World, user: Snowflake, member: &MemberSpec) {
    let Some(status) = &member.status else {
        return;
    };
    let mut presence = Presence::of(status);
    if let Some(text) = &member.activity {
        presence.activities.push(json!({
            "id": "custom", "name": "Custom Status", "type": CUSTOM_STATUS, "state": text,
            "created_at": world.now_ms(),
        }));
    }
    world.set_presence(user, presence);
}

fn add_emojis(
    world: &mut World,
    owner: Snowflake,
    guild: Snowflake,
    spec: &GuildSpec,
) -> Result<BTreeMap<String, String>, Gap> {
    let mut emojis = BTreeMap::new();
    for (at, emoji) in spec.emojis.iter().enumerate() {
        let image = if emoji.animated {
            "data:image/gif;base64,R0lGODlhAQABAAAAACw="
        } else {
            PIXEL
        };
        let body = json!({ "name": emoji.name, "image": image });
        let made = world
            .create_emoji(&Actor::from(owner), guild, &body)
            .map_err(refused(&format!("emojis[{at}]")))?;
        let id = made["id"].as_str().unwrap_or_default();
        emojis.insert(emoji.name.clone(), format!("{}:{id}", emoji.name));
    }
    Ok(emojis)
}

/// Names of roles and channels in the body of a rule become ids.
fn name_to_id(body: &mut Map<String, Value>, added: &Added) {
    let swap = |value: &mut Value, ids: &BTreeMap<String, Snowflake>| {
        let id = value
            .as_str()
            .and_then(|name| ids.get(name.trim_start_matches('#')));
        if let Some(id) = id {
            *value = json!(id);
        }
    };
    for (key, ids) in [
        ("exempt_roles", &added.roles),
        ("exempt_channels", &added.channels),
    ] {
        let named = body.get_mut(key).and_then(Value::as_array_mut);
        named
            .into_iter()
            .flatten()
            .for_each(|value| swap(value, ids));
    }
    let actions = body.get_mut("actions").and_then(Value::as_array_mut);
    for action in actions.into_iter().flatten() {
        if let Some(channel) = action.pointer_mut("/metadata/channel_id") {
            swap(channel, &added.channels);
        }
    }
}
