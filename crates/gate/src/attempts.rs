//! How often each principal tries anything, good or bad. Counted before a call is looked at, so that
//! calls which are refused early, and the lookups that it takes to refuse them, have a limit too.
//! Check 7 counts the good ones by their risk.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};

use model::{Call, Millis, Reason, Stage};
use policy::attempts_per_minute;

use crate::{
    Gate,
    answer::{Declined, Refusal},
    meter::{self, KEYS, Key, Meter},
    record::Record,
    standing::Standing,
};

/// What an attempt costs more that was refused before check 7 counted it: such calls may have
/// taken lookups, and nobody needs many of them.
const WASTED: u32 = 3;
/// How often a refusal of this kind is written down for one principal: a flood must not fill the
/// disk.
const WRITTEN_EVERY_MS: Millis = 1_000;

/// Kept in memory, like the rates.
#[derive(Default)]
pub(crate) struct Attempts {
    meter: Meter,
    told: Mutex<HashMap<Key, Told>>,
}

/// Who tries, and how often it may.
pub(crate) struct Attempt {
    principal: Key,
    per_minute: NonZeroU32,
}

/// What the audit knows of a principal's refusals.
#[derive(Default)]
struct Told {
    /// When the last one was written down.
    at: Option<Millis>,
    /// How many were not, since then.
    silent: u64,
}

impl Attempts {
    /// Who tries here.
    pub(crate) fn by(&self, call: &Call, standing: &Standing) -> Attempt {
        Attempt {
            principal: self.meter.key(&call.principal.id),
            per_minute: attempts_per_minute(&standing.policy, &call.principal),
        }
    }

    /// In how many milliseconds there is room for it, where there is none now.
    fn count(&self, attempt: &Attempt, now: Millis) -> Option<u64> {
        let asked = [(attempt.principal, attempt.per_minute)];
        let full = self.meter.count(&asked, meter::CALL, now).err()?;
        Some(full.wait_ms)
    }

    /// For those who manage, all at one rate: count it, or say how long to wait, and whether that is
    /// to be written down.
    pub(crate) fn managing(
        &self,
        principal: &str,
        per_minute: NonZeroU32,
        now: Millis,
    ) -> Result<(), (u64, Option<u64>)> {
        let principal = self.meter.key(principal);
        let attempt = Attempt {
            principal,
            per_minute,
        };
        match self.count(&attempt, now) {
            None => Ok(()),
            Some(wait) => Err((wait, self.tell(principal, now))),
        }
    }

    /// It ended before check 7 counted it.
    pub(crate) fn wasted(&self, attempt: &Attempt, now: Millis) {
        let weight = WASTED * meter::CALL;
        self.meter
            .charge(attempt.principal, attempt.per_minute, weight, now);
    }

    /// How many were kept silent before, if this one is to be written down.
    fn tell(&self, principal: Key, now: Millis) -> Option<u64> {
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > KEYS {
            all.clear();
        }
        let told = all.entry(principal).or_default();
        if told
            .at
            .is_some_and(|at| now.saturating_sub(at) < WRITTEN_EVERY_MS)
        {
            told.silent += 1;
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.silent))
    }
}

impl Gate {
    /// Count this one, or refuse it before anything is looked at.
    pub(crate) fn attempt(&self, attempt: &Attempt, record: &Record) -> Result<(), Declined> {
        let attempts = &self.0.attempts;
        let now = self.0.clock.now_ms();
        let Some(wait) = attempts.count(attempt, now) else {
            return Ok(());
        };
        let number = attempt.per_minute;
        let mut message = format!(
            "more than {number} attempts a minute, of which those that are refused count {}-fold; \
             of these refusals one a second is written down",
            WASTED + 1
        );
        match attempts.tell(attempt.principal, now) {
            Some(0) => {}
            Some(silent) => message = format!("{message}, and {silent} before it were not"),
            None => {
                record.take_closing();
            }
        }
        record.describe(|row| row.stage = Stage::RateLimit);
        Err(Declined::Refused(Box::new(Refusal {
            call_id: record.call_id.clone(),
            stage: Some(Stage::RateLimit),
            reason: Reason::new("too_many_attempts", message)
                .with_hint(format!("try again in {wait} ms")),
            retry_after_ms: Some(wait),
            limit: None,
            checks: Vec::new(),
        })))
    }
}
