//! Users, and the applications behind those that are bots.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::application::ApplicationState;
use super::intents;
use crate::snowflake::Snowflake;

/// A person or a bot.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct User {
    /// Its id.
    pub id: Snowflake,
    /// Unique name.
    pub username: String,
    /// Display name.
    pub global_name: Option<String>,
    /// Whether an application stands behind it.
    pub bot: bool,
    /// Hash of the avatar.
    pub avatar: Option<String>,
    /// Hash of the banner.
    #[serde(default)]
    pub banner: Option<String>,
    /// Whether it accepts direct messages.
    pub accepts_dms: bool,
}

/// The user object. Borrowed, since a crowd is told by the thousand.
#[derive(Serialize)]
pub(crate) struct UserObject<'a> {
    id: Snowflake,
    username: &'a str,
    discriminator: Cow<'static, str>,
    global_name: Option<&'a str>,
    avatar: Option<&'a str>,
    avatar_decoration_data: (),
    collectibles: (),
    banner: Option<&'a str>,
    accent_color: (),
    public_flags: u64,
    flags: u64,
    primary_guild: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<bool>,
}

/// What Discord knows of a bot's application.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Application {
    /// Equal to the bot's user id, as for every new application.
    pub id: Snowflake,
    /// Shown to people.
    pub name: String,
    /// Shown to people.
    pub description: String,
    /// The person who owns it.
    pub owner: Option<Snowflake>,
    /// `GATEWAY_PRESENCE` and the like.
    pub flags: u64,
    /// Privileged intents that its owner has switched on.
    pub privileged_intents: u64,
    /// The bot's token.
    pub token: String,
    /// What belongs to it besides its bot.
    #[serde(default)]
    pub state: ApplicationState,
}

/// Application flags that grant privileged intents to a bot in fewer than 100 guilds.
const FLAG_PRESENCE_LIMITED: u64 = 1 << 13;
const FLAG_MEMBERS_LIMITED: u64 = 1 << 15;
const FLAG_MESSAGE_CONTENT_LIMITED: u64 = 1 << 19;

impl World {
    /// A person.
    pub fn create_user(&mut self, username: &str) -> Snowflake {
        let id = self.next_id();
        self.users.insert(id, User::new(id, username.to_owned()));
        id
    }

    /// A bot with its application; every privileged intent is switched on.
    pub fn create_bot(&mut self, username: &str, owner: Option<Snowflake>) -> Snowflake {
        let id = self.create_user(username);
        if let Some(user) = self.users.get_mut(&id) {
            user.bot = true;
        }
        let token = self.fresh_token(id);
        self.tokens.insert(token.clone(), id);
        self.applications.insert(
            id,
            Application {
                id,
                name: username.to_owned(),
                description: String::new(),
                owner,
                flags: 0,
                privileged_intents: 0,
                token,
                state: ApplicationState::default(),
            },
        );
        self.set_privileged_intents(id, intents::PRIVILEGED);
        id
    }

    /// Switches a bot's privileged intents; the application's flags follow.
    pub fn set_privileged_intents(&mut self, bot: Snowflake, allowed: u64) {
        let Some(application) = self.applications.get_mut(&bot) else {
            return;
        };
        application.privileged_intents = allowed & intents::PRIVILEGED;
        application.flags = [
            (intents::GUILD_PRESENCES, FLAG_PRESENCE_LIMITED),
            (intents::GUILD_MEMBERS, FLAG_MEMBERS_LIMITED),
            (intents::MESSAGE_CONTENT, FLAG_MESSAGE_CONTENT_LIMITED),
        ]
        .iter()
        .filter(|(intent, _)| allowed & intent != 0)
        .fold(0, |flags, (_, flag)| flags | flag);
    }

    /// Gives a bot another token; the old one is good for nothing from here on.
    pub(crate) fn replace_token(&mut self, bot: Snowflake) {
        let token = self.fresh_token(bot);
        let Some(application) = self.applications.get_mut(&bot) else {
            return;
        };
        let old = std::mem::replace(&mut application.token, token.clone());
        self.tokens.remove(&old);
        self.tokens.insert(token, bot);
    }

    fn fresh_token(&mut self, bot: Snowflake) -> String {
        let first = URL_SAFE_NO_PAD.encode(bot.to_string());
        format!("{first}.{}.{}", self.random_text(6), self.random_text(38))
    }

    /// Whose token this is.
    pub fn bot_by_token(&self, token: &str) -> Option<Snowflake> {
        self.tokens.get(token).copied()
    }

    /// The application of a bot.
    pub fn application_of(&self, bot: Snowflake) -> Option<&Application> {
        self.applications.get(&bot)
    }

    /// Which of the privileged intents a bot may ask for.
    pub fn privileged_intents_allowed(&self, bot: Snowflake) -> u64 {
        self.applications
            .get(&bot)
            .map_or(0, |application| application.privileged_intents)
    }

    /// A user as everyone sees it; one who is gone is shown as Discord shows deleted users.
    pub fn user_payload(&self, id: Snowflake) -> Value {
        let Some(user) = self.users.get(&id) else {
            return json!({
                "id": id, "username": format!("deleted_user_{id}"), "discriminator": "0",
                "global_name": null, "avatar": null, "bot": false, "public_flags": 0, "flags": 0,
                "primary_guild": null, "avatar_decoration_data": null,
            });
        };
        json!(user.object())
    }

    /// A user as it sees itself (`/users/@me` and READY).
    pub fn own_user_payload(&self, id: Snowflake) -> Value {
        let mut payload = self.user_payload(id);
        payload["verified"] = json!(true);
        payload["email"] = Value::Null;
        payload["mfa_enabled"] = json!(true);
        payload["locale"] = json!("en-US");
        payload["premium_type"] = json!(0);
        payload
    }
}

impl User {
    /// A person of whom only the name is known.
    pub(crate) fn new(id: Snowflake, username: String) -> Self {
        Self {
            id,
            username,
            global_name: None,
            bot: false,
            avatar: None,
            banner: None,
            accepts_dms: true,
        }
    }

    /// As everyone sees it.
    pub(crate) fn object(&self) -> UserObject<'_> {
        UserObject {
            id: self.id,
            username: &self.username,
            discriminator: if self.bot {
                self.discriminator().into()
            } else {
                "0".into()
            },
            global_name: self.global_name.as_deref(),
            avatar: self.avatar.as_deref(),
            avatar_decoration_data: (),
            collectibles: (),
            banner: self.banner.as_deref(),
            accent_color: (),
            public_flags: 0,
            flags: 0,
            primary_guild: (),
            bot: self.bot.then_some(true),
        }
    }

    /// Bots kept their four digits.
    fn discriminator(&self) -> String {
        format!("{:04}", (self.id.0 >> 22) % 9999 + 1)
    }
}
