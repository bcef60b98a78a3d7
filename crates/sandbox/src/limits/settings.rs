//! The rate limits that the sandbox enforces, as plain adjustable data.

use serde::{Deserialize, Serialize};

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

/// All limits. The defaults are close to what Discord was seen to do; Discord publishes only the
/// global one (Topics › Rate Limits).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whether REST requests are limited at all.
    pub enabled: bool,
    /// Requests a second of one bot, over all routes.
    pub global_per_second: u32,
    /// `POST /channels/{id}/messages`, for each channel.
    pub message_create: Allowance,
    /// Adding and removing reactions, for each channel.
    pub reactions: Allowance,
    /// Every other route.
    pub others: Allowance,
    /// Limits of single routes; they win over the ones above.
    pub routes: Vec<RouteLimit>,
    /// How many IDENTIFYs are taken within five seconds; absent for no limit. Discord's
    /// `max_concurrency` is 1 for small bots.
    pub identify_per_5s: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            global_per_second: 50,
            message_create: Allowance::new(5, 5_000),
            reactions: Allowance::new(1, 250),
            others: Allowance::new(50, 1_000),
            routes: Vec::new(),
            identify_per_5s: None,
        }
    }
}

impl Limits {
    /// No limits, for tests about something else.
    pub fn off() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// Says what is wrong with limits that nobody could live with.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let named = [
            ("message_create", self.message_create),
            ("reactions", self.reactions),
            ("others", self.others),
        ];
        let routes = self
            .routes
            .iter()
            .map(|row| (row.route.as_str(), row.allowance));
        for (name, allowance) in named.into_iter().chain(routes) {
            if allowance.limit == 0 || allowance.per_ms == 0 {
                return Err(format!("{name}: limit and per_ms must be at least 1"));
            }
        }
        if self.global_per_second == 0 {
            return Err("global_per_second must be at least 1".into());
        }
        if self.identify_per_5s == Some(0) {
            return Err("identify_per_5s must be at least 1, or null for no limit".into());
        }
        Ok(())
    }
}
