//! How fast calls come, counted for each principal, Discord user, channel, guild and tool that they
//! concern. Kept in memory: a restart forgives.
//!
//! A call counts against all its limits or against none. Whoever keeps calling before its time
//! waits longer each time, and only that caller: a limit that many share is not used up by the
//! strikes of one.

use std::num::NonZeroU32;

use model::{Call, Millis, Origin, Risk, UserId};
use policy::{Limit, Policy, Question, Whose};

use crate::{
    answer::LimitHit,
    backoff::Backoff,
    meter::{self, Key, Meter},
    stages::{Exceeded, Pace},
};

/// What an answer that is only repeated weighs, against its caller's own limits alone.
const REPEATED: u32 = meter::CALL / 10;

/// The meter of all limits, and longer waits for those who do not heed it.
#[derive(Default)]
pub(crate) struct Pacer {
    meter: Meter,
    backoff: Backoff<Key>,
}

impl Pacer {
    /// Count this call, made at `now`.
    pub(crate) fn count(
        &self,
        policy: &Policy,
        question: &Question<'_>,
        call: &Call,
        now: Millis,
    ) -> Pace {
        let user = user(call);
        let limits = policy::limits(policy, question, user);
        self.judge(&limits, question, user, meter::CALL, now)
    }

    /// What it says of a call that is not counted: only whether it is allowed at all.
    pub(crate) fn look(policy: &Policy, question: &Question<'_>, call: &Call) -> Pace {
        let limits = policy::limits(policy, question, user(call));
        let own = limits.first();
        let never = limits.iter().find(|limit| limit.per_minute == 0);
        Pace {
            calls_per_minute: own.map_or(0, |limit| limit.per_minute),
            rule: own.and_then(|limit| limit.by).map(str::to_owned),
            exceeded: never.map(|limit| (hit(limit, question.risk), Exceeded::ForEver)),
        }
    }

    /// Count the repetition of an answer. It costs neither Discord nor the guild anything.
    pub(crate) fn count_repeated(
        &self,
        policy: &Policy,
        question: &Question<'_>,
        call: &Call,
        now: Millis,
    ) -> Pace {
        let user = user(call);
        let mut limits = policy::limits(policy, question, None);
        limits.truncate(1);
        self.judge(&limits, question, user, REPEATED, now)
    }

    fn judge(
        &self,
        limits: &[Limit<'_>],
        question: &Question<'_>,
        user: Option<UserId>,
        weight: u32,
        now: Millis,
    ) -> Pace {
        let own = limits.first();
        let pace = |exceeded| Pace {
            calls_per_minute: own.map_or(0, |limit| limit.per_minute),
            rule: own.and_then(|limit| limit.by).map(str::to_owned),
            exceeded,
        };
        let hit = |limit: &Limit<'_>| hit(limit, question.risk);
        if let Some(never) = limits.iter().find(|limit| limit.per_minute == 0) {
            return pace(Some((hit(never), Exceeded::ForEver)));
        }
        let keys: Vec<Key> = limits
            .iter()
            .map(|limit| self.meter.key((&limit.whose, question.risk)))
            .collect();
        let strike = |key| self.meter.key((&question.principal.id, user, key));
        let waiting = keys.iter().zip(limits).filter_map(|(key, limit)| {
            let (wait_ms, strikes) = self.backoff.wait(&strike(*key), now)?;
            Some((limit, wait_ms, strikes))
        });
        if let Some((limit, wait_ms, strikes)) = waiting.max_by_key(|(_, wait, _)| *wait) {
            return pace(Some((hit(limit), Exceeded::Wait { wait_ms, strikes })));
        }
        let asked: Vec<(Key, NonZeroU32)> = keys
            .iter()
            .zip(limits)
            .filter_map(|(key, limit)| Some((*key, NonZeroU32::new(limit.per_minute)?)))
            .collect();
        let Err(full) = self.meter.count(&asked, weight, now) else {
            return pace(None);
        };
        let wait_ms = full.wait_ms;
        self.backoff.told(&strike(keys[full.index]), now, wait_ms);
        let exceeded = Exceeded::Wait {
            wait_ms,
            strikes: 0,
        };
        pace(Some((hit(&limits[full.index]), exceeded)))
    }
}

fn user(call: &Call) -> Option<UserId> {
    match call.origin {
        Origin::Discord { user, .. } => Some(user),
        Origin::Stdio | Origin::Http | Origin::CommandLine | Origin::Rest => None,
    }
}

fn hit(limit: &Limit<'_>, risk: Risk) -> LimitHit {
    let (whose, id) = match &limit.whose {
        Whose::Principal { id, .. } => ("principal", (*id).to_owned()),
        Whose::User(id) => ("user", id.to_string()),
        Whose::Channel(id) => ("channel", id.to_string()),
        Whose::Guild(id) => ("guild", id.to_string()),
        Whose::Tool(name) => ("tool", (*name).to_owned()),
    };
    LimitHit {
        whose,
        id,
        risk,
        calls_per_minute: limit.per_minute,
        by: limit.by.map(str::to_owned),
    }
}
