//! One try: send, take the answer in, tell the limiter. What is certain about a failure is kept
//! apart from what is not.

use std::{error::Error as _, fmt::Write as _};

use http::StatusCode;
use reqwest::{Client, RequestBuilder, Response, multipart::Form};
use tokio::time::{Instant, timeout_at};

use super::limiter::{Leave, Next, Observed};

/// Largest answer taken in. Discord's largest, a guild's thousand members, is a tenth of it.
pub(super) const MAX_ANSWER: usize = 8 << 20;
/// Longest description of a broken transport, in characters.
const MAX_DETAIL: usize = 300;

/// How a try ended.
pub(super) enum Outcome {
    Answered {
        status: StatusCode,
        body: Taken,
        next: Next,
    },
    /// No connection: nothing left.
    NotSent(String),
    /// It may have arrived; no answer did.
    Lost(String),
}

/// An answer's body.
pub(super) enum Taken {
    Whole(Vec<u8>),
    TooLarge,
    Broken(String),
}

impl Outcome {
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(status.as_u16()),
            Self::NotSent(_) | Self::Lost(_) => None,
        }
    }
}

/// `until` bounds the whole exchange, the body included.
pub(super) async fn exchange(
    client: &Client,
    wire: reqwest::Request,
    form: Option<Form>,
    mut leave: Leave,
    until: Instant,
) -> Outcome {
    let mut builder = RequestBuilder::from_parts(client.clone(), wire);
    if let Some(form) = form {
        builder = builder.multipart(form);
    }
    leave.sending();
    let mut response = match timeout_at(until, builder.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) if error.is_connect() || error.is_builder() => {
            leave.unsent();
            return Outcome::NotSent(describe(error));
        }
        Ok(Err(error)) => return Outcome::Lost(describe(error)),
        Err(_) => return Outcome::Lost("no answer within the time allowed".to_owned()),
    };
    let status = response.status();
    // Others wait for what the headers tell, so only a 429 is read to its end first.
    if status != StatusCode::TOO_MANY_REQUESTS {
        let next = leave.answered(&Observed::read(status, response.headers(), b""));
        let body = take(&mut response, until).await;
        return Outcome::Answered { status, body, next };
    }
    let body = take(&mut response, until).await;
    let text = if let Taken::Whole(text) = &body {
        text.as_slice()
    } else {
        b""
    };
    let next = leave.answered(&Observed::read(status, response.headers(), text));
    Outcome::Answered { status, body, next }
}

async fn take(response: &mut Response, until: Instant) -> Taken {
    let told = response.content_length().unwrap_or(0);
    if told > MAX_ANSWER as u64 {
        return Taken::TooLarge;
    }
    let mut body = Vec::with_capacity(usize::try_from(told).unwrap_or(0));
    loop {
        match timeout_at(until, response.chunk()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > MAX_ANSWER => return Taken::TooLarge,
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            Ok(Ok(None)) => return Taken::Whole(body),
            Ok(Err(error)) => return Taken::Broken(describe(error)),
            Err(_) => return Taken::Broken("it did not end within the time allowed".to_owned()),
        }
    }
}

/// The chain of causes, without the URL, whose path may hold a token.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text.chars().take(MAX_DETAIL).collect()
}
