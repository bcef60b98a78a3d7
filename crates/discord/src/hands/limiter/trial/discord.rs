//! Discord's side of the trial: windows for each route and resource, routes that share one, the
//! global count, emojis' hidden limit, limits that change, and refusals of all kinds.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::dice::Dice;
use crate::hands::limiter::{
    headers::{By, Observed, Refused},
    route::{Class, Route},
};

/// Requests with the bot's token in any one second.
/// Source: Discord documentation, *Rate Limits › Global Rate Limit*.
pub(super) const GLOBAL: usize = 50;
const SECOND: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Send,
    Edit,
    Read,
    /// Two operations in one bucket.
    React,
    Unreact,
    /// Answers carry no headers about limits.
    Pin,
    /// Counted for each guild by more than its headers tell.
    Emoji,
    Webhook,
    Answer,
}

impl Operation {
    pub(super) fn class(self) -> Class {
        match self {
            Self::Webhook => Class::InPath,
            Self::Answer => Class::Interaction,
            _ => Class::Bot,
        }
    }

    /// `place` is a channel, a guild, a webhook or an interaction.
    pub(super) fn route(self, place: usize) -> Route {
        Route::named(self.name(), &place.to_string())
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Send => "POST /channels/{channel_id}/messages",
            Self::Edit => "PATCH /channels/{channel_id}/messages/{message_id}",
            Self::Read => "GET /channels/{channel_id}/messages",
            Self::React => "PUT /channels/{channel_id}/messages/{message_id}/reactions",
            Self::Unreact => "DELETE /channels/{channel_id}/messages/{message_id}/reactions",
            Self::Pin => "PUT /channels/{channel_id}/messages/pins/{message_id}",
            Self::Emoji => "POST /guilds/{guild_id}/emojis",
            Self::Webhook => "POST /webhooks/{webhook_id}/{webhook_token}",
            Self::Answer => "POST /interactions/{interaction_id}/{interaction_token}/callback",
        }
    }

    fn bucket(self) -> Option<&'static str> {
        Some(match self {
            Self::Send => "send",
            Self::Edit => "edit",
            Self::Read => "read",
            Self::React | Self::Unreact => "react",
            Self::Emoji => "emoji",
            Self::Webhook => "webhook",
            Self::Pin | Self::Answer => return None,
        })
    }
}

/// Faults and changes of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weather {
    /// The limit of sending changes as time goes on.
    pub(super) limits_change: bool,
    /// Once in so many reads somebody else has used up a shared resource.
    pub(super) shared_every: u64,
    /// Once in so many requests the bot may not do that.
    pub(super) forbidden_every: u64,
    /// Cloudflare turns everything away for some seconds, this often.
    pub(super) cloudflare_every: Option<Duration>,
    /// The token is revoked at this moment.
    pub(super) revoked_after: Option<Duration>,
}

struct Window {
    end: Instant,
    used: u32,
    limit: u32,
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) received: usize,
    pub(super) own: usize,
    pub(super) shared: usize,
    pub(super) global: usize,
    pub(super) edge: usize,
    pub(super) forbidden: usize,
    pub(super) unauthorized: usize,
    /// Refusals that count towards a ban, in order.
    pub(super) invalid: Vec<Instant>,
}

impl Tally {
    /// The most invalid requests within ten minutes.
    pub(super) fn worst_ten_minutes(&self) -> usize {
        let mut worst = 0;
        let mut first = 0;
        for (last, at) in self.invalid.iter().enumerate() {
            while *at - self.invalid[first] > Duration::from_mins(10) {
                first += 1;
            }
            worst = worst.max(last - first + 1);
        }
        worst
    }
}

pub(super) struct Discord {
    weather: Weather,
    start: Instant,
    dice: Dice,
    windows: HashMap<(&'static str, usize), Window>,
    hidden: HashMap<usize, (Instant, u32)>,
    lately: VecDeque<Instant>,
    forbidden: Option<Operation>,
    pub(super) tally: Tally,
}

impl Discord {
    pub(super) fn new(weather: Weather, seed: u64, start: Instant) -> Self {
        Self {
            weather,
            start,
            dice: Dice::new(seed ^ 0xd15c),
            windows: HashMap::new(),
            hidden: HashMap::new(),
            lately: VecDeque::new(),
            forbidden: None,
            tally: Tally::default(),
        }
    }

    /// From now on the bot may not do this.
    pub(super) fn forbid(&mut self, operation: Operation) {
        self.forbidden = Some(operation);
    }

    /// Requests in a window, and how long it is.
    pub(super) fn limit(&self, operation: Operation, now: Instant) -> Option<(u32, Duration)> {
        let ms = Duration::from_millis;
        let changed = self.weather.limits_change;
        // Every four minutes another of three.
        let era = (now - self.start).as_secs() / 240 % 3;
        Some(match operation {
            Operation::Send if changed => ([5, 3, 6][usize::try_from(era).unwrap()], ms(5_000)),
            Operation::Send | Operation::Edit => (5, ms(5_000)),
            Operation::Read => (50, ms(1_000)),
            Operation::React | Operation::Unreact => (1, ms(250)),
            Operation::Emoji => (50, ms(10_000)),
            Operation::Webhook => (5, ms(2_000)),
            Operation::Pin | Operation::Answer => return None,
        })
    }

    pub(super) fn receive(&mut self, operation: Operation, place: usize, now: Instant) -> Observed {
        self.tally.received += 1;
        let age = now - self.start;
        if self.weather.revoked_after.is_some_and(|at| age >= at) {
            self.tally.unauthorized += 1;
            return self.invalid(
                Observed {
                    status: 401,
                    ..Observed::default()
                },
                now,
            );
        }
        if let Some(every) = self.weather.cloudflare_every
            && age > every
            && age.as_millis() % every.as_millis() < 4_000
        {
            self.tally.edge += 1;
            return self.invalid(refused(By::Edge, Duration::from_secs(5)), now);
        }
        if operation.class() == Class::Bot {
            while self.lately.front().is_some_and(|at| now - *at >= SECOND) {
                self.lately.pop_front();
            }
            if self.lately.len() >= GLOBAL {
                self.tally.global += 1;
                return self.invalid(refused(By::Global, SECOND), now);
            }
            self.lately.push_back(now);
        }
        if self.forbidden == Some(operation) {
            self.tally.forbidden += 1;
            return self.invalid(
                Observed {
                    status: 403,
                    ..Observed::default()
                },
                now,
            );
        }
        let Some((bucket, (limit, length))) = operation.bucket().zip(self.limit(operation, now))
        else {
            return Observed {
                status: 200,
                ..Observed::default()
            };
        };
        let window = self.windows.entry((bucket, place)).or_insert(Window {
            end: now,
            used: 0,
            limit,
        });
        if window.end <= now {
            *window = Window {
                end: now + length,
                used: 0,
                limit,
            };
        }
        let fits = window.used < window.limit;
        window.used += u32::from(fits);
        let told = Observed {
            status: 200,
            bucket: Some(bucket.to_owned()),
            limit: Some(window.limit),
            remaining: Some(window.limit - window.used),
            reset_after: Some(window.end - now),
            window: Some(window.end - self.start),
            refused: None,
        };
        if !fits {
            self.tally.own += 1;
            let refused = refused(By::Bucket, window.end - now).refused;
            return self.invalid(
                Observed {
                    status: 429,
                    refused,
                    ..told
                },
                now,
            );
        }
        if operation == Operation::Emoji {
            let (end, used) = self.hidden.entry(place).or_insert((now, 0));
            if *end <= now {
                (*end, *used) = (now + Duration::from_mins(1), 0);
            }
            *used += 1;
            if *used > 30 {
                self.tally.own += 1;
                let refused = refused(By::Bucket, *end - now).refused;
                return self.invalid(
                    Observed {
                        status: 429,
                        refused,
                        ..told
                    },
                    now,
                );
            }
        }
        if operation == Operation::Read && self.dice.once_in(self.weather.shared_every) {
            self.tally.shared += 1;
            let refused = refused(By::Shared, SECOND).refused;
            return Observed {
                status: 429,
                refused,
                ..told
            };
        }
        if self.dice.once_in(self.weather.forbidden_every) {
            self.tally.forbidden += 1;
            return self.invalid(
                Observed {
                    status: 403,
                    ..told
                },
                now,
            );
        }
        told
    }

    fn invalid(&mut self, observed: Observed, now: Instant) -> Observed {
        self.tally.invalid.push(now);
        observed
    }
}

fn refused(by: By, retry_after: Duration) -> Observed {
    Observed {
        status: 429,
        refused: Some(Refused {
            by,
            retry_after: retry_after.max(Duration::from_millis(50)),
        }),
        ..Observed::default()
    }
}
