//! Applications beyond their bots: how they present themselves, and all that hangs on them.

mod activity;
mod commerce;
mod edit;
mod emoji;
mod integration;
mod lobby;
mod role_connection;
mod sale;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use activity::Activity;
pub use commerce::{Commerce, EntitlementQuery, Sku};
pub use lobby::Lobby;

use super::guild::Emoji;
use super::{Actor, Answer, Refusal, World};
use crate::snowflake::Snowflake;

/// What belongs to one application.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ApplicationState {
    /// Already validated, under Discord's names.
    settings: Map<String, Value>,
    emojis: BTreeMap<Snowflake, Emoji>,
    role_connections: Vec<Value>,
    skus: BTreeMap<Snowflake, Sku>,
    /// When commands were created, by guild (0 for global ones).
    #[serde(default)]
    command_creates: BTreeMap<Snowflake, VecDeque<u64>>,
}

/// Commands created in a day and one scope (Discord: Application Commands › Registering).
const MAX_DAILY_CREATES: usize = 200;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

impl World {
    /// The application of the bot who asks.
    pub fn my_application(&self, actor: &Actor) -> Answer {
        let application = self
            .application_of(actor.id)
            .ok_or_else(Refusal::unauthorized)?;
        let bot = application.id;
        let owner = application.owner.unwrap_or(bot);
        let mut payload = json!({
            "id": bot,
            "name": application.name,
            "icon": null,
            "description": application.description,
            "summary": "",
            "type": null,
            "bot": self.user_payload(bot),
            "bot_public": true,
            "bot_require_code_grant": false,
            "verify_key": "0".repeat(64),
            "flags": application.flags,
            "flags_new": application.flags.to_string(),
            "redirect_uris": [],
            "interactions_endpoint_url": null,
            "role_connections_verification_url": null,
            "owner": self.user_payload(owner),
            "approximate_guild_count": self.guilds_of(bot).len(),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": null,
            "eligible_oauth2_scopes": [],
            "tags": [],
            "integration_types_config": {"0": {}},
        });
        if let Some(object) = payload.as_object_mut() {
            object.extend(application.state.settings.clone());
        }
        Ok(payload)
    }

    /// An application by id, which must be one's own.
    pub fn get_application(&self, actor: &Actor, id: Snowflake) -> Answer {
        self.own_application(actor, id)?;
        self.my_application(actor)
    }

    /// An application as everyone sees it.
    pub(crate) fn public_application(&self, id: Snowflake) -> Value {
        let application = self.applications.get(&id);
        let settings = application.map(|it| &it.state.settings);
        let icon = settings.and_then(|settings| settings.get("icon"));
        json!({
            "id": id,
            "name": application.map(|it| it.name.as_str()).unwrap_or_default(),
            "icon": icon,
            "description": application.map(|it| it.description.as_str()).unwrap_or_default(),
            // Long without a meaning; discord.py reads it.
            "summary": "",
            "type": null,
            "bot": self.user_payload(id),
        })
    }

    /// Counts new commands against the day's limit (30034).
    pub(crate) fn count_creates(
        &mut self,
        application: Snowflake,
        guild: Option<Snowflake>,
        count: usize,
    ) -> Answer<()> {
        let now = self.now_ms();
        let creates = &mut self.application_state(application)?.command_creates;
        let creates = creates.entry(guild.unwrap_or_default()).or_default();
        creates.retain(|at| at + DAY_MS > now);
        if creates.len() + count > MAX_DAILY_CREATES {
            let text = format!(
                "Max number of daily application command creates has been reached \
                 ({MAX_DAILY_CREATES})"
            );
            return Err(Refusal::new(400, 30_034, text));
        }
        creates.extend(std::iter::repeat_n(now, count));
        Ok(())
    }

    fn application_state(&mut self, id: Snowflake) -> Answer<&mut ApplicationState> {
        let application = self.applications.get_mut(&id);
        let unknown = || Refusal::unknown(super::refusal::Unknown::Application);
        Ok(&mut application.ok_or_else(unknown)?.state)
    }
}
