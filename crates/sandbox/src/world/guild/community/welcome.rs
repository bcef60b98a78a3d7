//! The welcome screen: a few channels that a newcomer is shown first.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::EmojiChoice;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::action;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Channels on a welcome screen.
const MAX_CHANNELS: usize = 5;

/// The feature that tells whether it is shown.
const SHOWN: &str = "WELCOME_SCREEN_ENABLED";

/// A guild's welcome screen.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct WelcomeScreen {
    pub description: Option<String>,
    pub channels: Vec<WelcomeChannel>,
}

/// A channel on it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct WelcomeChannel {
    pub channel_id: Snowflake,
    pub description: String,
    pub emoji: EmojiChoice,
}

impl WelcomeScreen {
    fn payload(&self) -> Value {
        let channel = |it: &WelcomeChannel| {
            json!({
                "channel_id": it.channel_id, "description": it.description,
                "emoji_id": it.emoji.id, "emoji_name": it.emoji.name,
            })
        };
        json!({
            "description": self.description,
            "welcome_channels": self.channels.iter().map(channel).collect::<Vec<_>>(),
        })
    }
}

impl World {
    /// The welcome screen; while it is not shown, only for those who manage the guild.
    pub fn get_welcome_screen(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        if !self.has_feature(guild, SHOWN) {
            self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        }
        let welcome = self.guild(guild)?.community.welcome.as_ref();
        let welcome = welcome.ok_or_else(|| Refusal::unknown(Unknown::WelcomeScreen))?;
        Ok(welcome.payload())
    }

    /// Changes, shows or hides the welcome screen of a community.
    pub fn modify_welcome_screen(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        if !self.has_feature(guild, "COMMUNITY") {
            return Err(Refusal::unknown(Unknown::WelcomeScreen));
        }
        let mut form = Form::new(body);
        let enabled = form.flag("enabled").value();
        let description = form.text("description", 0..=140).given();
        let channels = form.objects("welcome_channels", 0..=MAX_CHANNELS, read_channel);
        form.finish()?;
        let channels = channels.given().map(Option::unwrap_or_default);
        for (at, channel) in channels.iter().flatten().enumerate() {
            if self.guild_of(channel.channel_id) != Some(guild) {
                let path = format!("welcome_channels.{at}.channel_id");
                let message = "Channel does not exist";
                return Err(Refusal::field(&path, "CHANNEL_INVALID", message));
            }
        }
        let kept = self.guild_mut(guild)?;
        let welcome = kept.community.welcome.get_or_insert_default();
        let before = welcome.clone();
        if let Some(description) = description {
            welcome.description = description.filter(|text| !text.is_empty());
        }
        if let Some(channels) = channels {
            let emojis = &kept.emojis;
            let complete = |mut channel: WelcomeChannel| {
                channel.emoji = channel.emoji.completed(emojis);
                channel
            };
            welcome.channels = channels.into_iter().map(complete).collect();
        }
        let after = welcome.clone();
        let switched = enabled.is_some_and(|on| self.set_feature(guild, SHOWN, on));
        if switched {
            self.tell_guild(guild);
        }
        if switched || before != after {
            let (action, none) = (action::GUILD_UPDATE, Value::Null);
            self.audit(guild, actor, action, Some(guild), Vec::new(), none);
        }
        Ok(after.payload())
    }
}

fn read_channel(form: &mut Form<'_>) -> WelcomeChannel {
    let channel = form.id("channel_id");
    let description = form.text("description", 1..=50);
    WelcomeChannel {
        channel_id: form.required("channel_id", channel),
        description: form.required("description", description),
        emoji: EmojiChoice {
            id: form.id("emoji_id").value(),
            name: form.text("emoji_name", 0..=100).value(),
            animated: false,
        },
    }
}
