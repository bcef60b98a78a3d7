//! Features of a guild that Discord grants or that other settings switch, and its boost tier.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::world::{Answer, Audience, World, intents};

/// Boosts that each tier takes.
const BOOSTS: [u64; 4] = [0, 2, 7, 14];

/// Features that those who manage a guild switch themselves.
pub(super) const MUTABLE_FEATURES: &[&str] = &[
    "COMMUNITY",
    "DISCOVERABLE",
    "INVITES_DISABLED",
    "RAID_ALERTS_DISABLED",
];

impl World {
    /// What a guild's managers want, with what they cannot switch.
    pub(super) fn with_granted(&self, guild: Snowflake, wanted: &Value) -> Value {
        let granted = self.features(guild);
        let granted = granted
            .iter()
            .map(String::as_str)
            .filter(|feature| !MUTABLE_FEATURES.contains(feature));
        let wanted = wanted.as_array().into_iter().flatten();
        let wanted = wanted.filter_map(Value::as_str);
        json!(wanted.chain(granted).collect::<BTreeSet<_>>())
    }

    fn features(&self, guild: Snowflake) -> BTreeSet<String> {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let features = settings.and_then(|settings| settings.get("features")?.as_array());
        let features = features.into_iter().flatten().filter_map(Value::as_str);
        features.map(str::to_owned).collect()
    }

    pub(crate) fn has_feature(&self, guild: Snowflake, feature: &str) -> bool {
        self.features(guild).contains(feature)
    }

    /// Switches a feature; true when that changes anything. Telling is the caller's business.
    pub(crate) fn set_feature(&mut self, guild: Snowflake, feature: &str, on: bool) -> bool {
        let mut features = self.features(guild);
        let changed = if on {
            features.insert(feature.to_owned())
        } else {
            features.remove(feature)
        };
        if changed && let Some(guild) = self.guilds.get_mut(&guild) {
            guild.settings.insert("features".into(), json!(features));
        }
        changed
    }

    /// Grants what money or Discord's staff would: features, and a boost tier.
    pub(crate) fn grant_features(
        &mut self,
        guild: Snowflake,
        features: Option<&[String]>,
        tier: Option<usize>,
    ) -> Answer {
        self.guild(guild)?;
        for feature in features.unwrap_or_default() {
            self.set_feature(guild, feature, true);
        }
        if let Some(tier) = tier.map(|tier| tier.min(BOOSTS.len() - 1)) {
            let settings = &mut self.guild_mut(guild)?.settings;
            let before = settings.insert("premium_tier".into(), json!(tier));
            settings.insert("premium_subscription_count".into(), json!(BOOSTS[tier]));
            if before.unwrap_or(json!(0)) != json!(tier) {
                self.tell_all_sounds(guild);
            }
        }
        self.tell_guild(guild);
        Ok(self.guild_payload(guild).unwrap_or_default())
    }

    /// GUILD_UPDATE.
    pub(crate) fn tell_guild(&mut self, guild: Snowflake) {
        if let Some(data) = self.guild_payload(guild) {
            let audience = Audience::Guild(guild);
            self.dispatch("GUILD_UPDATE", audience, intents::GUILDS, data);
        }
    }

    /// A guild's setting that names a channel or nothing.
    pub(crate) fn channel_setting(&self, guild: Snowflake, key: &str) -> Option<Snowflake> {
        let settings = &self.guilds.get(&guild)?.settings;
        settings.get(key)?.as_str()?.parse().ok()
    }
}
