//! The simulated Discord itself: plain data and the rules over it. No I/O, nothing asynchronous.
//!
//! Every change takes the actor's id and answers as Discord would, a [`Refusal`] included; what
//! the Gateway must hear is appended to an outbox that [`Shared::write`] hands out.

pub mod access;
pub mod application;
pub mod audit;
pub mod automod;
pub mod channel;
pub mod clock;
pub mod command;
mod consistency;
pub mod dispatch;
pub mod gateway;
pub mod guild;
pub mod intents;
pub mod interaction;
pub mod member;
pub mod message;
pub mod named;
mod outage;
pub mod refusal;
pub mod role;
pub(crate) mod saved;
pub mod shared;
pub(crate) mod timers;
pub mod user;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use channel::{Channel, ChannelKind, Thread};
pub use clock::SandboxClock;
pub use dispatch::{Audience, Dispatch, DispatchSink};
pub use guild::{Guild, Invite, Webhook};
pub use member::Member;
pub use message::{Message, MessageEdit, NewMessage};
pub use refusal::Refusal;
pub use role::Role;
pub use shared::Shared;
pub use user::{Application, User};

use crate::gateway::SessionStarts;
use crate::snowflake::{Snowflake, SnowflakeGenerator};

/// What an operation answers: a value, or Discord's error.
pub type Answer<T = Value> = Result<T, Refusal>;

/// Who does something, and the reason that the audit log shall keep.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user.
    pub id: Snowflake,
    /// From `X-Audit-Log-Reason`, decoded.
    pub reason: Option<String>,
}

impl From<Snowflake> for Actor {
    fn from(id: Snowflake) -> Self {
        Self { id, reason: None }
    }
}

/// How a world begins.
#[derive(Clone, Debug, Default)]
pub struct WorldConfig {
    /// With a manual clock, the same seed and the same calls give the same ids and tokens.
    pub seed: u64,
    /// Real by default.
    pub clock: SandboxClock,
}

/// Where the server listens; links in answers are made from it.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// `http://127.0.0.1:PORT`, without a path.
    pub http: String,
    /// `ws://127.0.0.1:PORT/gateway`.
    pub gateway: String,
}

/// What a newcomer is told of a world: the bot to be, the guild and the channel to start in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Home {
    pub(crate) bot: Snowflake,
    pub(crate) guild: Snowflake,
    pub(crate) channel: Snowflake,
}

/// All that exists. What is not skipped here is saved in a snapshot, so new state is either data
/// that serializes or a field that says why it need not.
#[derive(Deserialize, Serialize)]
pub struct World {
    /// The server's, not the world's.
    #[serde(skip)]
    clock: SandboxClock,
    /// While something happens by itself: the moment at which it was due.
    #[serde(skip)]
    happening_ms: Option<u64>,
    timers: timers::Timers,
    rng: saved::SavedRng,
    ids: SnowflakeGenerator,
    /// The server's, not the world's.
    #[serde(skip)]
    addresses: Addresses,
    pub(crate) users: BTreeMap<Snowflake, User>,
    pub(crate) applications: BTreeMap<Snowflake, Application>,
    #[serde(with = "saved::sorted")]
    tokens: HashMap<String, Snowflake>,
    pub(crate) guilds: BTreeMap<Snowflake, Guild>,
    pub(crate) channels: BTreeMap<Snowflake, Channel>,
    #[serde(with = "saved::sorted")]
    pub(crate) messages: HashMap<Snowflake, BTreeMap<Snowflake, Message>>,
    pub(crate) invites: BTreeMap<String, Invite>,
    pub(crate) webhooks: BTreeMap<Snowflake, Webhook>,
    pub(crate) files: message::attachment::FileStore,
    pub(crate) nonces: VecDeque<message::nonce::UsedNonce>,
    pub(crate) slow_mode: channel::slow_mode::SlowMode,
    pub(crate) interactions: interaction::Interactions,
    pub(crate) commands: BTreeMap<Snowflake, command::Command>,
    /// By code.
    #[serde(default)]
    pub(crate) invite_targets: BTreeMap<String, guild::InviteTargets>,
    #[serde(default)]
    pub(crate) commerce: application::Commerce,
    #[serde(default)]
    pub(crate) lobbies: BTreeMap<Snowflake, application::Lobby>,
    #[serde(default)]
    pub(crate) activities: VecDeque<application::Activity>,
    link_salt: u64,
    /// Where a newcomer is led.
    #[serde(default)]
    pub(crate) home: Home,
    #[serde(with = "saved::sorted")]
    pub(crate) presences: HashMap<Snowflake, gateway::Presence>,
    /// How often each bot identified; the Gateway's to count.
    pub(crate) session_starts: SessionStarts,
    /// Guilds that cannot be served now.
    #[serde(default)]
    outages: BTreeSet<Snowflake>,
    /// Empty whenever the world can be saved.
    #[serde(skip)]
    outbox: Vec<Dispatch>,
}

impl World {
    pub(crate) fn new(config: WorldConfig) -> Self {
        let mut rng = saved::SavedRng::new(config.seed);
        Self {
            clock: config.clock,
            happening_ms: None,
            timers: timers::Timers::default(),
            link_salt: rng.0.random(),
            home: Home::default(),
            rng,
            ids: SnowflakeGenerator::default(),
            addresses: Addresses {
                http: "http://127.0.0.1".into(),
                gateway: "ws://127.0.0.1/gateway".into(),
            },
            users: BTreeMap::new(),
            applications: BTreeMap::new(),
            tokens: HashMap::new(),
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: HashMap::new(),
            invites: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            files: message::attachment::FileStore::default(),
            nonces: VecDeque::new(),
            slow_mode: channel::slow_mode::SlowMode::default(),
            interactions: interaction::Interactions::default(),
            commands: BTreeMap::new(),
            invite_targets: BTreeMap::new(),
            commerce: application::Commerce::default(),
            lobbies: BTreeMap::new(),
            activities: VecDeque::new(),
            presences: HashMap::new(),
            session_starts: SessionStarts::default(),
            outages: BTreeSet::new(),
            outbox: Vec::new(),
        }
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.happening_ms.unwrap_or_else(|| self.clock.now_ms())
    }

    /// While a world is built, its past: what happens meanwhile happens at that moment. `None` for
    /// now.
    pub(crate) fn pretend(&mut self, moment_ms: Option<u64>) {
        self.happening_ms = moment_ms;
    }

    /// A fresh id.
    pub fn next_id(&mut self) -> Snowflake {
        let now = self.now_ms();
        self.ids.next(now)
    }

    /// `length` letters and digits from the seeded generator: tokens, codes, session ids.
    pub fn random_text(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut pick = || char::from(ALPHABET[self.rng.0.random_range(0..ALPHABET.len())]);
        (0..length).map(|_| pick()).collect()
    }

    /// Tells the world where its server listens.
    pub fn set_addresses(&mut self, addresses: Addresses) {
        self.addresses = addresses;
    }

    /// Where the server listens.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Notes something that the Gateway must tell.
    pub fn dispatch(&mut self, kind: &'static str, audience: Audience, intents: u64, data: Value) {
        self.outbox.push(Dispatch {
            kind,
            data: Arc::new(data),
            audience,
            intents,
        });
    }

    /// Becomes the world that was saved; clock and addresses stay those of this server. Nobody is
    /// told, and no bot is online until it identifies anew.
    pub(crate) fn become_saved(&mut self, saved: Self) {
        let (clock, addresses) = (self.clock.clone(), self.addresses.clone());
        let starts = std::mem::take(&mut self.session_starts);
        *self = saved;
        (self.clock, self.addresses) = (clock, addresses);
        self.session_starts.limit_as(&starts);
        let bots: Vec<_> = self.applications.keys().copied().collect();
        for bot in bots {
            self.presences.remove(&bot);
        }
    }

    pub(crate) fn take_dispatches(&mut self) -> Vec<Dispatch> {
        std::mem::take(&mut self.outbox)
    }
}
