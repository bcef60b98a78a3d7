//! Starting a guild from a template, as a person does.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::permissions::{Overwrite, OverwriteTarget};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::channel::{Channel, ChannelKind, default_settings};
use crate::world::{Actor, Answer, Refusal, Role, World};

/// Settings of a guild that a template sets, besides those that name channels.
const SETTINGS: &[&str] = &[
    "description",
    "verification_level",
    "default_message_notifications",
    "explicit_content_filter",
    "preferred_locale",
    "afk_timeout",
    "system_channel_flags",
];

/// Settings of a channel that a template sets.
const CHANNEL_SETTINGS: &[&str] = &[
    "topic",
    "bitrate",
    "user_limit",
    "nsfw",
    "rate_limit_per_user",
    "default_auto_archive_duration",
    "default_reaction_emoji",
    "default_thread_rate_limit_per_user",
    "default_sort_order",
    "default_forum_layout",
];

/// What the numbers of a template stand for in the new guild.
type Ids = BTreeMap<String, Snowflake>;

impl World {
    /// Makes a guild that looks like the template's; bots cannot.
    pub fn start_from_template(&mut self, actor: &Actor, code: &str, body: &Value) -> Answer {
        let source = self.guild_of_template(code)?;
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let mut form = Form::new(body);
        let name = form.text("name", 2..=100);
        let name = form.required("name", name);
        form.finish()?;
        let template = self.template_mut(source, code)?;
        template.usage_count += 1;
        let snapshot = template.snapshot.clone();
        let guild = self.create_guild(actor.id, &name);
        let roles = self.start_roles(guild, &snapshot)?;
        let channels = self.start_channels(guild, &snapshot, &roles);
        let mut settings: Map<String, Value> = SETTINGS
            .iter()
            .map(|key| ((*key).to_owned(), snapshot[*key].clone()))
            .collect();
        for key in ["afk_channel_id", "system_channel_id"] {
            let channel = snapshot[key].as_str().and_then(|it| channels.get(it));
            settings.insert(key.to_owned(), serde_json::json!(channel));
        }
        self.guild_mut(guild)?.settings.extend(settings);
        Ok(self.guild_payload(guild).unwrap_or_default())
    }

    fn start_roles(&mut self, guild: Snowflake, snapshot: &Value) -> Answer<Ids> {
        let mut ids = Ids::new();
        for (at, kept) in snapshot["roles"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let id = if at == 0 { guild } else { self.next_id() };
            let mut role = Role::new(id, kept["name"].as_str().unwrap_or_default());
            let permissions = kept["permissions"].as_str();
            role.permissions = permissions
                .and_then(|bits| bits.parse().ok())
                .unwrap_or_default();
            role.position = i64::try_from(at).unwrap_or(i64::MAX);
            let color = kept["color"].as_u64();
            role.color = color
                .and_then(|color| u32::try_from(color).ok())
                .unwrap_or_default();
            role.hoist = kept["hoist"] == true;
            role.mentionable = kept["mentionable"] == true;
            role.unicode_emoji = kept["unicode_emoji"].as_str().map(str::to_owned);
            ids.insert(kept["id"].to_string(), id);
            self.guild_mut(guild)?.roles.insert(id, role);
        }
        Ok(ids)
    }

    fn start_channels(&mut self, guild: Snowflake, snapshot: &Value, roles: &Ids) -> Ids {
        let mut ids = Ids::new();
        for kept in snapshot["channels"].as_array().into_iter().flatten() {
            let kind = kept["type"].as_u64().and_then(ChannelKind::from_number);
            let id = self.next_id();
            let mut channel = Channel::new(id, kind.unwrap_or(ChannelKind::Text), Some(guild));
            let name = kept["name"].as_str().unwrap_or_default();
            name.clone_into(&mut channel.name);
            channel.position = kept["position"].as_i64().unwrap_or_default();
            channel.parent_id = kept["parent_id"]
                .as_str()
                .and_then(|it| ids.get(it))
                .copied();
            let overwrites = kept["permission_overwrites"].as_array();
            channel.overwrites = overwrites
                .into_iter()
                .flatten()
                .filter_map(|overwrite| start_overwrite(overwrite, roles))
                .collect();
            let shown = default_settings(channel.kind);
            channel.settings = CHANNEL_SETTINGS
                .iter()
                .filter(|key| shown.contains_key(**key))
                .map(|key| ((*key).to_owned(), kept[*key].clone()))
                .collect();
            ids.insert(kept["id"].to_string(), id);
            self.channels.insert(id, channel);
        }
        ids
    }
}

fn start_overwrite(kept: &Value, roles: &Ids) -> Option<Overwrite> {
    let bits = |key: &str| kept[key].as_str()?.parse().ok();
    Some(Overwrite {
        id: *roles.get(kept["id"].as_str()?)?,
        target: OverwriteTarget::Role,
        allow: bits("allow")?,
        deny: bits("deny")?,
    })
}
