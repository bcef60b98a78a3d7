//! Finds users, guilds, channels and roles by name, for people who would rather not copy ids.

use super::World;
use crate::snowflake::Snowflake;

/// How many names an error lists.
const MAX_LISTED: usize = 20;

/// Why a name does not lead to one thing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Nothing is called so.
    #[error("no {what} is called {name:?}; there are: {others}")]
    Unknown {
        /// `user`, `guild`, `channel` or `role`.
        what: &'static str,
        /// As it was asked for.
        name: String,
        /// Some of those that exist.
        others: String,
    },
    /// More than one is.
    #[error("more than one {what} is called {name:?}; use an id: {candidates}")]
    Ambiguous {
        /// As above.
        what: &'static str,
        /// As it was asked for.
        name: String,
        /// Each with its id.
        candidates: String,
    },
}

impl World {
    /// A user by id, or by username, with or without `@`.
    pub fn user_named(&self, name: &str) -> Result<Snowflake, NameError> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let bare = name.strip_prefix('@').unwrap_or(name);
        let users = self.users.values();
        one(
            "user",
            name,
            bare,
            users.map(|user| (&*user.username, user.id, "")),
        )
    }

    /// A guild by id or name.
    pub fn guild_named(&self, name: &str) -> Result<Snowflake, NameError> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let guilds = self.guilds.values();
        one(
            "guild",
            name,
            name,
            guilds.map(|guild| (&*guild.name, guild.id, "")),
        )
    }

    /// A channel or thread by id, by name with or without `#`, or as `guild#name`; `guild` is where
    /// to look, when it is known.
    pub fn channel_named(
        &self,
        name: &str,
        guild: Option<Snowflake>,
    ) -> Result<Snowflake, NameError> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let (guild, bare) = match name.split_once('#') {
            Some(("", bare)) => (guild, bare),
            Some((place, bare)) => (Some(self.guild_named(place)?), bare),
            None => (guild, name),
        };
        let here = || {
            self.channels.values().filter(move |channel| match guild {
                Some(guild) => channel.guild_id == Some(guild),
                None => channel.guild_id.is_some(),
            })
        };
        let place = |id: Option<Snowflake>| {
            let guild = id.and_then(|id| self.guilds.get(&id));
            guild.map(|guild| &*guild.name).unwrap_or_default()
        };
        // A channel goes before a thread of the same name.
        let threads = !here().any(|channel| channel.thread.is_none() && *channel.name == *bare);
        let channels = here().filter(|channel| threads || channel.thread.is_none());
        let named = channels.map(|channel| (&*channel.name, channel.id, place(channel.guild_id)));
        one("channel", name, bare, named)
    }

    /// A role of a guild by id or name, with or without `@`.
    pub fn role_named(&self, name: &str, guild: Snowflake) -> Result<Snowflake, NameError> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let bare = name.strip_prefix('@').unwrap_or(name);
        let roles = self
            .guilds
            .get(&guild)
            .into_iter()
            .flat_map(|guild| guild.roles.values());
        let plain = |name: &'_ str| name.strip_prefix('@').unwrap_or(name).len();
        let named = roles.map(|role| {
            (
                &role.name[role.name.len() - plain(&role.name)..],
                role.id,
                "",
            )
        });
        one("role", name, bare, named)
    }
}

fn one<'a>(
    what: &'static str,
    name: &str,
    bare: &str,
    all: impl Iterator<Item = (&'a str, Snowflake, &'a str)> + Clone,
) -> Result<Snowflake, NameError> {
    let mut found = all.clone().filter(|(known, ..)| *known == bare);
    let name = name.to_owned();
    match (found.next(), found.next()) {
        (Some((_, id, _)), None) => Ok(id),
        (None, _) => {
            let others: Vec<_> = all.map(|(known, ..)| known).take(MAX_LISTED).collect();
            let others = others.join(", ");
            Err(NameError::Unknown { what, name, others })
        }
        (Some(first), Some(second)) => {
            let all = [first, second].into_iter().chain(found).take(MAX_LISTED);
            let told = all.map(|(_, id, place)| match place {
                "" => id.to_string(),
                place => format!("{id} in {place}"),
            });
            let candidates = told.collect::<Vec<_>>().join(", ");
            Err(NameError::Ambiguous {
                what,
                name,
                candidates,
            })
        }
    }
}
