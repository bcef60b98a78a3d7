//! What can go wrong between the bridge and its service, in words for the client's user.

use reqwest::{StatusCode, Url};

use crate::stdio::LONGEST_LINE;

/// Why a message could not be forwarded.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(
        "no service answers at {url}; start it with `guildhall serve`, or correct the address ({detail})"
    )]
    Unreachable { url: Url, detail: String },
    #[error(
        "the connection to {url} broke before the answer came, so it may or may not have happened ({detail})"
    )]
    Broken { url: Url, detail: String },
    #[error("the service at {url} wants a valid API key: {detail}")]
    Key { url: Url, detail: String },
    #[error("the service at {url} answered {status}: {detail}")]
    Refused {
        url: Url,
        status: StatusCode,
        detail: String,
    },
    #[error("the answer is longer than {LONGEST_LINE} bytes")]
    TooLong,
    #[error("the client is gone")]
    ClientGone,
}

/// The innermost reason: the outer ones only repeat the address.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
