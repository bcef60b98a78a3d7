//! The server guide, which Discord's API calls the new member welcome.

use serde_json::{Map, Value, json};

use super::EmojiChoice;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::{Actor, Answer, Refusal, World};

const MAX_AUTHORS: usize = 10;
const MAX_ACTIONS: usize = 10;
const MAX_RESOURCES: usize = 25;

impl World {
    /// The guide; null where there is none.
    pub fn get_guide(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let guide = self.guild(guild)?.community.guide.clone();
        Ok(guide.unwrap_or_default())
    }

    /// A person writes the guide; bots cannot.
    pub fn put_guide(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let mut form = Form::new(body);
        let mut guide = json!({
            "guild_id": guild,
            "enabled": form.flag("enabled").value().unwrap_or_default(),
        });
        let message = form.object("welcome_message", |inner| {
            let text = inner.text("message", 1..=300);
            json!({
                "author_ids": inner.ids("author_ids", 0..=MAX_AUTHORS).value().unwrap_or_default(),
                "message": inner.required("message", text),
            })
        });
        if let Some(message) = message.value() {
            guide["welcome_message"] = message;
        }
        let actions = form.objects("new_member_actions", 0..=MAX_ACTIONS, |item| {
            let mut entry = read_entry(item);
            let kind = item.choice("action_type", &[0, 1]).value();
            entry.insert("action_type".into(), json!(kind.unwrap_or_default()));
            entry
        });
        let resources = form.objects("resource_channels", 0..=MAX_RESOURCES, read_entry);
        form.finish()?;
        for (key, entries) in [
            ("new_member_actions", actions),
            ("resource_channels", resources),
        ] {
            let entries = entries.value().unwrap_or_default();
            for (at, entry) in entries.iter().enumerate() {
                let channel = entry["channel_id"].as_str().and_then(|id| id.parse().ok());
                if channel.is_none_or(|id| self.guild_of(id) != Some(guild)) {
                    let path = format!("{key}.{at}.channel_id");
                    let message = "Channel does not exist";
                    return Err(Refusal::field(&path, "CHANNEL_INVALID", message));
                }
            }
            guide[key] = json!(entries);
        }
        let kept = &mut self.guild_mut(guild)?.community.guide;
        let before = kept.replace(guide.clone()).unwrap_or_default();
        let changes = changes(&before, &guide);
        if !changes.is_empty() {
            let action = if before.is_null() {
                action::HOME_SETTINGS_CREATE
            } else {
                action::HOME_SETTINGS_UPDATE
            };
            self.audit(guild, actor, action, Some(guild), changes, Value::Null);
        }
        Ok(guide)
    }
}

fn read_entry(form: &mut Form<'_>) -> Map<String, Value> {
    let channel = form.id("channel_id");
    let title = form.text("title", 1..=60);
    let description = form.text("description", 0..=200).value();
    let mut entry = Map::new();
    let channel = form.required("channel_id", channel);
    entry.insert("channel_id".into(), json!(channel));
    entry.insert("title".into(), json!(form.required("title", title)));
    let description = description.unwrap_or_default();
    entry.insert("description".into(), json!(description));
    let emoji = form.object("emoji", |inner| EmojiChoice {
        id: inner.id("id").value(),
        name: inner.text("name", 0..=100).value(),
        animated: inner.flag("animated").value().unwrap_or_default(),
    });
    if let Some(emoji) = emoji.value() {
        entry.insert("emoji".into(), emoji.payload());
    }
    entry
}
