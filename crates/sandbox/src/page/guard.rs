//! Who may use the page: a hostile web page may be open in the same browser. Names that anybody
//! can point at this machine are refused (DNS rebinding), so are requests that another origin
//! sends, and forms carry a token. Every answer says that it runs no foreign script.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::Page;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// On every answer. The referrer policy is not `no-referrer`, with which browsers would say
/// `Origin: null` of our own forms.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The middleware around the page.
pub(super) async fn guard(State(page): State<Arc<Page>>, request: Request, next: Next) -> Response {
    let mut response = match check(&request, page.listen) {
        Ok(()) => next.run(request).await,
        Err(why) => (StatusCode::FORBIDDEN, why).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The middleware around the control API: programs send no `Origin`, pages of other sites do.
pub(crate) async fn refuse_strangers(
    State(listen): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match check_stranger(&request, listen) {
        Ok(()) => next.run(request).await,
        Err(why) => (StatusCode::FORBIDDEN, why).into_response(),
    }
}

/// Whoever listens on all addresses is reached by names that only they know, as in containers.
fn check_stranger(request: &Request, listen: SocketAddr) -> Result<(), &'static str> {
    let ours =
        listen.ip().is_unspecified() || host_of(request).is_some_and(|it| is_ours(it, listen));
    if !ours {
        return Err("the control API answers to 127.0.0.1, localhost and its listen address only");
    }
    check_origin(request.headers(), listen)
}

fn check(request: &Request, listen: SocketAddr) -> Result<(), &'static str> {
    let host = host_of(request).ok_or("the request names no host")?;
    if !is_ours(host, listen) {
        return Err("the page answers to 127.0.0.1, localhost and its listen address only");
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    check_origin(request.headers(), listen)?;
    let origin = request.headers().get(header::ORIGIN);
    let own = origin.is_none_or(|origin| origin_host(origin) == Some(host));
    if own {
        Ok(())
    } else {
        Err("the form was sent by another origin")
    }
}

fn check_origin(headers: &HeaderMap, listen: SocketAddr) -> Result<(), &'static str> {
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return Err("the request was sent by another site");
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    match origin_host(origin) {
        Some(host) if is_ours(host, listen) => Ok(()),
        _ => Err("the request was sent by another origin"),
    }
}

fn host_of(request: &Request) -> Option<&str> {
    let named = request.uri().authority().map(http::uri::Authority::as_str);
    named.or_else(|| request.headers().get(header::HOST)?.to_str().ok())
}

fn origin_host(origin: &HeaderValue) -> Option<&str> {
    origin.to_str().ok()?.strip_prefix("http://")
}

/// Loopback, the address that is listened on, or any address where all are. A name other than
/// `localhost` may have been pointed here by anybody; an address cannot be.
fn is_ours(host: &str, listen: SocketAddr) -> bool {
    let Ok(uri) = format!("http://{host}/").parse::<Uri>() else {
        return false;
    };
    let name = uri.host().unwrap_or_default();
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    address.is_some_and(|it| it.is_loopback() || it == listen.ip() || listen.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_answered_to() {
        let here = SocketAddr::from(([127, 0, 0, 1], 4000));
        for host in [
            "127.0.0.1:4000",
            "localhost",
            "LOCALHOST:4000",
            "[::1]:4000",
            "127.8.9.1",
        ] {
            assert!(is_ours(host, here), "{host}");
        }
        for host in [
            "evil.example:4000",
            "127.0.0.1.evil.example",
            "10.0.0.5:4000",
            "",
            "a b",
        ] {
            assert!(!is_ours(host, here), "{host}");
        }
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 4000));
        assert!(is_ours("10.0.0.5:4000", everywhere));
        assert!(!is_ours("evil.example:4000", everywhere));
    }

    #[test]
    fn another_origin_is_refused() {
        let here = SocketAddr::from(([127, 0, 0, 1], 4000));
        let with = |name: HeaderName, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            check_origin(&headers, here)
        };
        assert!(with(header::ORIGIN, "http://localhost:4000").is_ok());
        assert!(with(FETCH_SITE, "same-origin").is_ok());
        assert!(with(header::ORIGIN, "http://evil.example").is_err());
        assert!(with(header::ORIGIN, "null").is_err());
        assert!(with(FETCH_SITE, "cross-site").is_err());
        assert!(with(FETCH_SITE, "same-site").is_err());
        assert!(check_origin(&HeaderMap::new(), here).is_ok());
    }
}
