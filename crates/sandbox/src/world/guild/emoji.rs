//! Emojis of a guild.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::{Form, Inline, Patch};
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Emojis of each kind in a guild, by its tier of boosts.
const MAX_EMOJIS: [usize; 4] = [50, 100, 150, 250];
/// The largest picture.
const MAX_IMAGE: usize = 256 * 1024;

/// An emoji of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Emoji {
    pub id: Snowflake,
    pub name: String,
    pub animated: bool,
    pub roles: BTreeSet<Snowflake>,
    pub creator: Snowflake,
}

impl World {
    /// An emoji of any guild or application.
    pub(crate) fn find_emoji(&self, id: Snowflake) -> Option<&Emoji> {
        let in_guilds = self.guilds.values().find_map(|guild| guild.emojis.get(&id));
        in_guilds.or_else(|| self.find_application_emoji(id))
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
        let (name, animated, roles) = read_new_emoji(body)?;
        self.check_emoji_roles(guild, &roles)?;
        let emojis = self.guild(guild)?.emojis.values();
        let same_kind = emojis.filter(|emoji| emoji.animated == animated).count();
        let max = MAX_EMOJIS[self.premium_tier(guild)];
        if same_kind >= max {
            let (code, kind) = if animated {
                (30_018, "animated emojis")
            } else {
                (30_008, "emojis")
            };
            let text = format!("Maximum number of {kind} reached ({max})");
            return Err(Refusal::new(400, code, text));
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
        let name = emoji_name(&mut form).value();
        let roles = form.ids("roles", 0..=MAX_ROLES).given();
        form.finish()?;
        if let Some(Some(roles)) = &roles {
            self.check_emoji_roles(guild, roles)?;
        }
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
        let creator = self.find_emoji(id).map(|emoji| emoji.creator);
        self.check_expression(actor, guild, creator)?;
        Ok(rendered)
    }

    /// Whoever may make emojis and stickers changes its own; managers change all.
    pub(super) fn check_expression(
        &self,
        actor: &Actor,
        guild: Snowflake,
        creator: Option<Snowflake>,
    ) -> Answer<()> {
        let permissions = self.permissions_in_guild(guild, actor.id);
        let allowed = permissions & bits::MANAGE_EXPRESSIONS != 0
            || creator == Some(actor.id) && permissions & bits::CREATE_EXPRESSIONS != 0;
        if allowed {
            Ok(())
        } else {
            Err(Refusal::missing_permissions())
        }
    }

    /// An emoji for some roles names roles of its guild.
    fn check_emoji_roles(&self, guild: Snowflake, roles: &[Snowflake]) -> Answer<()> {
        let known = &self.guild(guild)?.roles;
        if roles.iter().all(|role| known.contains_key(role)) {
            return Ok(());
        }
        Err(Refusal::unknown(Unknown::Role))
    }

    /// From 0, without boosts, to 3.
    pub(crate) fn premium_tier(&self, guild: Snowflake) -> usize {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let tier = settings.and_then(|all| all.get("premium_tier")?.as_u64());
        tier.map_or(0, |tier| usize::try_from(tier.min(3)).unwrap_or_default())
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
}

/// Roles that an emoji may be for.
const MAX_ROLES: usize = 250;

/// Name, whether it moves, and the roles that may use it.
pub(crate) fn read_new_emoji(body: &Value) -> Answer<(String, bool, Vec<Snowflake>)> {
    let mut form = Form::new(body);
    let name = emoji_name(&mut form);
    let name = form.required("name", name);
    let image = form.text("image", 1..=MAX_IMAGE * 2);
    let image = form.required("image", image);
    let image = Inline::parse(&image).filter(|image| image.kind.starts_with("image/"));
    if form.is_clean() && image.is_none() {
        form.error("image", "IMAGE_INVALID", "Invalid image data");
    }
    let roles = form.ids("roles", 0..=MAX_ROLES).value().unwrap_or_default();
    form.finish()?;
    if image
        .as_ref()
        .is_some_and(|image| image.bytes.len() > MAX_IMAGE)
    {
        let text = format!("Failed to resize asset below the maximum size: {MAX_IMAGE}");
        return Err(Refusal::new(400, 50_138, text));
    }
    Ok((
        name,
        image.is_some_and(|image| image.kind == "image/gif"),
        roles,
    ))
}

/// Letters, digits and underscores.
pub(crate) fn emoji_name(form: &mut Form<'_>) -> Patch<String> {
    let name = form.text("name", 2..=32);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Patch::Value(text) = &name
        && !text.chars().all(plain)
    {
        let message = "String value did not match validation regex.";
        form.error("name", "STRING_TYPE_REGEX", message);
    }
    name
}

fn name_change(before: &Value, after: &Value) -> Vec<Value> {
    let mut all = changes(before, after);
    all.retain(|change| change["key"] == "name");
    all
}
