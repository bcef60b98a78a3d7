//! The guild itself: creating, reading, changing, previewing, listing one's own.

use serde_json::{Map, Value, json};

use super::Guild;
use super::feature::MUTABLE_FEATURES;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Member, Refusal, Role, World, intents};

const MAX_GUILDS_PAGE: usize = 200;

/// Settings that name a channel of the guild.
const CHANNEL_SETTINGS: &[&str] = &[
    "afk_channel_id",
    "system_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
];

impl World {
    /// A guild with `@everyone` and its owner, and nothing else.
    pub fn create_guild(&mut self, owner: Snowflake, name: &str) -> Snowflake {
        let id = self.next_id();
        let now = self.now_ms();
        let mut guild = Guild::new(id, name, owner);
        let mut everyone = Role::new(id, "@everyone");
        everyone.permissions = bits::DEFAULT_EVERYONE;
        everyone.position = 0;
        guild.roles.insert(id, everyone);
        guild.members.insert(owner, Member::new(owner, now));
        self.guilds.insert(id, guild);
        if self.applications.contains_key(&owner) {
            self.tell_joined(id, owner);
        }
        id
    }

    /// The guild object, with counts if asked for.
    pub fn get_guild(&self, actor: &Actor, id: Snowflake, with_counts: bool) -> Answer {
        if !self.is_member(id, actor.id) {
            return Err(Refusal::unknown(Unknown::Guild));
        }
        let mut payload = self.guild_answer(id)?;
        if with_counts {
            let (members, online) = self.counts(id);
            payload["approximate_member_count"] = json!(members);
            payload["approximate_presence_count"] = json!(online);
        }
        Ok(payload)
    }

    fn guild_answer(&self, id: Snowflake) -> Answer {
        self.guild_payload(id)
            .ok_or_else(|| Refusal::unknown(Unknown::Guild))
    }

    /// Members, and members online.
    pub(crate) fn counts(&self, id: Snowflake) -> (usize, usize) {
        let Some(guild) = self.guilds.get(&id) else {
            return (0, 0);
        };
        let online = guild
            .members
            .keys()
            .filter(|user| self.is_online(**user))
            .count();
        (guild.members.len(), online)
    }

    /// What non-members may know of a guild.
    pub fn guild_preview(&self, actor: &Actor, id: Snowflake) -> Answer {
        if !self.is_member(id, actor.id) && !self.has_feature(id, "DISCOVERABLE") {
            return Err(Refusal::unknown(Unknown::Guild));
        }
        let mut payload = self.guild_answer(id)?;
        let (members, online) = self.counts(id);
        payload["approximate_member_count"] = json!(members);
        payload["approximate_presence_count"] = json!(online);
        let kept = [
            "id",
            "name",
            "icon",
            "splash",
            "discovery_splash",
            "home_header",
            "emojis",
            "features",
            "description",
            "stickers",
            "approximate_member_count",
            "approximate_presence_count",
        ];
        let kept = kept
            .iter()
            .map(|key| ((*key).to_owned(), payload[*key].clone()));
        Ok(Value::Object(kept.collect()))
    }

    /// The actor's guilds by id.
    pub fn my_guilds(
        &self,
        actor: &Actor,
        before: Option<Snowflake>,
        after: Option<Snowflake>,
        limit: usize,
        with_counts: bool,
    ) -> Answer {
        let guilds = self.guilds_of(actor.id).into_iter().filter(|id| {
            before.is_none_or(|before| *id < before) && after.is_none_or(|after| *id > after)
        });
        let page = guilds.take(limit.clamp(1, MAX_GUILDS_PAGE));
        Ok(page
            .filter_map(|id| self.my_guild(actor.id, id, with_counts))
            .collect())
    }

    fn my_guild(&self, user: Snowflake, id: Snowflake, with_counts: bool) -> Option<Value> {
        let full = self.guild_payload(id)?;
        let mut payload = json!({
            "id": id,
            "name": full["name"],
            "icon": full["icon"],
            "banner": full["banner"],
            "owner": self.guilds.get(&id)?.owner_id == user,
            "permissions": self.permissions_in_guild(id, user).to_string(),
            "features": full["features"],
        });
        if with_counts {
            let (members, online) = self.counts(id);
            payload["approximate_member_count"] = json!(members);
            payload["approximate_presence_count"] = json!(online);
        }
        Some(payload)
    }

    /// Changes a guild.
    pub fn modify_guild(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, id, bits::MANAGE_GUILD)?;
        let before = self.guild_answer(id)?;
        let mut form = Form::new(body);
        let name = form.text("name", 2..=100).value();
        let mut settings = read_settings(&mut form);
        if let Some(features) = settings.get_mut("features") {
            *features = self.with_granted(id, features);
        }
        form.finish()?;
        for key in CHANNEL_SETTINGS {
            let Some(named) = settings.get(*key).and_then(Value::as_str) else {
                continue;
            };
            let channel = named.parse().ok().and_then(|id| self.channels.get(&id));
            if channel.is_none_or(|channel| channel.guild_id != Some(id)) {
                return Err(Refusal::field(
                    key,
                    "CHANNEL_INVALID",
                    "Channel does not exist",
                ));
            }
        }
        let guild = self.guild_mut(id)?;
        guild.settings.extend(settings);
        guild.name = name.unwrap_or_else(|| guild.name.clone());
        let after = self.guild_answer(id)?;
        let changes = changes(&before, &after);
        if !changes.is_empty() {
            let audience = Audience::Guild(id);
            self.dispatch("GUILD_UPDATE", audience, intents::GUILDS, after.clone());
            self.audit(
                id,
                actor,
                action::GUILD_UPDATE,
                Some(id),
                changes,
                Value::Null,
            );
        }
        Ok(after)
    }

    /// The channels of a guild; those that the actor cannot see are shown, as Discord does.
    pub fn list_channels(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let channels = self.channels_of(guild);
        Ok(channels
            .iter()
            .filter_map(|c| self.channel_payload(c.id, actor.id))
            .collect())
    }
}

fn read_settings(form: &mut Form<'_>) -> Map<String, Value> {
    let mut settings = Map::new();
    if let Some(text) = form.text("description", 0..=300).given() {
        settings.insert(
            "description".into(),
            json!(text.filter(|text| !text.is_empty())),
        );
    }
    let choices: &[(&str, &[u64])] = &[
        ("verification_level", &[0, 1, 2, 3, 4]),
        ("default_message_notifications", &[0, 1]),
        ("explicit_content_filter", &[0, 1, 2]),
        ("afk_timeout", &[60, 300, 900, 1_800, 3_600]),
    ];
    for (key, choices) in choices {
        if let Some(choice) = form.choice(key, choices).value() {
            settings.insert((*key).to_owned(), json!(choice));
        }
    }
    for key in CHANNEL_SETTINGS {
        if let Some(channel) = form.id(key).given() {
            settings.insert((*key).to_owned(), json!(channel));
        }
    }
    if let Some(flags) = form.bits("system_channel_flags").value() {
        settings.insert("system_channel_flags".into(), json!(flags & 0x3F));
    }
    if let Some(locale) = form.text("preferred_locale", 2..=10).value() {
        settings.insert("preferred_locale".into(), json!(locale));
    }
    if let Some(shown) = form.flag("premium_progress_bar_enabled").value() {
        settings.insert("premium_progress_bar_enabled".into(), json!(shown));
    }
    if let Some(Value::Array(features)) = form.raw("features").value() {
        let given: Vec<_> = features
            .iter()
            .filter(|f| f.as_str().is_some_and(|f| MUTABLE_FEATURES.contains(&f)))
            .collect();
        settings.insert("features".into(), json!(given));
    }
    settings
}
