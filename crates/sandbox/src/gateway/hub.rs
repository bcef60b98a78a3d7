//! All sessions of the Gateway: opens, resumes and forgets them, and gives each the dispatches
//! that it may see. Called while the world is locked, so it never blocks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use serde::Serialize;
use tokio::sync::mpsc;

use super::asked::Asked;
use super::close::Close;
use super::command::{Identify, Resume};
use super::frame::{self, Resumable};
use super::greet;
use super::rules::Rules;
use super::session::{Epoch, Event, Order, Session};
use super::starts::TooMany;
use crate::snowflake::Snowflake;
use crate::world::gateway::LARGE_THRESHOLD;
use crate::world::{Shared, World};

/// Sessions kept at once; beyond this, those that lost their socket are forgotten first, and then
/// IDENTIFY is refused.
const MAX_SESSIONS: usize = 200;

/// The largest `large_threshold` of an IDENTIFY.
const MAX_LARGE_THRESHOLD: usize = 250;

/// The sessions, behind one lock that is taken after the world's, never before.
#[derive(Default)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    rules: RwLock<Rules>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) sessions: HashMap<String, Session>,
    asked: Asked,
}

/// An IDENTIFY that passed every check.
struct Admitted {
    session_id: String,
    session: Session,
}

/// A session that a connection now carries.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) session_id: String,
    pub(crate) bot: Snowflake,
    pub(crate) epoch: Epoch,
    pub(crate) orders: mpsc::Receiver<Order>,
    /// To be sent before anything that comes as an order.
    pub(crate) first: Vec<Event>,
}

/// Why no session was opened.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The connection is closed.
    Close(Close),
    /// Op 9: the client has to identify anew.
    InvalidSession,
}

impl From<Close> for Refused {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// One session, as the control API shows it.
#[derive(Debug, serde::Serialize)]
pub(crate) struct SessionView {
    session_id: String,
    bot_id: Snowflake,
    intents: u64,
    shard: (u64, u64),
    seq: u64,
    connected: bool,
}

impl Hub {
    /// Answers IDENTIFY: READY, then a GUILD_CREATE for each guild of the shard.
    pub(crate) fn identify(&self, shared: &Shared, identify: &Identify) -> Result<Opened, Refused> {
        let admitted = shared.write(|world| self.admit(world, identify))?;
        let bot = admitted.session.bot;
        // Nobody changes the world between what is told here and what is told from here on.
        shared.read(|world| {
            let now_ms = world.now_ms();
            let Admitted {
                session_id,
                session,
            } = admitted;
            let mut session = session;
            let first = greet::greet(world, &session_id, &mut session);
            let (epoch, orders) = session.attach();
            let mut inner = self.lock();
            inner.make_room(now_ms)?;
            inner.sessions.insert(session_id.clone(), session);
            Ok(Opened {
                session_id,
                bot,
                epoch,
                orders,
                first,
            })
        })
    }

    fn admit(&self, world: &mut World, identify: &Identify) -> Result<Admitted, Refused> {
        let now_ms = world.now_ms();
        let bot = bot_of(world, &identify.token)?;
        let intents = greet::checked_intents(world, bot, identify.intents)?;
        let shard = identify.shard.unwrap_or((0, 1));
        if shard.1 == 0 || shard.0 >= shard.1 {
            return Err(Close::INVALID_SHARD.into());
        }
        let large = identify.large_threshold.unwrap_or_default();
        let large = usize::try_from(large).unwrap_or(usize::MAX);
        let large = large.clamp(LARGE_THRESHOLD, MAX_LARGE_THRESHOLD);
        let session = Session::new(bot, intents, shard, large);
        let guilds = world.guilds_of(bot);
        let guilds = guilds.iter().filter(|guild| session.has_guild(**guild));
        let most = self.rules().guilds_per_shard;
        if most.is_some_and(|most| guilds.count() > most as usize) {
            return Err(Close::SHARDING_REQUIRED.into());
        }
        match world.session_starts.admit(bot, shard.0, now_ms) {
            Ok(()) => {}
            Err(TooMany::AtOnce) => return Err(Refused::InvalidSession),
            Err(TooMany::Today) => {
                world.replace_token(bot);
                self.end_all_of(bot, now_ms);
                return Err(Close::AUTHENTICATION_FAILED.into());
            }
        }
        let session_id = world.random_text(32).to_lowercase();
        Ok(Admitted {
            session_id,
            session,
        })
    }

    /// Answers RESUME: what was missed, then RESUMED.
    pub(crate) fn resume(&self, world: &World, resume: &Resume) -> Result<Opened, Refused> {
        let bot = bot_of(world, &resume.token)?;
        let now_ms = world.now_ms();
        let mut inner = self.lock();
        let session = inner
            .sessions
            .get_mut(&resume.session_id)
            .filter(|session| session.bot == bot && !session.is_expired(now_ms))
            .ok_or(Refused::InvalidSession)?;
        if resume.seq > session.sequence() {
            return Err(Close::INVALID_SEQUENCE.into());
        }
        let mut first = session
            .replay_after(resume.seq)
            .ok_or(Refused::InvalidSession)?;
        first.push(session.record("RESUMED", "{\"_trace\":[\"sandbox\"]}".into()));
        let (epoch, orders) = session.attach();
        Ok(Opened {
            session_id: resume.session_id.clone(),
            bot,
            epoch,
            orders,
            first,
        })
    }

    /// What connections may do.
    pub(crate) fn rules(&self) -> Rules {
        *self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes new limits into use.
    pub(crate) fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Counts a request for all members of a guild; answers how many milliseconds it comes too
    /// early.
    pub(crate) fn ask_for_all(&self, bot: Snowflake, guild: Snowflake, now_ms: u64) -> Option<u64> {
        let allowance = self.rules().all_members?;
        self.lock().asked.count((bot, guild), allowance, now_ms)
    }

    /// Ends every session of a bot whose token is no longer good.
    fn end_all_of(&self, bot: Snowflake, now_ms: u64) {
        let mut inner = self.lock();
        let ended = inner.sessions.extract_if(|_, session| session.bot == bot);
        for (_, mut session) in ended {
            session.order(now_ms, Order::Close(Close::AUTHENTICATION_FAILED));
        }
    }

    /// Notes that the connection of a session ended.
    pub(crate) fn detach(&self, session_id: &str, epoch: Epoch, now_ms: u64) {
        if let Some(session) = self.lock().sessions.get_mut(session_id) {
            session.detach(epoch, now_ms);
        }
    }

    /// Forgets a session; it cannot be resumed.
    pub(crate) fn forget(&self, session_id: &str) {
        self.lock().sessions.remove(session_id);
    }

    /// Sends one dispatch to one session, such as a chunk of members.
    pub(crate) fn send_to(
        &self,
        session_id: &str,
        now_ms: u64,
        kind: &'static str,
        data: &impl Serialize,
    ) {
        let data = serde_json::to_string(data).expect("what the world tells is JSON");
        let data = data.into();
        if let Some(session) = self.lock().sessions.get_mut(session_id) {
            session.push(now_ms, kind, data);
        }
    }

    /// Forgets sessions that nobody came back to; answers whose they were.
    pub(crate) fn expire(&self, now_ms: u64) -> Vec<Snowflake> {
        let mut inner = self.lock();
        let expired = inner
            .sessions
            .extract_if(|_, session| session.is_expired(now_ms));
        expired.map(|(_, session)| session.bot).collect()
    }

    /// Whether a bot has any session left, connected or not.
    pub(crate) fn has_session_of(&self, bot: Snowflake) -> bool {
        self.lock()
            .sessions
            .values()
            .any(|session| session.bot == bot)
    }

    /// The intents of a session.
    pub(crate) fn intents_of(&self, session_id: &str) -> u64 {
        self.lock()
            .sessions
            .get(session_id)
            .map_or(0, |session| session.intents)
    }

    /// Closes every connection with a code.
    pub(crate) fn close_all(&self, now_ms: u64, code: u16, resumable: Resumable) -> usize {
        self.order_all(now_ms, resumable, || Order::Close(Close::asked(code)))
    }

    /// Cuts every socket without a close frame.
    pub(crate) fn cut_all(&self, now_ms: u64, resumable: Resumable) -> usize {
        self.order_all(now_ms, resumable, || Order::Cut)
    }

    /// Op 7 to every connection.
    pub(crate) fn reconnect_all(&self, now_ms: u64) -> usize {
        self.order_all(now_ms, Resumable::Yes, || Order::Frame(frame::reconnect()))
    }

    /// Op 1 to every connection, which is to answer with a heartbeat.
    pub(crate) fn heartbeat_all(&self, now_ms: u64) -> usize {
        self.order_all(now_ms, Resumable::Yes, || Order::Frame(frame::heartbeat()))
    }

    /// Op 9 to every connection; not resumable unless said.
    pub(crate) fn invalidate_all(&self, now_ms: u64, resumable: Resumable) -> usize {
        self.order_all(now_ms, resumable, || Order::Invalidate(resumable))
    }

    /// Lets every present connection hang: nothing is sent any more.
    pub(crate) fn silence_all(&self, now_ms: u64) -> usize {
        self.order_all(now_ms, Resumable::Yes, || Order::Silence)
    }

    /// All sessions, for the control API.
    pub(crate) fn views(&self) -> Vec<SessionView> {
        let inner = self.lock();
        let mut views: Vec<_> = inner
            .sessions
            .iter()
            .map(|(id, session)| SessionView {
                session_id: id.clone(),
                bot_id: session.bot,
                intents: session.intents,
                shard: session.shard,
                seq: session.sequence(),
                connected: session.is_connected(),
            })
            .collect();
        views.sort_by(|a, b| a.session_id.cmp(&b.session_id));
        views
    }

    /// Gives an order to every connected session; answers how many there were.
    fn order_all(&self, now_ms: u64, resumable: Resumable, order: impl Fn() -> Order) -> usize {
        let mut inner = self.lock();
        let mut reached = 0;
        for session in inner
            .sessions
            .values_mut()
            .filter(|session| session.is_connected())
        {
            reached += 1;
            session.order(now_ms, order());
        }
        if resumable == Resumable::No {
            inner.sessions.clear();
        }
        reached
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Makes room, by forgetting sessions that nobody came back to; when there is still none, the
    /// one that has waited longest for its client.
    fn make_room(&mut self, now_ms: u64) -> Result<(), Refused> {
        self.sessions
            .retain(|_, session| !session.is_expired(now_ms));
        if self.sessions.len() < MAX_SESSIONS {
            return Ok(());
        }
        let waiting = self.sessions.iter();
        let waiting = waiting.filter_map(|(id, session)| Some((session.detached_at_ms()?, id)));
        let (_, longest) = waiting.min().ok_or(Close::RATE_LIMITED)?;
        let longest = longest.clone();
        self.sessions.remove(&longest);
        Ok(())
    }
}

fn bot_of(world: &World, token: &str) -> Result<Snowflake, Close> {
    let token = token.trim_start_matches("Bot ");
    let bot = world.bot_by_token(token);
    bot.ok_or(Close::AUTHENTICATION_FAILED)
}
