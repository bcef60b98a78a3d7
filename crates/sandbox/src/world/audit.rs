//! The audit log of a guild: who changed what, and why.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Actor, Answer, Audience, World, intents};
use crate::permissions as bits;
use crate::snowflake::Snowflake;

/// Entries kept for each guild; Discord keeps 45 days.
const MAX_ENTRIES: usize = 10_000;

/// Discord: Audit Logs › Audit Log Events.
pub(crate) mod action {
    pub(crate) const GUILD_UPDATE: u64 = 1;
    pub(crate) const CHANNEL_CREATE: u64 = 10;
    pub(crate) const CHANNEL_UPDATE: u64 = 11;
    pub(crate) const CHANNEL_DELETE: u64 = 12;
    pub(crate) const CHANNEL_OVERWRITE_CREATE: u64 = 13;
    pub(crate) const CHANNEL_OVERWRITE_UPDATE: u64 = 14;
    pub(crate) const CHANNEL_OVERWRITE_DELETE: u64 = 15;
    pub(crate) const MEMBER_KICK: u64 = 20;
    pub(crate) const MEMBER_PRUNE: u64 = 21;
    pub(crate) const MEMBER_BAN_ADD: u64 = 22;
    pub(crate) const MEMBER_BAN_REMOVE: u64 = 23;
    pub(crate) const MEMBER_UPDATE: u64 = 24;
    pub(crate) const MEMBER_ROLE_UPDATE: u64 = 25;
    pub(crate) const MEMBER_MOVE: u64 = 26;
    pub(crate) const MEMBER_DISCONNECT: u64 = 27;
    pub(crate) const BOT_ADD: u64 = 28;
    pub(crate) const ROLE_CREATE: u64 = 30;
    pub(crate) const ROLE_UPDATE: u64 = 31;
    pub(crate) const ROLE_DELETE: u64 = 32;
    pub(crate) const INVITE_CREATE: u64 = 40;
    pub(crate) const INVITE_DELETE: u64 = 42;
    pub(crate) const WEBHOOK_CREATE: u64 = 50;
    pub(crate) const WEBHOOK_UPDATE: u64 = 51;
    pub(crate) const WEBHOOK_DELETE: u64 = 52;
    pub(crate) const EMOJI_CREATE: u64 = 60;
    pub(crate) const EMOJI_UPDATE: u64 = 61;
    pub(crate) const EMOJI_DELETE: u64 = 62;
    pub(crate) const MESSAGE_DELETE: u64 = 72;
    pub(crate) const MESSAGE_BULK_DELETE: u64 = 73;
    pub(crate) const MESSAGE_PIN: u64 = 74;
    pub(crate) const MESSAGE_UNPIN: u64 = 75;
    pub(crate) const STAGE_INSTANCE_CREATE: u64 = 83;
    pub(crate) const STAGE_INSTANCE_UPDATE: u64 = 84;
    pub(crate) const STAGE_INSTANCE_DELETE: u64 = 85;
    pub(crate) const SCHEDULED_EVENT_CREATE: u64 = 100;
    pub(crate) const SCHEDULED_EVENT_UPDATE: u64 = 101;
    pub(crate) const SCHEDULED_EVENT_DELETE: u64 = 102;
    pub(crate) const SOUNDBOARD_SOUND_CREATE: u64 = 130;
    pub(crate) const SOUNDBOARD_SOUND_UPDATE: u64 = 131;
    pub(crate) const SOUNDBOARD_SOUND_DELETE: u64 = 132;
    pub(crate) const ONBOARDING_PROMPT_CREATE: u64 = 163;
    pub(crate) const ONBOARDING_PROMPT_UPDATE: u64 = 164;
    pub(crate) const ONBOARDING_PROMPT_DELETE: u64 = 165;
    pub(crate) const ONBOARDING_CREATE: u64 = 166;
    pub(crate) const ONBOARDING_UPDATE: u64 = 167;
    pub(crate) const HOME_SETTINGS_CREATE: u64 = 190;
    pub(crate) const HOME_SETTINGS_UPDATE: u64 = 191;
    pub(crate) const SCHEDULED_EVENT_EXCEPTION_CREATE: u64 = 200;
    pub(crate) const SCHEDULED_EVENT_EXCEPTION_UPDATE: u64 = 201;
    pub(crate) const SCHEDULED_EVENT_EXCEPTION_DELETE: u64 = 202;
    pub(crate) const THREAD_CREATE: u64 = 110;
    pub(crate) const THREAD_UPDATE: u64 = 111;
    pub(crate) const THREAD_DELETE: u64 = 112;
    pub(crate) const INTEGRATION_CREATE: u64 = 80;
    pub(crate) const INTEGRATION_DELETE: u64 = 82;
    pub(crate) const STICKER_CREATE: u64 = 90;
    pub(crate) const STICKER_UPDATE: u64 = 91;
    pub(crate) const STICKER_DELETE: u64 = 92;
    pub(crate) const APPLICATION_COMMAND_PERMISSION_UPDATE: u64 = 121;
    pub(crate) const VOICE_CHANNEL_STATUS_CREATE: u64 = 192;
    pub(crate) const VOICE_CHANNEL_STATUS_DELETE: u64 = 193;
    pub(crate) const AUTO_MODERATION_RULE_CREATE: u64 = 140;
    pub(crate) const AUTO_MODERATION_RULE_UPDATE: u64 = 141;
    pub(crate) const AUTO_MODERATION_RULE_DELETE: u64 = 142;
    pub(crate) const AUTO_MODERATION_BLOCK_MESSAGE: u64 = 143;
    pub(crate) const AUTO_MODERATION_FLAG_TO_CHANNEL: u64 = 144;
    pub(crate) const AUTO_MODERATION_USER_COMMUNICATION_DISABLED: u64 = 145;
    pub(crate) const AUTO_MODERATION_QUARANTINE_USER: u64 = 146;
}

/// One entry.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuditEntry {
    pub id: Snowflake,
    pub action: u64,
    pub user_id: Snowflake,
    pub target_id: Option<Snowflake>,
    pub changes: Vec<Value>,
    /// An object of strings, or null.
    pub options: Value,
    pub reason: Option<String>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    pub user_id: Option<Snowflake>,
    pub target_id: Option<Snowflake>,
    pub action_type: Option<u64>,
    pub before: Option<Snowflake>,
    pub after: Option<Snowflake>,
    pub limit: usize,
}

impl AuditEntry {
    fn payload(&self) -> Value {
        let mut payload = json!({
            "id": self.id,
            "action_type": self.action,
            "user_id": self.user_id,
            "target_id": self.target_id,
        });
        if !self.changes.is_empty() {
            payload["changes"] = json!(self.changes);
        }
        if !self.options.is_null() {
            payload["options"] = self.options.clone();
        }
        if let Some(reason) = &self.reason {
            payload["reason"] = json!(reason);
        }
        payload
    }
}

/// Keys that are not told as changes.
const UNTOLD: &[&str] = &[
    "id",
    "guild_id",
    "last_message_id",
    "last_pin_timestamp",
    "member",
    "user",
    "message_count",
    "member_count",
    "total_message_sent",
    "roles",
    "emojis",
    "stickers",
    "managed",
    "tags",
    "thread_metadata",
    "colors",
    "position_changed",
    "token",
    "url",
];

/// The changes between two renderings of one thing; `null` stands for "did not exist".
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Value> {
    let empty = Map::new();
    let old = before.as_object().unwrap_or(&empty);
    let new = after.as_object().unwrap_or(&empty);
    let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter(|key| !UNTOLD.contains(&key.as_str()))
        .filter_map(|key| {
            let (old, new) = (old.get(key), new.get(key));
            let gone = |value: Option<&Value>| value.is_none_or(Value::is_null);
            if old == new || gone(old) && gone(new) {
                return None;
            }
            let mut change = json!({"key": key});
            if let Some(old) = old.filter(|old| !old.is_null()) {
                change["old_value"] = old.clone();
            }
            if let Some(new) = new.filter(|new| !new.is_null()) {
                change["new_value"] = new.clone();
            }
            Some(change)
        })
        .collect()
}

impl World {
    /// Writes an entry, and tells the bots that may read it.
    pub(crate) fn audit(
        &mut self,
        guild_id: Snowflake,
        actor: &Actor,
        action: u64,
        target_id: Option<Snowflake>,
        changes: Vec<Value>,
        options: Value,
    ) {
        let id = self.next_id();
        let Some(guild) = self.guilds.get_mut(&guild_id) else {
            return;
        };
        let reason = actor.reason.clone();
        let entry = AuditEntry {
            id,
            action,
            user_id: actor.id,
            target_id,
            changes,
            options,
            reason,
        };
        let mut data = entry.payload();
        data["guild_id"] = json!(guild_id);
        guild.audit.push_back(entry);
        if guild.audit.len() > MAX_ENTRIES {
            guild.audit.pop_front();
        }
        for reader in self.bots_with(guild_id, bits::VIEW_AUDIT_LOG) {
            let (audience, wanted) = (Audience::User(reader), intents::GUILD_MODERATION);
            let event = "GUILD_AUDIT_LOG_ENTRY_CREATE";
            self.dispatch(event, audience, wanted, data.clone());
        }
    }

    /// A page of the audit log with the users that it names.
    pub fn audit_log(&self, actor: &Actor, guild_id: Snowflake, query: &AuditQuery) -> Answer {
        self.require(actor.id, guild_id, bits::VIEW_AUDIT_LOG)?;
        let entries = self
            .guilds
            .get(&guild_id)
            .map(|guild| &guild.audit)
            .into_iter()
            .flatten();
        let wanted = |entry: &&AuditEntry| {
            query.user_id.is_none_or(|user| entry.user_id == user)
                && query
                    .target_id
                    .is_none_or(|target| entry.target_id == Some(target))
                && query
                    .action_type
                    .is_none_or(|action| entry.action == action)
                && query.before.is_none_or(|before| entry.id < before)
                && query.after.is_none_or(|after| entry.id > after)
        };
        let mut entries: Vec<_> = entries.filter(wanted).collect();
        if query.after.is_none() {
            entries.reverse();
        }
        entries.truncate(query.limit.clamp(1, 100));
        let mut named: Vec<_> = entries
            .iter()
            .flat_map(|entry| [Some(entry.user_id), entry.target_id])
            .flatten()
            .filter(|id| self.users.contains_key(id))
            .collect();
        named.sort_unstable();
        named.dedup();
        let targets = || entries.iter().filter_map(|entry| entry.target_id);
        let threads: Vec<_> = targets()
            .filter(|id| {
                self.channels
                    .get(id)
                    .is_some_and(|channel| channel.thread.is_some())
            })
            .filter_map(|id| self.channel_payload(id, Snowflake(0)))
            .collect();
        let webhooks: Vec<_> = targets()
            .filter_map(|id| self.webhook_payload(id, false))
            .collect();
        let guild = self.guild(guild_id)?;
        let rules: Vec<_> = targets()
            .filter_map(|id| Some(Self::automod_payload(guild, guild.automod.get(&id)?)))
            .collect();
        let integrations: Vec<_> = targets()
            .filter(|id| self.is_member(guild_id, *id))
            .filter_map(|id| self.partial_integration(id))
            .collect();
        let commands: Vec<_> = targets()
            .filter_map(|id| self.command_payload(id))
            .collect();
        Ok(json!({
            "audit_log_entries": entries.iter().map(|entry| entry.payload()).collect::<Vec<_>>(),
            "users": named.into_iter().map(|user| self.user_payload(user)).collect::<Vec<_>>(),
            "integrations": integrations,
            "webhooks": webhooks,
            "guild_scheduled_events": self.audited_events(guild_id, targets()),
            "threads": threads,
            "application_commands": commands,
            "auto_moderation_rules": rules,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told() {
        let before = json!({"id": "1", "name": "a", "topic": null, "nsfw": false});
        let after = json!({"id": "1", "name": "b", "topic": "t", "nsfw": false});
        let told = changes(&before, &after);
        assert_eq!(
            told,
            [
                json!({"key": "name", "old_value": "a", "new_value": "b"}),
                json!({"key": "topic", "new_value": "t"}),
            ]
        );
    }
}
