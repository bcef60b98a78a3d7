//! The gates that every request passes, whatever its bucket: the global pace, what global and
//! Cloudflare 429s shut for a while, the breakers, and what stops everything.

use model::HandsError;
use tokio::time::Instant;

use super::{
    headers::{By, Observed},
    invalid::{Breaker, Ended, MOST_INVALID, Principals},
    lanes::family,
    pace::Pace,
    route::Class,
    state::millis,
};

pub(super) struct Gates {
    pub(super) pace: Pace,
    all: Breaker,
    principals: Principals,
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
            all: Breaker::new(MOST_INVALID),
            principals: Principals::default(),
            bot_shut: None,
            path_shut: None,
            edge_shut: None,
            unauthorized: false,
        }
    }

    /// Whether this lane may send anything at all.
    pub(super) fn check(&self, lane: &str, now: Instant) -> Result<(), HandsError> {
        if self.unauthorized {
            return Err(HandsError::Unauthorized);
        }
        match self.paused_until(lane, now) {
            Some(until) => Err(HandsError::Paused {
                retry_after_ms: millis(until - now),
            }),
            None => Ok(()),
        }
    }

    /// Until when this lane is paused, because it or all together were refused too often.
    pub(super) fn paused_until(&self, lane: &str, now: Instant) -> Option<Instant> {
        let own = self.principals.get(family(lane));
        let own = own.and_then(|breaker| breaker.paused_until(now));
        self.all.paused_until(now).max(own)
    }

    /// Whether the breakers let one of this lane go now: half open, one at a time does.
    pub(super) fn admits(&self, lane: &str, now: Instant) -> bool {
        !self.unauthorized
            && self.all.admits(now)
            && self
                .principals
                .get(family(lane))
                .is_none_or(|breaker| breaker.admits(now))
    }

    /// From when the next request of a class may pass; `None` if nothing ever held it up.
    pub(super) fn opens_at(&self, class: Class) -> Option<Instant> {
        match class {
            Class::Bot => self.shut_until(class).max(self.pace.ready_at()),
            Class::InPath | Class::Interaction => self.shut_until(class),
        }
    }

    /// Until when 429s shut it.
    pub(super) fn shut_until(&self, class: Class) -> Option<Instant> {
        match class {
            Class::Bot => self.bot_shut.max(self.edge_shut),
            Class::InPath | Class::Interaction => self.path_shut.max(self.edge_shut),
        }
    }

    pub(super) fn is_open(&self, class: Class, now: Instant) -> bool {
        self.opens_at(class).is_none_or(|at| at <= now)
    }

    /// A request passes.
    pub(super) fn pass(&mut self, class: Class, lane: &str, now: Instant) {
        if class == Class::Bot {
            self.pace.take(now);
        }
        self.all.pass();
        if let Some(breaker) = self.principals.get_mut(family(lane)) {
            breaker.pass();
        }
    }

    /// It did not leave after all.
    pub(super) fn give_back(&mut self, class: Class, lane: &str, now: Instant) {
        if class == Class::Bot {
            self.pace.give_back();
        }
        self.lose(lane, now);
    }

    /// Nothing is known of its answer.
    pub(super) fn lose(&mut self, lane: &str, now: Instant) {
        self.all.ended(Ended::Unseen, now);
        self.principals.ended(family(lane), Ended::Unseen, now);
    }

    /// Refused requests of the last ten minutes.
    pub(super) fn invalid(&mut self, now: Instant) -> usize {
        self.all.counted(now)
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        self.unauthorized
    }

    /// Look at an answer, and shut what it shuts.
    pub(super) fn observe(&mut self, class: Class, lane: &str, observed: &Observed, now: Instant) {
        let how = if observed.is_invalid() {
            Ended::Invalid
        } else {
            Ended::Valid
        };
        if self.principals.ended(family(lane), how, now) {
            let principal = family(lane);
            tracing::warn!(
                principal,
                "too many of its requests were refused by Discord: it pauses"
            );
        }
        if self.all.ended(how, now) {
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
            (By::Global, Class::InPath | Class::Interaction) => &mut self.path_shut,
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
