//! The rate limits that the sandbox enforces, as plain adjustable data.

use serde::{Deserialize, Serialize};

use super::invalid::MAX_KEPT;
use crate::gateway::PER_DAY;

/// So many requests within so long.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Requests within one window.
    pub limit: u32,
    /// Length of the window in milliseconds.
    pub per_ms: u64,
}

impl Allowance {
    /// `limit` requests every `per_ms` milliseconds.
    pub const fn new(limit: u32, per_ms: u64) -> Self {
        Self { limit, per_ms }
    }
}

/// A limit for one route, such as `GET /channels/{id}/messages`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteLimit {
    /// The method; absent for every method.
    #[serde(default)]
    pub method: Option<String>,
    /// The route template, with `{id}` for ids.
    pub route: String,
    /// What the route allows.
    pub allowance: Allowance,
}

/// All limits. The defaults are close to what Discord was seen to do; Discord publishes only those
/// of the global limit, of invalid requests and of the Gateway (Topics › Rate Limits, Gateway).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whether REST requests are limited at all.
    pub enabled: bool,
    /// Requests a second of one bot, over all routes.
    pub global_per_second: u32,
    /// `POST /channels/{id}/messages`, for each channel.
    pub message_create: Allowance,
    /// Deleting one message of ordinary age, for each channel.
    pub message_delete: Allowance,
    /// Deleting a message younger than ten seconds, for each channel.
    pub message_delete_young: Allowance,
    /// Deleting a message older than two weeks, for each channel.
    pub message_delete_old: Allowance,
    /// Adding and removing reactions, for each channel.
    pub reactions: Allowance,
    /// `PATCH /channels/{id}` with a name or a topic; the channel's own limit, whoever asks.
    pub channel_rename: Allowance,
    /// Every route of a guild's emojis together; the guild's own limit, whoever asks. Its headers
    /// tell of another limit.
    pub emojis: Allowance,
    /// Making and reading invites, for each channel or guild.
    pub invites: Allowance,
    /// Executing one webhook.
    pub webhook: Allowance,
    /// Executing the webhooks of one channel, together.
    pub webhook_channel: Allowance,
    /// Every other route.
    pub others: Allowance,
    /// Limits of single routes; they win over the ones above.
    pub routes: Vec<RouteLimit>,
    /// Answers with 401, 403 and 429 (other than of a shared resource) within ten minutes, after
    /// which the proxy before Discord bans the address; absent for no ban.
    pub invalid_per_10_minutes: Option<u32>,
    /// How long such a ban lasts, in milliseconds.
    pub ban_ms: u64,
    /// How many IDENTIFYs of shards with the same remainder are taken within five seconds; absent
    /// for no limit. Discord's `max_concurrency` is 1 for small bots.
    pub identify_per_5s: Option<u32>,
    /// IDENTIFYs within a day, after which the bot's token is replaced.
    pub identify_per_day: u32,
    /// Guilds that one shard may carry; absent for no limit.
    pub guilds_per_shard: Option<u32>,
    /// Requests for all members of a guild (op 8); absent for no limit.
    pub all_members: Option<Allowance>,
    /// Frames that a client may send within a minute.
    pub gateway_commands_per_minute: u32,
    /// The largest frame that a client may send, in bytes.
    pub gateway_frame_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            global_per_second: 50,
            message_create: Allowance::new(5, 5_000),
            message_delete: Allowance::new(5, 1_000),
            message_delete_young: Allowance::new(3, 1_000),
            message_delete_old: Allowance::new(30, 120_000),
            reactions: Allowance::new(1, 250),
            channel_rename: Allowance::new(2, 600_000),
            emojis: Allowance::new(50, 3_600_000),
            invites: Allowance::new(5, 15_000),
            webhook: Allowance::new(5, 2_000),
            webhook_channel: Allowance::new(30, 60_000),
            others: Allowance::new(50, 1_000),
            routes: Vec::new(),
            invalid_per_10_minutes: Some(10_000),
            ban_ms: 3_600_000,
            identify_per_5s: None,
            identify_per_day: PER_DAY,
            guilds_per_shard: Some(2_500),
            all_members: Some(Allowance::new(1, 30_000)),
            gateway_commands_per_minute: 120,
            gateway_frame_bytes: 4_096,
        }
    }
}

impl Limits {
    /// No limits, for tests about something else. Those that protect a connection of the Gateway
    /// stay.
    pub fn off() -> Self {
        Self {
            enabled: false,
            invalid_per_10_minutes: None,
            all_members: None,
            ..Self::default()
        }
    }

    /// Says what is wrong with limits that nobody could live with.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let named = [
            ("message_create", self.message_create),
            ("message_delete", self.message_delete),
            ("message_delete_young", self.message_delete_young),
            ("message_delete_old", self.message_delete_old),
            ("reactions", self.reactions),
            ("channel_rename", self.channel_rename),
            ("emojis", self.emojis),
            ("invites", self.invites),
            ("webhook", self.webhook),
            ("webhook_channel", self.webhook_channel),
            ("others", self.others),
        ];
        let routes = self
            .routes
            .iter()
            .map(|row| (row.route.as_str(), row.allowance));
        let members = self.all_members.map(|all| ("all_members", all));
        for (name, allowance) in named.into_iter().chain(routes).chain(members) {
            if allowance.limit == 0 || allowance.per_ms == 0 {
                return Err(format!("{name}: limit and per_ms must be at least 1"));
            }
        }
        if self
            .invalid_per_10_minutes
            .is_some_and(|most| most as usize > MAX_KEPT)
        {
            return Err(format!("invalid_per_10_minutes must be at most {MAX_KEPT}"));
        }
        let counts = [
            ("global_per_second", Some(self.global_per_second)),
            ("invalid_per_10_minutes", self.invalid_per_10_minutes),
            ("identify_per_5s", self.identify_per_5s),
            ("identify_per_day", Some(self.identify_per_day)),
            ("guilds_per_shard", self.guilds_per_shard),
            (
                "gateway_commands_per_minute",
                Some(self.gateway_commands_per_minute),
            ),
        ];
        match counts.iter().find(|(_, count)| *count == Some(0)) {
            Some((name, _)) => Err(format!(
                "{name} must be at least 1, or null where that is allowed"
            )),
            None => Ok(()),
        }
    }
}
