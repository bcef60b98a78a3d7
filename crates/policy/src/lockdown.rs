//! Whose words a model may see, where the operator shows it only those of trusted members.

use std::collections::BTreeSet;

use model::{ChannelId, GuildId, RoleId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    Spot,
    strict::{self, NoOtherKeys},
};

/// Where it holds, and who is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lockdown {
    /// Members are trusted who have one of these roles, or whose highest role is above the lowest
    /// of them.
    pub trust_roles: BTreeSet<RoleId>,
    /// Users, bots and webhooks that are trusted whatever their roles are. Other bots and webhooks
    /// never are.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub trust_users: BTreeSet<UserId>,
    /// Empty: every guild.
    pub guilds: BTreeSet<GuildId>,
    /// Empty: every channel. A thread counts as its parent and category.
    pub channels: BTreeSet<ChannelId>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::lockdown")]
    pub others: NoOtherKeys,
}

impl Lockdown {
    /// Whether it holds for a call that concerns these places: one of them is enough. A guild as a
    /// whole holds the channels that are named, and a call that concerns no place may concern any.
    pub fn holds(&self, spots: &[Spot]) -> bool {
        spots.is_empty() || spots.iter().any(|spot| self.holds_at(spot))
    }

    fn holds_at(&self, spot: &Spot) -> bool {
        let in_guild = match spot.guild {
            Some(guild) => self.guilds.is_empty() || self.guilds.contains(&guild),
            None => self.guilds.is_empty(),
        };
        let in_channel = self.channels.is_empty()
            || (spot.channels.is_empty() && spot.guild.is_some())
            || spot
                .channels
                .iter()
                .any(|channel| self.channels.contains(channel));
        in_guild && in_channel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(guild: u64, channels: &[u64]) -> Spot {
        Spot {
            guild: GuildId::new(guild),
            channels: channels
                .iter()
                .filter_map(|id| ChannelId::new(*id))
                .collect(),
        }
    }

    fn holds(text: &str, spots: &[Spot]) -> bool {
        let lockdown: Lockdown = toml::from_str(text).unwrap();
        lockdown.holds(spots)
    }

    #[test]
    fn it_holds_everywhere_unless_it_names_places() {
        let direct_message = spot(0, &[30]);
        for spots in [vec![], vec![spot(1, &[])], vec![direct_message.clone()]] {
            assert!(holds("", &spots));
        }
        let guild = "guilds = [\"1\"]";
        assert!(holds(guild, &[spot(1, &[10])]));
        assert!(holds(guild, &[spot(2, &[20]), spot(1, &[10])]));
        assert!(!holds(guild, &[spot(2, &[20])]));
        assert!(!holds(guild, &[direct_message]));
        assert!(holds(guild, &[]), "a user may be looked up from anywhere");
    }

    #[test]
    fn a_channel_is_named_itself_or_by_what_it_is_in() {
        let channel = "channels = [\"12\"]";
        assert!(holds(channel, &[spot(1, &[11, 10, 12])]));
        assert!(!holds(channel, &[spot(1, &[10])]));
        assert!(holds(channel, &[spot(1, &[])]), "the whole guild holds it");
        assert!(!holds(channel, &[spot(0, &[30])]));
        let both = "guilds = [\"2\"]\nchannels = [\"12\"]";
        assert!(!holds(both, &[spot(1, &[12])]));
    }
}
