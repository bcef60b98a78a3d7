//! HTTP clients that reach a running service, with TLS only where the address asks for it.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Url};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::Error;

const CONNECT: Duration = Duration::from_secs(5);

/// Longer than any call may take.
const SILENCE: Duration = Duration::from_mins(5);

/// Less than the service keeps an idle connection, so that it never closes one under us.
const IDLE: Duration = Duration::from_secs(20);

/// Where a service's MCP endpoint is: `http://127.0.0.1:8000` means its `/mcp`.
pub(crate) fn endpoint(text: &str) -> Result<Url, Error> {
    let refused = |detail: String| Error::Address {
        url: text.to_owned(),
        detail,
    };
    let mut url = Url::parse(text).map_err(|error| refused(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refused("it must begin with http:// or https://".to_owned()));
    }
    if url.path() == "/" {
        url.set_path("/mcp");
    }
    Ok(url)
}

/// A client for one service.
pub(crate) fn client(url: &Url) -> Result<Client, Error> {
    let mut roots = RootCertStore::empty();
    if url.scheme() == "https" {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let broken = |detail: String| Error::Address {
        url: url.to_string(),
        detail,
    };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .pool_idle_timeout(IDLE)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none());
    if is_loopback(url) {
        // A proxy could not reach this machine's loopback.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| broken(error.to_string()))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_path_means_its_mcp_endpoint() {
        for (text, url) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/mcp"),
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/mcp"),
            (
                "https://bot.example/hall/mcp",
                "https://bot.example/hall/mcp",
            ),
        ] {
            assert_eq!(endpoint(text).unwrap().as_str(), url);
        }
        for bad in ["", "127.0.0.1:8000", "ftp://x", "localhost"] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_is_made_for_either_scheme() {
        for text in ["http://localhost:1", "https://bot.example"] {
            client(&endpoint(text).unwrap()).unwrap();
        }
    }
}
