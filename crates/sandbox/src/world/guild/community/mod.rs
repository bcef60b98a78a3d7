//! How a community receives people: welcome screen, onboarding, server guide, requests to join.

mod guide;
mod join_request;
mod onboarding;
mod onboarding_answer;
mod onboarding_edit;
mod welcome;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use join_request::{JoinRequest, JoinRequestPage, JoinStatus};
pub use onboarding::Onboarding;
pub use welcome::WelcomeScreen;

use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::guild::Emoji;

/// All of it; nothing is set up in a new guild.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Community {
    pub welcome: Option<WelcomeScreen>,
    pub onboarding: Onboarding,
    /// The server guide as Discord renders it.
    pub guide: Option<Value>,
    pub join_requests: BTreeMap<Snowflake, JoinRequest>,
}

/// An emoji beside a channel or an option: a custom one, a standard one, or none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EmojiChoice {
    pub id: Option<Snowflake>,
    pub name: Option<String>,
    pub animated: bool,
}

impl EmojiChoice {
    /// The object in prompts and guides, which is there also when there is no emoji.
    fn payload(&self) -> Value {
        json!({"id": self.id, "name": self.name, "animated": self.animated})
    }

    /// A custom emoji brings its own name.
    fn completed(mut self, emojis: &BTreeMap<Snowflake, Emoji>) -> Self {
        if let Some(emoji) = self.id.and_then(|id| emojis.get(&id)) {
            self.name = Some(emoji.name.clone());
            self.animated = emoji.animated;
        }
        self
    }
}

impl World {
    /// A channel goes away, and with it every mention of it.
    pub(crate) fn community_forgets_channel(&mut self, guild: Snowflake, channel: Snowflake) {
        let Some(guild) = self.guilds.get_mut(&guild) else {
            return;
        };
        let community = &mut guild.community;
        if let Some(welcome) = &mut community.welcome {
            welcome.channels.retain(|it| it.channel_id != channel);
        }
        let onboarding = &mut community.onboarding;
        onboarding.default_channel_ids.retain(|it| *it != channel);
        for option in onboarding.options_mut() {
            option.channel_ids.retain(|it| *it != channel);
        }
        for key in ["new_member_actions", "resource_channels"] {
            let guide = community.guide.as_mut().map(|guide| &mut guide[key]);
            if let Some(Value::Array(items)) = guide {
                items.retain(|item| item["channel_id"] != json!(channel));
            }
        }
    }

    /// A role goes away: no answer gives it any more.
    pub(crate) fn community_forgets_role(&mut self, guild: Snowflake, role: Snowflake) {
        let Some(guild) = self.guilds.get_mut(&guild) else {
            return;
        };
        for option in guild.community.onboarding.options_mut() {
            option.role_ids.retain(|it| *it != role);
        }
    }
}
