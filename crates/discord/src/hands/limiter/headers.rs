//! Reads what an answer says about limits. Nonsense in a header counts as its absence.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Longest wait taken from a header; whoever says more means "not today".
const LONGEST: Duration = Duration::from_hours(24);
/// Shortest wait after a 429, so that an answer of 0 seconds cannot start a loop.
const SHORTEST: Duration = Duration::from_millis(50);
/// Wait after a 429 that names none.
const UNNAMED: Duration = Duration::from_secs(5);

/// What an answer says about limits.
/// Source: Discord documentation, *Rate Limits › Header Format*.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    pub(crate) status: u16,
    /// Hash of the bucket; never shown.
    pub(super) bucket: Option<String>,
    pub(super) limit: Option<u32>,
    pub(super) remaining: Option<u32>,
    pub(super) reset_after: Option<Duration>,
    /// When the window ends by Discord's clock, if told to the millisecond. It names the window.
    pub(super) window: Option<Duration>,
    /// Only with a 429.
    pub(super) refused: Option<Refused>,
}

/// A 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) by: By,
    pub(super) retry_after: Duration,
}

/// Which limit a 429 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The bucket's window, or a limit inside it that headers do not tell.
    Bucket,
    /// A resource that many bots use.
    Shared,
    /// The bot over all routes.
    Global,
    /// Cloudflare, in front of Discord: no header about limits at all.
    Edge,
}

impl Observed {
    /// `body` matters for a 429 only: it tells the wait to the millisecond.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let refused = (status == StatusCode::TOO_MANY_REQUESTS).then(|| {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let whole = text("retry-after").and_then(seconds);
            let exact = body
                .get("retry_after")
                .and_then(Value::as_f64)
                .and_then(duration);
            Refused {
                by: By::read(headers, &body),
                retry_after: wait(whole, exact).max(SHORTEST),
            }
        });
        Self {
            status: status.as_u16(),
            bucket: text("x-ratelimit-bucket")
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            limit: text("x-ratelimit-limit").and_then(|limit| limit.parse().ok()),
            remaining: text("x-ratelimit-remaining").and_then(|left| left.parse().ok()),
            reset_after: text("x-ratelimit-reset-after").and_then(seconds),
            window: text("x-ratelimit-reset")
                .and_then(|reset| reset.split_once('.'))
                .and_then(|(whole, part)| {
                    let thousandths = part.get(..3)?.parse().ok().filter(|part| *part != 0)?;
                    Some(
                        Duration::from_secs(whole.parse().ok()?)
                            + Duration::from_millis(thousandths),
                    )
                }),
            refused,
        }
    }

    /// Whether Discord counts this answer towards the ban of an address.
    pub(super) fn is_invalid(&self) -> bool {
        match self.refused {
            Some(refused) => refused.by != By::Shared,
            None => matches!(self.status, 401 | 403),
        }
    }
}

impl By {
    fn read(headers: &HeaderMap, body: &Value) -> Self {
        let scope = headers
            .get("x-ratelimit-scope")
            .and_then(|scope| scope.to_str().ok());
        let said = |name: &str| headers.get(name).is_some_and(|value| value == "true");
        if scope == Some("global") || said("x-ratelimit-global") {
            return Self::Global;
        }
        if !headers
            .keys()
            .any(|name| name.as_str().starts_with("x-ratelimit-"))
        {
            return Self::Edge;
        }
        if scope == Some("shared") {
            return Self::Shared;
        }
        if body.get("global") == Some(&Value::Bool(true)) {
            return Self::Global;
        }
        Self::Bucket
    }
}

/// The header is the body's number rounded up to seconds; where they disagree, the longer counts.
fn wait(whole: Option<Duration>, exact: Option<Duration>) -> Duration {
    match (whole, exact) {
        (Some(whole), Some(exact)) if whole < exact + Duration::from_secs(1) => exact,
        (Some(whole), Some(exact)) => whole.max(exact),
        (Some(wait), None) | (None, Some(wait)) => wait,
        (None, None) => UNNAMED,
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(duration)
}

fn duration(seconds: f64) -> Option<Duration> {
    if seconds > LONGEST.as_secs_f64() {
        return Some(LONGEST);
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn read(status: u16, pairs: &[(&'static str, &str)], body: &str) -> Observed {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Observed::read(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            body.as_bytes(),
        )
    }

    fn refused(pairs: &[(&'static str, &str)], body: &str) -> (By, u128) {
        let refused = read(429, pairs, body).refused.unwrap();
        (refused.by, refused.retry_after.as_millis())
    }

    #[test]
    fn an_ordinary_answer_tells_its_bucket() {
        let observed = read(
            200,
            &[
                ("x-ratelimit-bucket", "abcd"),
                ("x-ratelimit-limit", "5"),
                ("x-ratelimit-remaining", "4"),
                ("x-ratelimit-reset", "1470173023.123"),
                ("x-ratelimit-reset-after", "1.5"),
            ],
            "",
        );
        assert_eq!(observed.bucket.as_deref(), Some("abcd"));
        assert_eq!((observed.limit, observed.remaining), (Some(5), Some(4)));
        assert_eq!(observed.reset_after, Some(Duration::from_millis(1_500)));
        assert_eq!(
            observed.window,
            Some(Duration::from_millis(1_470_173_023_123))
        );
        assert!(observed.refused.is_none() && !observed.is_invalid());
    }

    #[test]
    fn a_429_tells_whose_limit_it_is() {
        let after = ("retry-after", "3");
        assert_eq!(refused(&[after], "error code: 1015"), (By::Edge, 3_000));
        assert_eq!(
            refused(&[after, ("x-ratelimit-global", "true")], ""),
            (By::Global, 3_000)
        );
        assert_eq!(
            refused(&[after, ("x-ratelimit-scope", "global")], ""),
            (By::Global, 3_000)
        );
        assert_eq!(
            refused(&[after, ("x-ratelimit-scope", "shared")], ""),
            (By::Shared, 3_000)
        );
        assert_eq!(
            refused(&[after, ("x-ratelimit-scope", "user")], ""),
            (By::Bucket, 3_000)
        );
        assert_eq!(
            refused(&[after, ("x-ratelimit-remaining", "0")], ""),
            (By::Bucket, 3_000)
        );
        assert!(!read(429, &[("x-ratelimit-scope", "shared")], "").is_invalid());
        assert!(read(429, &[], "").is_invalid() && read(403, &[], "").is_invalid());
    }

    #[test]
    fn the_body_tells_the_wait_to_the_millisecond() {
        let scope = ("x-ratelimit-scope", "user");
        assert_eq!(
            refused(&[("retry-after", "1"), scope], r#"{"retry_after":0.25}"#).1,
            250
        );
        assert_eq!(
            refused(&[("retry-after", "9"), scope], r#"{"retry_after":0.25}"#).1,
            9_000
        );
        assert_eq!(refused(&[scope], "").1, UNNAMED.as_millis());
        assert_eq!(
            refused(&[("retry-after", "0"), scope], "").1,
            SHORTEST.as_millis()
        );
    }

    #[test]
    fn nonsense_counts_as_absent_and_nothing_waits_for_ever() {
        for bad in ["-1", "NaN", "soon", ""] {
            assert_eq!(
                read(200, &[("x-ratelimit-reset-after", bad)], "").reset_after,
                None
            );
        }
        assert_eq!(
            refused(&[("retry-after", "1e300")], "").1,
            LONGEST.as_millis()
        );
        assert_eq!(
            refused(&[("retry-after", "inf")], "").1,
            LONGEST.as_millis()
        );
    }
}
