//! A bot changes its application, and its own name and pictures.

use serde_json::{Map, Value, json};

use crate::snowflake::Snowflake;
use crate::validate::embed::is_url;
use crate::validate::{Form, Patch};
use crate::world::{Actor, Answer, Audience, World, intents};

const MAX_DESCRIPTION: usize = 400;
const MAX_URL: usize = 2_048;
const MAX_TAGS: usize = 5;
const MAX_TAG: usize = 20;
const MAX_EVENT_TYPES: usize = 25;
const MAX_EVENT_TYPE: usize = 100;
/// The largest picture, in bytes.
const MAX_IMAGE: usize = 10 * 1024 * 1024;

/// The application flags that can be set by the API, each with its privileged intent.
const LIMITED: &[(u64, u64)] = &[
    (1 << 13, intents::GUILD_PRESENCES),
    (1 << 15, intents::GUILD_MEMBERS),
    (1 << 19, intents::MESSAGE_CONTENT),
];

/// Names that Discord keeps for itself.
const RESERVED: &[&str] = &["everyone", "here"];
const FORBIDDEN: &[&str] = &["@", "#", ":", "```", "discord"];

impl World {
    /// Changes one's own application.
    pub fn modify_application(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer {
        self.own_application(actor, id)?;
        let mut form = Form::new(body);
        let mut changed = Map::new();
        let description = form.text("description", 0..=MAX_DESCRIPTION).given();
        for key in ["icon", "cover_image"] {
            if let Some(image) = form.image(key, MAX_IMAGE).given() {
                changed.insert(key.into(), json!(image.map(|image| image.hash())));
            }
        }
        for key in [
            "interactions_endpoint_url",
            "custom_install_url",
            "role_connections_verification_url",
            "event_webhooks_url",
        ] {
            let url = form.text(key, 0..=MAX_URL);
            if let Patch::Value(url) = &url
                && !url.is_empty()
                && !is_url(url, false)
            {
                form.error(key, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
            }
            if let Some(url) = url.given() {
                changed.insert(key.into(), json!(url.filter(|url| !url.is_empty())));
            }
        }
        if let Some(tags) = form.texts("tags", 0..=MAX_TAGS, 1..=MAX_TAG).given() {
            changed.insert("tags".into(), json!(tags.unwrap_or_default()));
        }
        let types = form.texts(
            "event_webhooks_types",
            0..=MAX_EVENT_TYPES,
            1..=MAX_EVENT_TYPE,
        );
        if let Some(types) = types.given() {
            changed.insert(
                "event_webhooks_types".into(),
                json!(types.unwrap_or_default()),
            );
        }
        for key in ["install_params", "integration_types_config"] {
            if let Patch::Value(value) = form.raw(key) {
                if value.is_object() {
                    changed.insert(key.into(), value.clone());
                } else {
                    let message = "Only dictionaries may be used in a ModelType";
                    form.error(key, "MODEL_TYPE_CONVERT", message);
                }
            }
        }
        let small = [
            ("explicit_content_filter", 0..=2),
            ("event_webhooks_status", 1..=2),
        ];
        for (key, range) in small {
            if let Some(number) = form.integer(key, range).value() {
                changed.insert(key.into(), json!(number));
            }
        }
        let flags = form.bits("flags").value();
        form.finish()?;
        // A picture that is taken away is left out, as Discord has no null there.
        let gone = |key: &str| changed.get(key).is_some_and(Value::is_null);
        let uncovered = ["cover_image", "custom_install_url"].map(|key| (key, gone(key)));
        let settings = &mut self.application_state(id)?.settings;
        settings.extend(changed);
        for (key, _) in uncovered.iter().filter(|(_, gone)| *gone) {
            settings.remove(*key);
        }
        if let Some(description) = description
            && let Some(application) = self.applications.get_mut(&id)
        {
            application.description = description.unwrap_or_default();
        }
        if let Some(flags) = flags {
            let chosen = LIMITED.iter().filter(|(flag, _)| flags & flag != 0);
            self.set_privileged_intents(id, chosen.fold(0, |all, (_, intent)| all | intent));
        }
        self.my_application(actor)
    }

    /// Changes one's own name and pictures; people also choose a display name.
    pub fn modify_own_user(&mut self, actor: &Actor, body: &Value) -> Answer {
        let mut form = Form::new(body);
        let username = form.text("username", 2..=32);
        if let Patch::Value(name) = &username {
            let low = name.to_lowercase();
            let kept = RESERVED.contains(&low.as_str());
            if kept || FORBIDDEN.iter().any(|part| low.contains(part)) {
                form.error("username", "USERNAME_INVALID", "Username is invalid");
            } else if self.is_taken(actor.id, name) {
                let message = "Username is already taken";
                form.error("username", "USERNAME_ALREADY_TAKEN", message);
            }
        }
        let avatar = form.image("avatar", MAX_IMAGE).given();
        let banner = form.image("banner", MAX_IMAGE).given();
        let display = form.text("global_name", 1..=32).given();
        form.finish()?;
        if let Some(user) = self.users.get_mut(&actor.id) {
            if let Some(name) = username.value() {
                user.username = name;
            }
            if let Some(avatar) = avatar {
                user.avatar = avatar.map(|image| image.hash());
            }
            if let Some(banner) = banner {
                user.banner = banner.map(|image| image.hash());
            }
            if let Some(display) = display.filter(|_| !user.bot) {
                user.global_name = display;
            }
        }
        let payload = self.own_user_payload(actor.id);
        let audience = Audience::User(actor.id);
        self.dispatch("USER_UPDATE", audience, 0, payload.clone());
        for guild in self.guilds_of(actor.id) {
            self.tell_member(guild, actor.id);
            self.screen_profile(guild, actor.id);
        }
        Ok(payload)
    }

    /// Bots may share a name, since they kept their four digits.
    fn is_taken(&self, own: Snowflake, name: &str) -> bool {
        let mut others = self.users.values();
        let bot = self.applications.contains_key(&own);
        !bot && others.any(|user| user.id != own && user.username == name)
    }
}
