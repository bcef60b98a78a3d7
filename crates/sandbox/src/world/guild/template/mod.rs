//! Guild templates: a code that stands for the roles, channels and settings of a guild.

mod snapshot;
mod start;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Length of a template's code.
const CODE_LENGTH: usize = 12;

/// A guild's template; it has one at most.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Template {
    pub code: String,
    pub name: String,
    pub description: Option<String>,
    pub usage_count: u64,
    pub creator_id: Snowflake,
    pub created_ms: u64,
    /// Last synced.
    pub updated_ms: u64,
    /// The guild as it was then.
    pub snapshot: Value,
}

impl World {
    fn template_payload(&self, guild: Snowflake, template: &Template) -> Value {
        let dirty = self.guild_snapshot(guild) != template.snapshot;
        json!({
            "code": template.code,
            "name": template.name,
            "description": template.description,
            "usage_count": template.usage_count,
            "creator_id": template.creator_id,
            "creator": self.user_payload(template.creator_id),
            "created_at": iso8601(template.created_ms),
            "updated_at": iso8601(template.updated_ms),
            "source_guild_id": guild,
            "serialized_source_guild": template.snapshot,
            "is_dirty": dirty.then_some(true),
        })
    }

    /// The guild whose template has this code.
    fn guild_of_template(&self, code: &str) -> Answer<Snowflake> {
        let has = |guild: &&super::Guild| {
            let template = guild.template.as_ref();
            template.is_some_and(|template| template.code == code)
        };
        let guild = self.guilds.values().find(has).map(|guild| guild.id);
        guild.ok_or_else(|| Refusal::unknown(Unknown::Template))
    }

    /// The template of a guild, which must have this code.
    fn template_mut(&mut self, guild: Snowflake, code: &str) -> Answer<&mut Template> {
        let template = self.guild_mut(guild)?.template.as_mut();
        let template = template.filter(|template| template.code == code);
        template.ok_or_else(|| Refusal::unknown(Unknown::Template))
    }

    fn template_answer(&self, guild: Snowflake) -> Answer {
        let template = self.guild(guild)?.template.as_ref();
        let template = template.ok_or_else(|| Refusal::unknown(Unknown::Template))?;
        Ok(self.template_payload(guild, template))
    }

    /// A template by its code, for anyone.
    pub fn get_template(&self, code: &str) -> Answer {
        self.template_answer(self.guild_of_template(code)?)
    }

    /// The templates of a guild.
    pub fn list_templates(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        Ok(self.template_answer(guild).into_iter().collect())
    }

    /// Makes the template of a guild.
    pub fn create_template(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let mut form = Form::new(body);
        let name = form.text("name", 1..=100);
        let name = form.required("name", name);
        let description = form.text("description", 0..=120).value();
        form.finish()?;
        if self.guild(guild)?.template.is_some() {
            let text = "Guild already has a template";
            return Err(Refusal::new(400, 30_031, text));
        }
        let (code, now) = (self.random_text(CODE_LENGTH), self.now_ms());
        let snapshot = self.guild_snapshot(guild);
        self.guild_mut(guild)?.template = Some(Template {
            code,
            name,
            description,
            usage_count: 0,
            creator_id: actor.id,
            created_ms: now,
            updated_ms: now,
            snapshot,
        });
        self.template_answer(guild)
    }

    /// Takes the guild as it is now.
    pub fn sync_template(&mut self, actor: &Actor, guild: Snowflake, code: &str) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let (snapshot, now) = (self.guild_snapshot(guild), self.now_ms());
        let template = self.template_mut(guild, code)?;
        template.snapshot = snapshot;
        template.updated_ms = now;
        self.template_answer(guild)
    }

    /// Changes name and description.
    pub fn modify_template(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        code: &str,
        body: &Value,
    ) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let template = self.template_mut(guild, code)?;
        let mut form = Form::new(body);
        let name = form.text("name", 1..=100).value();
        let description = form.text("description", 0..=120).given();
        form.finish()?;
        template.name = name.unwrap_or_else(|| template.name.clone());
        if let Some(description) = description {
            template.description = description;
        }
        self.template_answer(guild)
    }

    /// Deletes a template; answers what it was.
    pub fn delete_template(&mut self, actor: &Actor, guild: Snowflake, code: &str) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        self.template_mut(guild, code)?;
        let payload = self.template_answer(guild)?;
        self.guild_mut(guild)?.template = None;
        Ok(payload)
    }
}
