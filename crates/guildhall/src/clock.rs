//! The system's clock: the one place where the binary asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use model::{Clock, Millis};

/// Unix time of this machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "every other place is handed this clock"
    )]
    fn now_ms(&self) -> Millis {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Millis::try_from(since_epoch.as_millis()).unwrap_or(Millis::MAX)
    }
}
