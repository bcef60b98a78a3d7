//! Moments as people read them.

use model::Millis;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// RFC 3339 in UTC, whole seconds: `2026-01-31T12:00:00Z`.
pub(crate) fn shown(at: Millis) -> String {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1_000))
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "a time beyond the calendar".to_owned())
}

/// Unix milliseconds of a moment as people write it; `None` for anything else.
pub(crate) fn read(text: &str) -> Option<Millis> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}
