//! The gates that every request passes, whatever its bucket: the global pace, what global and
//! Cloudflare 429s shut for a while, and what stops everything.

use model::HandsError;
use tokio::time::Instant;

use super::{
    headers::{By, Observed},
    invalid::Invalid,
    pace::Pace,
    route::Class,
    state::millis,
};

pub(super) struct Gates {
    pace: Pace,
    invalid: Invalid,
    bot_shut: Option<Instant>,
    path_shut: Option<Instant>,
    /// Shut by Cloudflare, which sees the address alone, not who asks.
    edge_shut: Option<Instant>,
    unauthorized: bool,
}

impl Gates {
    pub(super) fn new(global_per_second: u32) -> Self {
        Self {
            pace: Pace::new(global_per_second),
            invalid: Invalid::default(),
            bot_shut: None,
            path_shut: None,
            edge_shut: None,
            unauthorized: false,
        }
    }

    /// Whether anything may be sent at all.
    pub(super) fn check(&mut self, now: Instant) -> Result<(), HandsError> {
        if self.unauthorized {
            return Err(HandsError::Unauthorized);
        }
        match self.invalid.paused_until(now) {
            Some(until) => Err(HandsError::Paused {
                retry_after_ms: millis(until - now),
            }),
            None => Ok(()),
        }
    }

    /// From when the next request of a class may pass; `None` if nothing ever held it up.
    pub(super) fn opens_at(&self, class: Class) -> Option<Instant> {
        match class {
            Class::Bot => self.bot_shut.max(self.edge_shut).max(self.pace.ready_at()),
            Class::InPath => self.path_shut.max(self.edge_shut),
        }
    }

    pub(super) fn is_open(&self, class: Class, now: Instant) -> bool {
        self.opens_at(class).is_none_or(|at| at <= now)
    }

    /// A request passes.
    pub(super) fn pass(&mut self, class: Class, now: Instant) {
        if class == Class::Bot {
            self.pace.take(now);
        }
    }

    /// It did not leave after all.
    pub(super) fn give_back(&mut self, class: Class) {
        if class == Class::Bot {
            self.pace.give_back();
        }
    }

    /// Look at an answer, and shut what it shuts.
    pub(super) fn observe(&mut self, class: Class, observed: &Observed, now: Instant) {
        if observed.is_invalid() && self.invalid.count(now) {
            tracing::error!("too many requests were refused by Discord: pausing all requests");
        }
        if class == Class::Bot && observed.status == 401 && !self.unauthorized {
            self.unauthorized = true;
            tracing::error!("Discord does not accept the bot token: sending nothing more");
        }
        let Some(refused) = observed.refused else {
            return;
        };
        let wait_ms = millis(refused.retry_after);
        let until = Some(now + refused.retry_after);
        let gate = match (refused.by, class) {
            (By::Global, Class::Bot) => &mut self.bot_shut,
            (By::Global, Class::InPath) => &mut self.path_shut,
            (By::Edge, _) => &mut self.edge_shut,
            (By::Bucket | By::Shared, _) => return,
        };
        *gate = (*gate).max(until);
        if refused.by == By::Edge {
            tracing::warn!(
                wait_ms,
                "Cloudflare turned a request away: sending nothing for a while"
            );
        } else {
            tracing::warn!(wait_ms, "Discord's global limit was hit");
        }
    }
}
