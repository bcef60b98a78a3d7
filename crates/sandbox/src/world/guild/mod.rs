//! Guilds: what belongs to them, and how Discord renders them.

pub mod community;
mod edit;
pub mod emoji;
mod feature;
mod incident;
pub mod invite;
mod invite_target;
mod roles;
pub mod scheduled_event;
pub mod soundboard;
mod stage;
mod stage_speaker;
pub(crate) mod sticker;
mod sticker_pack;
pub mod template;
mod vanity;
mod voice;
mod voice_rights;
pub mod webhook;
mod webhook_github;
mod webhook_message;
mod webhook_slack;
mod widget;
mod widget_image;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use community::Community;
pub use emoji::Emoji;
pub use invite::Invite;
pub use invite_target::InviteTargets;
pub use scheduled_event::ScheduledEvent;
pub use soundboard::Sound;
pub use stage::StageInstance;
pub use sticker::Sticker;
pub use template::Template;
pub use voice::{VoiceState, VoiceWish};
pub use webhook::Webhook;

use super::World;
use super::access::Rank;
use super::audit::AuditEntry;
use super::automod::Rule;
use super::channel::Channel;
use super::command::permission::CommandPermissions;
use super::member::Member;
use super::role::Role;
use crate::snowflake::Snowflake;

/// A guild with everything that exists only inside it; its channels are in the world.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Guild {
    pub id: Snowflake,
    pub name: String,
    pub owner_id: Snowflake,
    pub roles: BTreeMap<Snowflake, Role>,
    pub members: BTreeMap<Snowflake, Member>,
    /// Settings without rules of their own, already validated, under Discord's names.
    pub settings: Map<String, Value>,
    /// Who is connected to which voice channel.
    pub voice_states: BTreeMap<Snowflake, VoiceState>,
    /// Live stages by channel.
    #[serde(default)]
    pub stages: BTreeMap<Snowflake, StageInstance>,
    #[serde(default)]
    pub scheduled_events: BTreeMap<Snowflake, ScheduledEvent>,
    #[serde(default)]
    pub sounds: BTreeMap<Snowflake, Sound>,
    #[serde(default)]
    pub template: Option<Template>,
    #[serde(default)]
    pub community: Community,
    /// How often the vanity URL was used.
    #[serde(default)]
    pub vanity_uses: u64,
    /// Banned users and why.
    pub bans: BTreeMap<Snowflake, Option<String>>,
    pub emojis: BTreeMap<Snowflake, Emoji>,
    pub stickers: BTreeMap<Snowflake, Sticker>,
    #[serde(default)]
    pub automod: BTreeMap<Snowflake, Rule>,
    /// What people decided about commands, by command or application.
    #[serde(default)]
    pub command_permissions: BTreeMap<Snowflake, CommandPermissions>,
    /// Oldest first.
    pub audit: VecDeque<AuditEntry>,
}

impl Guild {
    /// A guild in which nothing is yet, not even `@everyone`.
    pub fn new(id: Snowflake, name: &str, owner_id: Snowflake) -> Self {
        Self {
            id,
            name: name.to_owned(),
            owner_id,
            roles: BTreeMap::new(),
            members: BTreeMap::new(),
            settings: Map::new(),
            voice_states: BTreeMap::new(),
            stages: BTreeMap::new(),
            scheduled_events: BTreeMap::new(),
            sounds: BTreeMap::new(),
            template: None,
            community: Community::default(),
            vanity_uses: 0,
            bans: BTreeMap::new(),
            emojis: BTreeMap::new(),
            stickers: BTreeMap::new(),
            automod: BTreeMap::new(),
            command_permissions: BTreeMap::new(),
            audit: VecDeque::new(),
        }
    }

    /// Roles from `@everyone` upwards.
    pub fn roles_by_position(&self) -> Vec<&Role> {
        let mut roles: Vec<_> = self.roles.values().collect();
        roles.sort_by_key(|role| Rank::of(role));
        roles
    }
}

impl World {
    /// Puts a whole guild into the world as it is, unannounced: for those who judge its rules.
    pub fn adopt(&mut self, guild: Guild, channels: impl IntoIterator<Item = Channel>) {
        let named = channels.into_iter().map(|channel| (channel.id, channel));
        self.channels.extend(named);
        self.guilds.insert(guild.id, guild);
    }

    /// The guilds that a user is in, oldest first.
    pub fn guilds_of(&self, user: Snowflake) -> Vec<Snowflake> {
        let inside = self
            .guilds
            .values()
            .filter(|guild| guild.members.contains_key(&user));
        inside.map(|guild| guild.id).collect()
    }

    /// The guild object of REST.
    pub fn guild_payload(&self, id: Snowflake) -> Option<Value> {
        let guild = self.guilds.get(&id)?;
        let mut payload = json!({
            "id": guild.id,
            "name": guild.name,
            "icon": null,
            "description": null,
            "home_header": null,
            "splash": null,
            "discovery_splash": null,
            "features": [],
            "banner": null,
            "owner_id": guild.owner_id,
            "application_id": null,
            "region": "deprecated",
            "afk_channel_id": null,
            "afk_timeout": 300,
            "system_channel_id": null,
            "system_channel_flags": 0,
            "widget_enabled": false,
            "widget_channel_id": null,
            "verification_level": 0,
            "roles": guild.roles_by_position().iter().map(|role| role.payload())
                .collect::<Vec<_>>(),
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": null,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "rules_channel_id": null,
            "safety_alerts_channel_id": null,
            "public_updates_channel_id": null,
            "hub_type": null,
            "premium_progress_bar_enabled": false,
            "nsfw": false,
            "nsfw_level": 0,
            "emojis": guild.emojis.values().map(|emoji| self.emoji_payload(emoji))
                .collect::<Vec<_>>(),
            "stickers": guild.stickers.values().map(|sticker| self.sticker_payload(sticker))
                .collect::<Vec<_>>(),
            "incidents_data": null,
        });
        if let Some(object) = payload.as_object_mut() {
            object.extend(guild.settings.clone());
        }
        Some(payload)
    }
}
