//! Time as a parameter: rooms ask a [`Clock`], tests move a [`ManualClock`].

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Unix time in milliseconds.
pub type Millis = i64;

/// Says what time it is. The binary hands out the system's clock.
pub trait Clock: Send + Sync {
    /// Unix time in milliseconds. May jump when the machine's clock is set.
    fn now_ms(&self) -> Millis;
}

/// A clock that moves only when told to, for tests and simulations.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Millis) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    /// Move forward (or, with a negative value, back).
    pub fn advance(&self, by: Millis) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}
