//! Invites: codes that let people in.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

const MAX_INVITES: usize = 1_000;

/// A way into a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Invite {
    pub code: String,
    pub guild_id: Snowflake,
    pub channel_id: Snowflake,
    pub inviter: Snowflake,
    pub created_ms: u64,
    /// Seconds; 0 never ends.
    pub max_age: u64,
    /// 0 for any number.
    pub max_uses: u64,
    pub uses: u64,
    pub temporary: bool,
}

impl Invite {
    fn expires_ms(&self) -> Option<u64> {
        (self.max_age > 0).then(|| self.created_ms + self.max_age * 1_000)
    }
}

impl World {
    fn live_invite(&self, code: &str) -> Answer<&Invite> {
        let now = self.now_ms();
        let alive = |invite: &&Invite| invite.expires_ms().is_none_or(|end| end > now);
        let invite = self.invites.get(code).filter(alive);
        invite.ok_or_else(|| Refusal::unknown(Unknown::Invite))
    }

    fn invite_payload(&self, invite: &Invite, with_counts: bool, with_uses: bool) -> Value {
        let full = self.guild_payload(invite.guild_id).unwrap_or_default();
        let kept = [
            "id",
            "name",
            "splash",
            "banner",
            "description",
            "icon",
            "features",
            "verification_level",
            "vanity_url_code",
            "nsfw_level",
            "nsfw",
            "premium_subscription_count",
        ];
        let guild: serde_json::Map<_, _> = kept
            .iter()
            .map(|key| ((*key).to_owned(), full[*key].clone()))
            .collect();
        let channel = self.channels.get(&invite.channel_id);
        let mut payload = json!({
            "type": 0,
            "code": invite.code,
            "guild_id": invite.guild_id,
            "guild": guild,
            "channel": {
                "id": invite.channel_id,
                "name": channel.map(|channel| channel.name.as_str()).unwrap_or_default(),
                "type": channel.map(|channel| channel.kind.number()).unwrap_or_default(),
            },
            "inviter": self.user_payload(invite.inviter),
            "expires_at": invite.expires_ms().map(iso8601),
        });
        if with_counts {
            let (members, online) = self.counts(invite.guild_id);
            payload["approximate_member_count"] = json!(members);
            payload["approximate_presence_count"] = json!(online);
        }
        if with_uses {
            payload["uses"] = json!(invite.uses);
            payload["max_uses"] = json!(invite.max_uses);
            payload["max_age"] = json!(invite.max_age);
            payload["temporary"] = json!(invite.temporary);
            payload["created_at"] = json!(iso8601(invite.created_ms));
        }
        payload
    }

    /// What anyone may know of an invite, and of an event of the guild it leads to.
    pub fn get_invite(&self, code: &str, with_counts: bool, event: Option<Snowflake>) -> Answer {
        let vanity = self.vanity_invite(code);
        let invite = match &vanity {
            Some(invite) => invite,
            None => self.live_invite(code)?,
        };
        let mut payload = self.invite_payload(invite, with_counts, false);
        if vanity.is_some()
            && let Some(object) = payload.as_object_mut()
        {
            // Nobody in particular invites by it.
            object.remove("inviter");
        }
        if let Some(event) = event.and_then(|id| self.scheduled_event(invite.guild_id, id).ok()) {
            payload["guild_scheduled_event"] = self.scheduled_event_payload(event, true);
        }
        Ok(payload)
    }

    /// Invites of one channel.
    pub fn channel_invites(&self, actor: &Actor, channel: Snowflake) -> Answer {
        self.require_in(actor.id, channel, bits::MANAGE_CHANNELS)?;
        Ok(self.invites_where(|invite| invite.channel_id == channel))
    }

    /// Invites of a guild.
    pub fn guild_invites(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let own = self.permissions_in_guild(guild, actor.id);
        if own & (bits::MANAGE_GUILD | bits::VIEW_AUDIT_LOG) == 0 {
            return Err(Refusal::missing_permissions());
        }
        Ok(self.invites_where(|invite| invite.guild_id == guild))
    }

    fn invites_where(&self, wanted: impl Fn(&Invite) -> bool) -> Value {
        let now = self.now_ms();
        let alive = |invite: &&Invite| invite.expires_ms().is_none_or(|end| end > now);
        let invites = self
            .invites
            .values()
            .filter(alive)
            .filter(|invite| wanted(invite));
        invites
            .map(|invite| self.invite_payload(invite, false, true))
            .collect()
    }

    /// Makes an invite, or finds the same one again unless `unique`.
    pub fn create_invite(&mut self, actor: &Actor, channel_id: Snowflake, body: &Value) -> Answer {
        let channel = self.visible_channel(actor.id, channel_id)?;
        let kind = channel.kind;
        let Some(guild_id) = channel.guild_id.filter(|_| !kind.is_thread()) else {
            return Err(Refusal::wrong_channel_type());
        };
        self.require_in(actor.id, channel_id, bits::CREATE_INSTANT_INVITE)?;
        let mut form = Form::new(body);
        let max_age = form
            .integer("max_age", 0..=604_800)
            .value()
            .unwrap_or(86_400);
        let max_uses = form.integer("max_uses", 0..=100).value().unwrap_or(0);
        let temporary = form.flag("temporary").value().unwrap_or_default();
        let unique = form.flag("unique").value().unwrap_or_default();
        form.finish()?;
        let (max_age, max_uses) = (max_age.unsigned_abs(), max_uses.unsigned_abs());
        let same = |invite: &&Invite| {
            invite.channel_id == channel_id
                && invite.inviter == actor.id
                && (invite.max_age, invite.max_uses, invite.temporary)
                    == (max_age, max_uses, temporary)
        };
        if !unique
            && let Some(known) = self.invites.values().find(same)
            && self.live_invite(&known.code).is_ok()
        {
            return Ok(self.invite_payload(known, false, true));
        }
        if self
            .invites
            .values()
            .filter(|invite| invite.guild_id == guild_id)
            .count()
            >= MAX_INVITES
        {
            let text = format!("Maximum number of invites reached ({MAX_INVITES})");
            return Err(Refusal::new(400, 30_016, text));
        }
        let invite = Invite {
            code: self.random_text(8),
            guild_id,
            channel_id,
            inviter: actor.id,
            created_ms: self.now_ms(),
            max_age,
            max_uses,
            uses: 0,
            temporary,
        };
        let payload = self.invite_payload(&invite, false, true);
        let data = json!({
            "channel_id": channel_id,
            "guild_id": guild_id,
            "code": invite.code,
            "created_at": payload["created_at"],
            "inviter": payload["inviter"],
            "max_age": max_age,
            "max_uses": max_uses,
            "temporary": temporary,
            "uses": 0,
            "type": 0,
            "expires_at": payload["expires_at"],
        });
        self.invites.insert(invite.code.clone(), invite);
        let audience = Audience::Channel {
            guild: guild_id,
            channel: channel_id,
        };
        self.dispatch("INVITE_CREATE", audience, intents::GUILD_INVITES, data);
        let changes = invite_changes(&Value::Null, &payload);
        self.audit(
            guild_id,
            actor,
            action::INVITE_CREATE,
            None,
            changes,
            Value::Null,
        );
        Ok(payload)
    }

    /// Takes an invite away and tells everyone.
    pub(crate) fn forget_invite(&mut self, code: &str) {
        let Some(invite) = self.invites.remove(code) else {
            return;
        };
        let (guild, channel) = (invite.guild_id, invite.channel_id);
        let data = json!({"channel_id": channel, "guild_id": guild, "code": code});
        let audience = Audience::Channel { guild, channel };
        self.dispatch("INVITE_DELETE", audience, intents::GUILD_INVITES, data);
    }

    /// Ends an invite.
    pub fn delete_invite(&mut self, actor: &Actor, code: &str) -> Answer {
        let invite = self.live_invite(code)?.clone();
        let in_channel = self.permissions_in(actor.id, invite.channel_id);
        if in_channel & bits::MANAGE_CHANNELS == 0 {
            self.require(actor.id, invite.guild_id, bits::MANAGE_GUILD)?;
        }
        let payload = self.invite_payload(&invite, false, true);
        let guild = invite.guild_id;
        self.forget_invite(code);
        let changes = invite_changes(&payload, &Value::Null);
        self.audit(
            guild,
            actor,
            action::INVITE_DELETE,
            None,
            changes,
            Value::Null,
        );
        Ok(payload)
    }

    /// A person comes in by an invite.
    pub fn accept_invite(&mut self, user: Snowflake, code: &str) -> Answer<()> {
        if let Some(guild) = self.guild_of_vanity(code) {
            self.require_invites_on(guild)?;
            self.join_guild(user, guild, 0)?;
            self.guild_mut(guild)?.vanity_uses += 1;
            return Ok(());
        }
        let guild = self.live_invite(code)?.guild_id;
        if !self.is_invited(code, user) {
            return Err(Refusal::unknown(Unknown::Invite));
        }
        self.require_invites_on(guild)?;
        if self.is_member(guild, user) {
            return Ok(());
        }
        self.join_guild(user, guild, 0)?;
        let Some(invite) = self.invites.get_mut(code) else {
            return Ok(());
        };
        invite.uses += 1;
        if invite.max_uses > 0 && invite.uses >= invite.max_uses {
            self.forget_invite(code);
        }
        Ok(())
    }
}

fn invite_changes(before: &Value, after: &Value) -> Vec<Value> {
    let told = ["code", "max_age", "max_uses", "uses", "temporary"];
    let mut all = changes(before, after);
    all.retain(|change| told.iter().any(|key| change["key"] == *key));
    all
}
