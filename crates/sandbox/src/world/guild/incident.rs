//! Incident actions: invites or direct messages that are off for a while.

use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::clock::{iso8601, parse_iso8601};
use crate::world::timers::Due;
use crate::world::{Actor, Answer, Refusal, World};

/// The longest that something can be off.
const MAX_AHEAD_MS: u64 = 24 * 60 * 60 * 1_000;

/// What can be off.
const INVITES: &str = "invites_disabled_until";
const DIRECT_MESSAGES: &str = "dms_disabled_until";

impl World {
    fn incidents(&self, guild: Snowflake) -> Value {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let data = settings.and_then(|settings| settings.get("incidents_data"));
        let read = |key: &str| data.map_or(Value::Null, |data| data[key].clone());
        json!({ INVITES: read(INVITES), DIRECT_MESSAGES: read(DIRECT_MESSAGES) })
    }

    /// Switches invites or direct messages off for a while, or on again.
    pub fn set_incident_actions(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let now = self.now_ms();
        let mut form = Form::new(body);
        let mut data = self.incidents(guild);
        let before = data.clone();
        let mut last = None;
        for key in [INVITES, DIRECT_MESSAGES] {
            let Some(until) = form.moment(key).given() else {
                continue;
            };
            if until.is_some_and(|until| until > now + MAX_AHEAD_MS) {
                let message = "Must end within 24 hours";
                form.error(key, "INCIDENT_ACTION_TOO_LONG", message);
            }
            let until = until.filter(|until| *until > now);
            last = last.max(until);
            data[key] = json!(until.map(iso8601));
        }
        form.finish()?;
        if data != before {
            self.keep_incidents(guild, &data);
            self.tell_guild(guild);
        }
        self.remind_of_incidents(guild);
        Ok(data)
    }

    fn keep_incidents(&mut self, guild: Snowflake, data: &Value) {
        let quiet = data[INVITES].is_null() && data[DIRECT_MESSAGES].is_null();
        if let Some(guild) = self.guilds.get_mut(&guild) {
            let shown = if quiet { Value::Null } else { data.clone() };
            guild.settings.insert("incidents_data".into(), shown);
        }
    }

    fn remind_of_incidents(&mut self, guild: Snowflake) {
        let data = self.incidents(guild);
        let ends = [INVITES, DIRECT_MESSAGES].map(|key| data[key].as_str().and_then(parse_iso8601));
        if let Some(first) = ends.into_iter().flatten().min() {
            self.remind(first, Due::LiftIncident(guild));
        }
    }

    /// What was off for a while may be on again.
    pub(crate) fn lift_incidents(&mut self, guild: Snowflake) {
        let now = self.now_ms();
        let mut data = self.incidents(guild);
        let before = data.clone();
        for key in [INVITES, DIRECT_MESSAGES] {
            let until = data[key].as_str().and_then(parse_iso8601);
            if until.is_some_and(|until| until <= now) {
                data[key] = Value::Null;
            }
        }
        if data != before {
            self.keep_incidents(guild, &data);
            self.tell_guild(guild);
        }
        self.remind_of_incidents(guild);
    }

    /// Nobody comes in by an invite while invites are off, for a while or for good.
    pub(crate) fn require_invites_on(&self, guild: Snowflake) -> Answer<()> {
        let off = !self.incidents(guild)[INVITES].is_null();
        if off || self.has_feature(guild, "INVITES_DISABLED") {
            let text = "Invites are currently disabled for this server.";
            return Err(Refusal::new(403, 40_007, text));
        }
        Ok(())
    }
}
