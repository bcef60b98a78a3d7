//! Turns what people write as the API's address into the one form used everywhere, and joins it
//! with a request's path without letting the URL parser rewrite it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use reqwest::Url;

use crate::Error;

/// The version of Discord's API that this product speaks.
const VERSION: &str = "/api/v10";
/// Longest part of a wrong address that an error repeats.
const SHOWN: usize = 100;

/// Base address of the REST API, such as `https://discord.com/api/v10`; no slash at its end.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiUrl {
    url: Url,
    /// The path alone: `/api/v10`, or with a proxy's prefix before it.
    path: String,
}

/// Read an address: `https://discord.com`, `http://127.0.0.1:9000/api` and
/// `http://proxy:8080/api/v10/` all work. Plain `http` would show the bot token to everyone on
/// the way, so it is for this machine and private networks.
pub fn api_url(text: &str) -> Result<ApiUrl, Error> {
    let text = text.trim();
    let problem = |problem| Error::ApiUrl {
        shown: shown(text),
        problem,
    };
    let mut url = Url::parse(text)
        .map_err(|_| problem("is not a URL; write for example https://discord.com/api/v10"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_near(&url) => {}
        "http" => {
            return Err(problem(
                "would send the bot token unencrypted over the internet; write https://",
            ));
        }
        _ => {
            return Err(problem(
                "must begin with https:// (or http:// on a private network)",
            ));
        }
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(problem("names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(problem("must not hold a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(problem("must end with its path: nothing after ? or #"));
    }
    let path = with_version(url.path().trim_end_matches('/'))
        .ok_or_else(|| problem("names another version; this product speaks /api/v10"))?;
    url.set_path(&path);
    Ok(ApiUrl { url, path })
}

impl ApiUrl {
    /// The URL of one request. `None` if parsing would change the path that was judged, for
    /// example by resolving `..` or splitting off a `?`.
    pub(super) fn join(&self, path: &str, query: &str) -> Option<Url> {
        let whole = format!("{}{path}", self.path);
        let mut url = self.url.clone();
        url.set_path(&whole);
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        (path.starts_with('/') && url.path() == whole).then_some(url)
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

impl fmt::Debug for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `None` for another version of the API.
fn with_version(path: &str) -> Option<String> {
    if path.ends_with(VERSION) {
        return Some(path.to_owned());
    }
    if path.ends_with("/api") {
        return Some(format!("{path}/v10"));
    }
    let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
    let is_version = last
        .strip_prefix('v')
        .is_some_and(|number| number.parse::<u8>().is_ok());
    if before.ends_with("/api") && is_version {
        return None;
    }
    Some(format!("{path}{VERSION}"))
}

/// This machine, a private network, or a name that only such a network resolves.
fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        Ok(IpAddr::V6(v6)) => {
            v6 == Ipv6Addr::LOCALHOST || v6.is_unique_local() || v6.is_unicast_link_local()
        }
        Err(_) => {
            let near = [".localhost", ".local", ".internal", ".test"];
            !host.contains('.') || near.iter().any(|suffix| host.ends_with(suffix))
        }
    }
}

/// Enough to recognise it, without a password.
fn shown(text: &str) -> String {
    let text = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}…{}", &text[..scheme + 3], &text[at..])
        }
        _ => text.to_owned(),
    };
    format!("{:?}", text.chars().take(SHOWN).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_becomes_one() {
        for (written, meant) in [
            ("https://discord.com", "https://discord.com/api/v10"),
            ("https://discord.com/", "https://discord.com/api/v10"),
            ("https://discord.com/api", "https://discord.com/api/v10"),
            (
                " https://discord.com/api/v10/ ",
                "https://discord.com/api/v10",
            ),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/api/v10"),
            (
                "http://localhost:9000/api/",
                "http://localhost:9000/api/v10",
            ),
            ("http://[::1]:9000", "http://[::1]:9000/api/v10"),
            ("http://proxy:8080/api/v10", "http://proxy:8080/api/v10"),
            (
                "http://192.168.1.4/discord",
                "http://192.168.1.4/discord/api/v10",
            ),
        ] {
            assert_eq!(api_url(written).unwrap().to_string(), meant, "{written}");
        }
    }

    #[test]
    fn a_wrong_address_says_what_to_write() {
        for (written, part) in [
            ("discord.com", "is not a URL"),
            ("", "is not a URL"),
            ("ftp://discord.com", "must begin with https://"),
            ("http://discord.com", "unencrypted"),
            ("https://u:secret@discord.com", "user name or password"),
            ("https://discord.com/?a=b", "nothing after"),
            ("https://discord.com/api/v9", "another version"),
        ] {
            let error = api_url(written).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_path_goes_out_exactly_as_it_was_judged() {
        let base = api_url("https://discord.com").unwrap();
        let url = base
            .join("/channels/1/messages/%F0%9F%91%8D", "limit=5")
            .unwrap();
        assert_eq!(
            url.as_str(),
            "https://discord.com/api/v10/channels/1/messages/%F0%9F%91%8D?limit=5"
        );
        for path in [
            "/channels/../guilds/1",
            "/channels/./1",
            "/channels/%2e%2E/1",
            "/channels/1?x=1",
            "/channels/1#x",
            "/a\\b",
            "/a b",
            "/a\tb",
            "channels/1",
            "",
        ] {
            assert_eq!(base.join(path, ""), None, "{path}");
        }
    }
}
