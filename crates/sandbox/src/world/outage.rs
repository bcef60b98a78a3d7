//! Guilds that Discord cannot serve for a while: their members' bots are told that the guild is
//! unavailable, hear nothing of it, and get it anew when the outage ends.

use serde_json::json;

use super::{Audience, World, intents};
use crate::snowflake::Snowflake;

impl World {
    /// Begins or ends the outage of a guild; false when there is no such guild.
    pub(crate) fn set_outage(&mut self, guild: Snowflake, unavailable: bool) -> bool {
        let Some(members) = self.guilds.get(&guild).map(|guild| &guild.members) else {
            return false;
        };
        let bots = self.applications.keys().copied();
        let bots: Vec<_> = bots.filter(|bot| members.contains_key(bot)).collect();
        if unavailable && self.outages.insert(guild) {
            for bot in bots {
                let data = json!({ "id": guild, "unavailable": true });
                self.dispatch("GUILD_DELETE", Audience::User(bot), intents::GUILDS, data);
            }
        } else if !unavailable && self.outages.remove(&guild) {
            for bot in bots {
                // The Gateway renders it whole, for the intents of each session.
                let data = json!({ "id": guild, "unavailable": false });
                self.dispatch("GUILD_CREATE", Audience::User(bot), intents::GUILDS, data);
            }
        }
        true
    }

    /// Whether a guild cannot be served now.
    pub fn is_unavailable(&self, guild: Snowflake) -> bool {
        self.outages.contains(&guild)
    }

    /// Whether an audience belongs to a guild that cannot be served now.
    pub(crate) fn is_cut_off(&self, audience: &Audience) -> bool {
        match *audience {
            Audience::Guild(guild) | Audience::Channel { guild, .. } => self.is_unavailable(guild),
            Audience::User(_) | Audience::Dm(_) => false,
        }
    }
}
