//! Where to connect: the address a session may be resumed at, or the one Discord names for new ones.

use std::time::Duration;

use model::{HandsError, Request, path};
use serde::Deserialize;

use crate::{Error, facts::Fetch};

/// What `GET /gateway/bot` says. Source: Discord documentation, *Gateway › Get Gateway Bot*.
#[derive(Debug, Deserialize)]
pub(super) struct Gateway {
    pub(super) url: String,
    session_start_limit: Option<StartLimit>,
}

#[derive(Debug, Deserialize)]
struct StartLimit {
    remaining: u64,
    /// Milliseconds.
    reset_after: u64,
}

impl Gateway {
    pub(super) async fn ask(fetch: &dyn Fetch) -> Result<Self, HandsError> {
        let response = fetch.fetch(&Request::get(path!("/gateway/bot"))).await?;
        let status = response.status;
        serde_json::from_value(response.body).map_err(|_| HandsError::NotJson { status })
    }

    /// How long Discord wants no new session, if that is so.
    pub(super) fn exhausted(&self) -> Option<Duration> {
        let limit = self.session_start_limit.as_ref()?;
        (limit.remaining == 0).then(|| Duration::from_millis(limit.reset_after))
    }
}

/// An address fit for a connection: `ws` or `wss` with a host, no query, no slash at the end.
pub(super) fn checked(url: &str) -> Result<String, Error> {
    let wrong = |problem| Error::GatewayUrl {
        shown: url.chars().take(100).collect(),
        problem,
    };
    let parsed: http::Uri = url.parse().map_err(|_| wrong("is no address"))?;
    if !matches!(parsed.scheme_str(), Some("ws" | "wss")) {
        return Err(wrong("must begin with wss:// or ws://"));
    }
    let authority = parsed.authority().ok_or_else(|| wrong("has no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("must have no user name"));
    }
    let scheme = parsed.scheme_str().unwrap_or("wss");
    let path = parsed.path().trim_end_matches('/');
    Ok(format!("{scheme}://{authority}{path}"))
}

/// The address for resuming that a READY gave, if it is fit and no less private than `base`.
pub(super) fn for_resuming(given: Option<&str>, base: &str) -> String {
    given
        .and_then(|url| checked(url).ok())
        .filter(|url| url.starts_with("wss://") || !base.starts_with("wss://"))
        .unwrap_or_else(|| base.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_tidied_or_refused() {
        assert_eq!(
            checked("ws://127.0.0.1:3000/gateway/?v=10").unwrap(),
            "ws://127.0.0.1:3000/gateway"
        );
        assert_eq!(
            checked("wss://gateway.discord.gg/").unwrap(),
            "wss://gateway.discord.gg"
        );
        for wrong in [
            "",
            "gateway.discord.gg",
            "https://discord.com",
            "ws://a@b",
            "ws:// x",
        ] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn resuming_never_becomes_less_private() {
        let base = "wss://gateway.discord.gg";
        assert_eq!(for_resuming(Some("ws://elsewhere"), base), base);
        assert_eq!(for_resuming(Some("not an address"), base), base);
        assert_eq!(for_resuming(None, base), base);
        assert_eq!(
            for_resuming(Some("wss://g-1.discord.gg"), base),
            "wss://g-1.discord.gg"
        );
        assert_eq!(for_resuming(Some("ws://h:1"), "ws://h:2"), "ws://h:1");
    }
}
