//! Emojis and stickers of a guild.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Emojis of each kind in a guild without boosts.
const MAX_EMOJIS: usize = 50;

/// An emoji of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Emoji {
    pub id: Snowflake,
    pub name: String,
    pub animated: bool,
    pub roles: BTreeSet<Snowflake>,
    pub creator: Snowflake,
}

/// A sticker of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sticker {
    pub id: Snowflake,
    pub name: String,
    pub description: Option<String>,
    pub tags: String,
    pub guild_id: Snowflake,
    pub creator: Snowflake,
}

impl World {
    /// An emoji of any guild.
    pub(crate) fn find_emoji(&self, id: Snowflake) -> Option<&Emoji> {
        self.guilds.values().find_map(|guild| guild.emojis.get(&id))
    }

    pub(crate) fn emoji_payload(&self, emoji: &Emoji) -> Value {
        json!({
            "id": emoji.id,
            "name": emoji.name,
            "roles": emoji.roles,
            "user": self.user_payload(emoji.creator),
            "require_colons": true,
            "managed": false,
            "animated": emoji.animated,
            "available": true,
        })
    }

    fn emoji_answer(&self, guild: Snowflake, id: Snowflake) -> Answer {
        let emoji = self.guild(guild)?.emojis.get(&id);
        let emoji = emoji.ok_or_else(|| Refusal::unknown(Unknown::Emoji))?;
        Ok(self.emoji_payload(emoji))
    }

    /// All emojis of a guild.
    pub fn list_emojis(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        Ok(self
            .guild(guild)?
            .emojis
            .values()
            .map(|emoji| self.emoji_payload(emoji))
            .collect())
    }

    /// One emoji.
    pub fn get_emoji(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        self.emoji_answer(guild, id)
    }

    /// Adds an emoji from a data URI.
    pub fn create_emoji(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::CREATE_EXPRESSIONS)?;
        let mut form = Form::new(body);
        let name = form.text("name", 2..=32);
        let name = form.required("name", name);
        let image = form.text("image", 1..=400_000);
        let image = form.required("image", image);
        if form.is_clean() && !image.starts_with("data:image/") {
            form.error("image", "IMAGE_INVALID", "Invalid image data");
        }
        let roles = form.ids("roles", 0..=250).value().unwrap_or_default();
        form.finish()?;
        let animated = image.starts_with("data:image/gif");
        let same_kind = self
            .guild(guild)?
            .emojis
            .values()
            .filter(|e| e.animated == animated);
        if same_kind.count() >= MAX_EMOJIS {
            let text = format!("Maximum number of emojis reached ({MAX_EMOJIS})");
            return Err(Refusal::new(400, 30_008, text));
        }
        let id = self.next_id();
        let roles = roles.into_iter().collect();
        let emoji = Emoji {
            id,
            name,
            animated,
            roles,
            creator: actor.id,
        };
        self.guild_mut(guild)?.emojis.insert(id, emoji);
        self.tell_emojis(guild);
        let rendered = self.emoji_answer(guild, id)?;
        let changes = name_change(&Value::Null, &rendered);
        self.audit(
            guild,
            actor,
            action::EMOJI_CREATE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(rendered)
    }

    /// Changes an emoji's name or roles; creators need less than others.
    pub fn modify_emoji(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        let before = self.reachable_emoji(actor, guild, id)?;
        let mut form = Form::new(body);
        let name = form.text("name", 2..=32).value();
        let roles = form.ids("roles", 0..=250).given();
        form.finish()?;
        if let Some(emoji) = self.guild_mut(guild)?.emojis.get_mut(&id) {
            emoji.name = name.unwrap_or_else(|| emoji.name.clone());
            if let Some(roles) = roles {
                emoji.roles = roles.unwrap_or_default().into_iter().collect();
            }
        }
        self.tell_emojis(guild);
        let rendered = self.emoji_answer(guild, id)?;
        let changes = name_change(&before, &rendered);
        self.audit(
            guild,
            actor,
            action::EMOJI_UPDATE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(rendered)
    }

    /// Deletes an emoji.
    pub fn delete_emoji(&mut self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer<()> {
        let before = self.reachable_emoji(actor, guild, id)?;
        self.guild_mut(guild)?.emojis.remove(&id);
        self.tell_emojis(guild);
        self.sounds_lose_emoji(guild, id);
        let changes = name_change(&before, &Value::Null);
        self.audit(
            guild,
            actor,
            action::EMOJI_DELETE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(())
    }

    fn reachable_emoji(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let rendered = self.emoji_answer(guild, id)?;
        let own = self
            .find_emoji(id)
            .is_some_and(|emoji| emoji.creator == actor.id);
        let permissions = self.permissions_in_guild(guild, actor.id);
        let allowed = permissions & bits::MANAGE_EXPRESSIONS != 0
            || own && permissions & bits::CREATE_EXPRESSIONS != 0;
        if allowed {
            Ok(rendered)
        } else {
            Err(Refusal::missing_permissions())
        }
    }

    pub(crate) fn tell_emojis(&mut self, guild: Snowflake) {
        let Some(emojis) = self.guilds.get(&guild).map(|guild| &guild.emojis) else {
            return;
        };
        let emojis: Vec<_> = emojis
            .values()
            .map(|emoji| self.emoji_payload(emoji))
            .collect();
        let data = json!({"guild_id": guild, "emojis": emojis});
        let wanted = intents::GUILD_EXPRESSIONS;
        self.dispatch("GUILD_EMOJIS_UPDATE", Audience::Guild(guild), wanted, data);
    }

    /// A sticker, made by whoever sets the world up.
    pub fn add_sticker(
        &mut self,
        guild: Snowflake,
        creator: Snowflake,
        name: &str,
    ) -> Answer<Snowflake> {
        let id = self.next_id();
        self.guild_mut(guild)?.stickers.insert(
            id,
            Sticker {
                id,
                name: name.to_owned(),
                description: None,
                tags: name.to_owned(),
                guild_id: guild,
                creator,
            },
        );
        Ok(id)
    }

    pub(crate) fn sticker_payload(&self, sticker: &Sticker) -> Value {
        json!({
            "id": sticker.id,
            "name": sticker.name,
            "description": sticker.description,
            "tags": sticker.tags,
            "type": 2,
            "format_type": 1,
            "available": true,
            "guild_id": sticker.guild_id,
            "user": self.user_payload(sticker.creator),
        })
    }

    /// All stickers of a guild.
    pub fn list_stickers(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        Ok(self
            .guild(guild)?
            .stickers
            .values()
            .map(|one| self.sticker_payload(one))
            .collect())
    }

    /// A sticker of a guild.
    pub fn get_guild_sticker(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let sticker = self.guild(guild)?.stickers.get(&id);
        let sticker = sticker.ok_or_else(|| Refusal::unknown(Unknown::Sticker))?;
        Ok(self.sticker_payload(sticker))
    }

    /// A sticker of any guild.
    pub fn get_sticker(&self, id: Snowflake) -> Answer {
        let sticker = self
            .guilds
            .values()
            .find_map(|guild| guild.stickers.get(&id));
        Ok(self.sticker_payload(sticker.ok_or_else(|| Refusal::unknown(Unknown::Sticker))?))
    }

    /// The stickers of a message.
    pub(crate) fn sticker_items(&self, ids: &[Snowflake]) -> Answer<Vec<Value>> {
        let item = |id: &Snowflake| {
            let sticker = self
                .guilds
                .values()
                .find_map(|guild| guild.stickers.get(id));
            let sticker = sticker.ok_or_else(|| Refusal::unknown(Unknown::Sticker))?;
            Ok(json!({"id": id, "name": sticker.name, "format_type": 1}))
        };
        ids.iter().map(item).collect()
    }
}

fn name_change(before: &Value, after: &Value) -> Vec<Value> {
    let mut all = changes(before, after);
    all.retain(|change| change["key"] == "name");
    all
}
