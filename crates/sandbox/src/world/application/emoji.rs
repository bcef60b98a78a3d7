//! The emojis of an application, which only its bot can use.

use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::guild::Emoji;
use crate::world::guild::emoji::{emoji_name, read_new_emoji};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Discord: Application-Owned Emoji.
const MAX_EMOJIS: usize = 2_000;

impl World {
    pub(crate) fn find_application_emoji(&self, id: Snowflake) -> Option<&Emoji> {
        self.applications
            .values()
            .find_map(|it| it.state.emojis.get(&id))
    }

    /// All of them.
    pub fn application_emojis(&self, actor: &Actor, application: Snowflake) -> Answer {
        self.own_application(actor, application)?;
        let emojis = self
            .applications
            .get(&application)
            .map(|it| &it.state.emojis);
        let emojis = emojis.into_iter().flat_map(|emojis| emojis.values());
        let items: Vec<_> = emojis.map(|emoji| self.emoji_payload(emoji)).collect();
        Ok(json!({ "items": items }))
    }

    /// One of them.
    pub fn get_application_emoji(
        &self,
        actor: &Actor,
        application: Snowflake,
        id: Snowflake,
    ) -> Answer {
        self.own_application(actor, application)?;
        let own = self.applications.get(&application);
        let emoji = own.and_then(|it| it.state.emojis.get(&id));
        Ok(self.emoji_payload(emoji.ok_or_else(|| Refusal::unknown(Unknown::Emoji))?))
    }

    /// Adds one from a data URI.
    pub fn create_application_emoji(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        body: &Value,
    ) -> Answer {
        self.own_application(actor, application)?;
        let (name, animated, _) = read_new_emoji(body)?;
        let id = self.next_id();
        let emojis = &mut self.application_state(application)?.emojis;
        if emojis.len() >= MAX_EMOJIS {
            let text = format!("Maximum number of emojis reached ({MAX_EMOJIS})");
            return Err(Refusal::new(400, 30_008, text));
        }
        if emojis.values().any(|emoji| emoji.name == name) {
            let message = "An emoji of this name exists already";
            return Err(Refusal::field(
                "name",
                "APPLICATION_EMOJI_NAME_ALREADY_TAKEN",
                message,
            ));
        }
        let emoji = Emoji {
            id,
            name,
            animated,
            roles: std::collections::BTreeSet::new(),
            creator: actor.id,
        };
        emojis.insert(id, emoji);
        self.get_application_emoji(actor, application, id)
    }

    /// Changes its name.
    pub fn modify_application_emoji(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        self.get_application_emoji(actor, application, id)?;
        let mut form = Form::new(body);
        let name = emoji_name(&mut form);
        let name = form.required("name", name);
        form.finish()?;
        if let Some(emoji) = self.application_state(application)?.emojis.get_mut(&id) {
            emoji.name = name;
        }
        self.get_application_emoji(actor, application, id)
    }

    /// Deletes it.
    pub fn delete_application_emoji(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        self.get_application_emoji(actor, application, id)?;
        self.application_state(application)?.emojis.remove(&id);
        Ok(())
    }
}
