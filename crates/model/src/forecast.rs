//! How long requests would take at Discord's limits, and what holds them up most.

use std::fmt;

use serde::Serialize;

/// What is expected of requests that are sent one after the other, each once the one before it was
/// answered. A guess from what is known now: what others will send is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Until the last answer.
    pub milliseconds: u64,
    pub requests: usize,
    pub bottleneck: Bottleneck,
}

/// What takes the largest part of the time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bottleneck {
    /// Nothing waits: only the way to Discord and back.
    RoundTrips,
    /// The limit of one route, such as `POST /channels/{channel_id}/messages`.
    Route(String),
    /// The bot's limit over all routes, shared with whoever else has requests in line.
    Global,
    /// Requests pause, because Discord or Cloudflare turned the bot away.
    Pause,
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.milliseconds {
            0..1_000 => f.write_str("under a second")?,
            ms @ 1_000..120_000 => write!(f, "about {} s", ms.div_ceil(1_000))?,
            ms => write!(f, "about {} min", ms.div_ceil(60_000))?,
        }
        match &self.bottleneck {
            Bottleneck::RoundTrips => Ok(()),
            Bottleneck::Route(route) => write!(f, ", {route} is the bottleneck"),
            Bottleneck::Global => f.write_str(", the bot's global limit is the bottleneck"),
            Bottleneck::Pause => f.write_str(", requests pause at present"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_sentence_does() {
        let said = |milliseconds, bottleneck| {
            let requests = 1;
            Forecast {
                milliseconds,
                requests,
                bottleneck,
            }
            .to_string()
        };
        assert_eq!(said(90, Bottleneck::RoundTrips), "under a second");
        let route = Bottleneck::Route("POST /channels/{channel_id}/messages".to_owned());
        assert_eq!(
            said(41_100, route),
            "about 42 s, POST /channels/{channel_id}/messages is the bottleneck"
        );
        assert_eq!(
            said(190_000, Bottleneck::Global),
            "about 4 min, the bot's global limit is the bottleneck"
        );
    }
}
