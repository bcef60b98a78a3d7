//! Who may come in: by which name and from which page, and with which key.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, StatusCode, header, uri::Authority};
use model::{Clock, Principal, ledger::Keys};
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;

/// Wrong keys that one address may show in a minute.
const WRONG_KEYS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("30 is not 0");

/// Addresses remembered for that; far beyond it, all of them start afresh.
const ADDRESSES: usize = 10_000;

/// What proxies add.
const FORWARDED: [&str; 5] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "via",
];

const KEY_PREFIX: &str = "gh_";
/// 32 bytes in base64url without padding.
const KEY_BODY: usize = 43;

const LOOPBACK_NAMES: [&str; 1] = ["localhost"];

/// Names and pages from which requests are taken. Against DNS rebinding (a foreign page whose
/// name points here) and against pages that call a server on the reader's own machine.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// `example.org` or `192.0.2.7` (any port), or `example.org:8000`, besides loopback names and
    /// the address that a connection came to.
    pub names: Vec<String>,
    /// `https://app.example.org`, besides pages served from this machine's loopback.
    pub origins: Vec<String>,
}

impl Hosts {
    /// `local` is the address of this machine that the connection came to.
    pub(crate) fn check(&self, headers: &HeaderMap, local: IpAddr) -> Result<(), Problem> {
        let forbidden = |code, detail: &str| Problem::new(StatusCode::FORBIDDEN, code, detail);
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .and_then(|host| host.parse::<Authority>().ok())
            .ok_or_else(|| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "host_missing",
                    "the Host header is missing or broken",
                )
            })?;
        if !self.knows(&host, local) {
            return Err(forbidden(
                "host_not_allowed",
                "this server does not answer to that Host; add it to the allowed hosts",
            ));
        }
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        if origin.to_str().is_ok_and(|origin| self.trusts(origin)) {
            Ok(())
        } else {
            Err(forbidden(
                "origin_not_allowed",
                "pages of that origin may not call this server; add it to the allowed origins",
            ))
        }
    }

    /// A name can be made to point here by its owner; this machine's own address cannot.
    fn knows(&self, host: &Authority, local: IpAddr) -> bool {
        is_loopback_name(host.host())
            || address(host.host()).is_some_and(|it| it.is_loopback() || it == local)
            || self.names.iter().any(|name| {
                name.eq_ignore_ascii_case(host.as_str()) || name.eq_ignore_ascii_case(host.host())
            })
    }

    fn trusts(&self, origin: &str) -> bool {
        if self
            .origins
            .iter()
            .any(|it| it.trim_end_matches('/').eq_ignore_ascii_case(origin))
        {
            return true;
        }
        let Some(authority) = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .and_then(|rest| rest.parse::<Authority>().ok())
        else {
            return false;
        };
        is_loopback_name(authority.host())
            || address(authority.host()).is_some_and(|address| address.is_loopback())
    }
}

fn is_loopback_name(host: &str) -> bool {
    LOOPBACK_NAMES
        .iter()
        .any(|name| name.eq_ignore_ascii_case(host))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

/// Finds the principal of a request.
pub(crate) struct Doorkeeper {
    keys: Option<Arc<dyn Keys>>,
    clock: Arc<dyn Clock>,
    /// Whether a request without a key is a guest's.
    guests: bool,
    wrong: DefaultKeyedRateLimiter<IpAddr>,
}

impl Doorkeeper {
    pub(crate) fn new(keys: Option<Arc<dyn Keys>>, clock: Arc<dyn Clock>, guests: bool) -> Self {
        Self {
            keys,
            clock,
            guests,
            wrong: RateLimiter::keyed(Quota::per_minute(WRONG_KEYS_PER_MINUTE)),
        }
    }

    /// Whose request this is. A wrong key is never a guest's.
    pub(crate) async fn who(
        &self,
        headers: &HeaderMap,
        peer: SocketAddr,
    ) -> Result<Principal, Problem> {
        let Some(shown) = headers.get(header::AUTHORIZATION) else {
            if !self.guests {
                return Err(unauthorized(
                    "an API key is needed: Authorization: Bearer gh_…",
                ));
            }
            if came_through_a_proxy(headers) {
                return Err(unauthorized(
                    "an API key is needed for requests that come through a proxy: \
                     Authorization: Bearer gh_…",
                ));
            }
            return Ok(Principal::loopback_guest());
        };
        let key = shown.to_str().ok().and_then(bearer);
        let (Some(key), Some(keys)) = (key, &self.keys) else {
            return Err(self.wrong(peer));
        };
        let digest = Sha256::digest(key.as_bytes()).into();
        match keys.find(digest, self.clock.now_ms()).await {
            Ok(Some(principal)) => Ok(principal),
            Ok(None) => Err(self.wrong(peer)),
            Err(error) => {
                tracing::error!(%error, "a key could not be looked up");
                Err(Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store_unavailable",
                    "the key cannot be checked now; try again",
                ))
            }
        }
    }

    /// Count a wrong key. Who shows too many is told to wait; right keys always pass.
    fn wrong(&self, peer: SocketAddr) -> Problem {
        if self.wrong.len() > ADDRESSES {
            self.wrong.retain_recent();
        }
        if self.wrong.check_key(&peer.ip()).is_err() {
            return Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_wrong_keys",
                "too many wrong keys came from this address; wait a minute",
            );
        }
        unauthorized("the API key is unknown, expired or revoked")
    }
}

/// A proxy on this machine makes the whole network look like loopback, so who comes through one
/// is no guest.
fn came_through_a_proxy(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}

/// The key in `Bearer gh_…`, if it has a key's form.
fn bearer(shown: &str) -> Option<&str> {
    let (scheme, key) = shown.split_once(' ')?;
    let key = key.trim();
    let body = key.strip_prefix(KEY_PREFIX)?;
    let well_formed = body.len() == KEY_BODY
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (scheme.eq_ignore_ascii_case("bearer") && well_formed).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As seen on a connection to 192.168.1.9.
    fn verdict(hosts: &Hosts, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        hosts.check(&headers, [192, 168, 1, 9].into()).is_ok()
    }

    #[test]
    fn names_that_could_be_rebound_are_refused() {
        let hosts = Hosts {
            names: vec![
                "bot.example".into(),
                "other.example:9000".into(),
                "203.0.113.5".into(),
            ],
            origins: vec!["https://app.example".into()],
        };
        for (host, ok) in [
            ("localhost:8000", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8000", true),
            ("[::1]:8000", true),
            ("192.168.1.9:8000", true),
            ("[::ffff:192.168.1.9]:8000", true),
            ("192.168.1.8:8000", false),
            ("203.0.113.5", true),
            ("0.0.0.0:8000", false),
            ("192.168.1.9.evil.example", false),
            ("bot.example:1", true),
            ("other.example:9000", true),
            ("other.example:1", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
        ] {
            assert_eq!(verdict(&hosts, host, None), ok, "{host}");
        }
        for (origin, ok) in [
            ("http://localhost:5173", true),
            ("https://127.0.0.1", true),
            ("http://[::1]:80", true),
            ("https://app.example", true),
            ("http://app.example", false),
            ("http://192.168.1.9", false),
            ("null", false),
            ("file://", false),
            ("http://localhost.evil.example", false),
        ] {
            assert_eq!(verdict(&hosts, "localhost", Some(origin)), ok, "{origin}");
        }
    }

    #[test]
    fn only_the_form_of_our_keys_is_looked_up() {
        let key = format!("gh_{}", "a".repeat(43));
        assert_eq!(bearer(&format!("Bearer {key}")), Some(key.as_str()));
        assert_eq!(bearer(&format!("bearer {key}")), Some(key.as_str()));
        for bad in [
            key.clone(),
            format!("Basic {key}"),
            format!("Bearer {key}a"),
            "Bearer gh_short".to_owned(),
            format!("Bearer gh_{}", "é".repeat(43)),
            String::new(),
        ] {
            assert_eq!(bearer(&bad), None, "{bad}");
        }
    }
}
