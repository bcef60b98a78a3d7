//! Hands: the port to Discord's REST API over HTTP. Reading is free; writing takes a permit.

mod address;
mod answer;
mod client;
mod exchange;
mod executor;
mod limiter;
mod outgoing;

use std::{marker::PhantomData, sync::Arc, time::Duration};

use async_trait::async_trait;
use http::HeaderValue;
use model::{
    Hands, HandsError, Method, Permitted, Request, Response, forecast::Forecast, hands::Errand,
};
use secrecy::{ExposeSecret as _, SecretString};

pub use address::{ApiUrl, api_url};
pub use limiter::LimitsStatus;

use crate::Error;
use client::LazyClient;
use executor::Executor;
use limiter::{Class, Limiter, Route};

/// Requests a second of one bot, kept below Discord's 50.
/// Source: Discord documentation, *Rate Limits › Global Rate Limit*.
pub const GLOBAL_PER_SECOND: u32 = 45;
/// Longest wait for one answer; uploads of 25 MB fit in.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What hands are built from.
#[derive(Debug, Clone)]
pub struct RestConfig {
    pub api_url: ApiUrl,
    /// The bot token, with or without `Bot ` before it.
    pub token: SecretString,
    /// See [`user_agent`].
    pub user_agent: String,
    /// Sustained pace over all routes. Only a bot for which Discord raised its limit sets more
    /// than [`GLOBAL_PER_SECOND`].
    pub global_per_second: u32,
    /// For one try, its answer's body included; the errand bounds all tries together.
    pub answer_timeout: Duration,
}

impl RestConfig {
    pub fn new(api_url: ApiUrl, token: SecretString, user_agent: String) -> Self {
        Self {
            api_url,
            token,
            user_agent,
            global_per_second: GLOBAL_PER_SECOND,
            answer_timeout: ANSWER_TIMEOUT,
        }
    }
}

/// The form Discord demands. Source: Discord documentation, *Reference › User Agent*.
pub fn user_agent(homepage: &str, version: &str) -> String {
    format!("DiscordBot ({homepage}, {version})")
}

/// Hands for permits of type `P`. One of them owns a token's limits, so build it once; making
/// one does no I/O and loads no certificates.
pub struct Rest<P> {
    reader: Reader,
    permits: PhantomData<fn(&P)>,
}

impl<P: Permitted> Rest<P> {
    pub fn new(config: RestConfig) -> Result<Self, Error> {
        let user_agent = HeaderValue::from_str(&config.user_agent).map_err(|_| Error::UserAgent)?;
        if config.user_agent.trim().is_empty() {
            return Err(Error::UserAgent);
        }
        let executor = Executor {
            authorization: authorization(&config.token)?,
            client: LazyClient::new(user_agent),
            limiter: Limiter::new(config.global_per_second),
            base: config.api_url,
            answer_timeout: config.answer_timeout,
        };
        Ok(Self {
            reader: Reader(Arc::new(executor)),
            permits: PhantomData,
        })
    }

    /// The half that can only read, under the same limits.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }
}

#[async_trait]
impl<P: Permitted> Hands<P> for Rest<P> {
    async fn read(&self, request: &Request, errand: &Errand) -> Result<Response, HandsError> {
        self.reader.read(request, errand).await
    }

    async fn write(&self, permit: &P, errand: &Errand) -> Result<Response, HandsError> {
        self.reader.0.run(permit.request(), errand).await
    }

    fn forecast(&self, requests: &[&Request], lane: &str) -> Option<Forecast> {
        let routes: Vec<(Route, Class)> = requests
            .iter()
            .map(|request| (Route::of(request), Class::of(request)))
            .collect();
        Some(self.reader.0.limiter.forecast(&routes, lane))
    }
}

/// Reads from Discord's REST API and can do nothing else; cheap to clone.
#[derive(Clone)]
pub struct Reader(Arc<Executor>);

impl Reader {
    /// Send a `GET`; see [`Hands::read`].
    pub async fn read(&self, request: &Request, errand: &Errand) -> Result<Response, HandsError> {
        if request.method != Method::Get {
            return Err(HandsError::NotARead {
                method: request.method.as_str(),
                template: request.path.template.clone(),
            });
        }
        self.0.run(request, errand).await
    }

    /// How the bot stands with Discord's limits.
    pub fn limits(&self) -> LimitsStatus {
        self.0.limiter.status()
    }
}

fn authorization(token: &SecretString) -> Result<HeaderValue, Error> {
    let token = token.expose_secret().trim();
    let token = match token.strip_prefix("Bot") {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest.trim(),
        _ => token,
    };
    if token.is_empty() {
        return Err(Error::Token {
            problem: "is empty",
        });
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Token {
            problem: "holds spaces or characters that no token has",
        });
    }
    let mut value = HeaderValue::from_str(&format!("Bot {token}")).map_err(|_| Error::Token {
        problem: "cannot be sent in a header",
    })?;
    value.set_sensitive(true);
    Ok(value)
}
