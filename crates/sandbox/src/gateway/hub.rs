//! All sessions of the Gateway: opens, resumes and forgets them, and gives each the dispatches
//! that it may see. Called while the world is locked, so it never blocks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::close::Close;
use super::command::{Identify, Resume};
use super::content;
use super::frame::{self, Resumable};
use super::session::{Epoch, Order, Session};
use super::threads;
use crate::snowflake::Snowflake;
use crate::world::intents::{self, GUILDS, MESSAGE_CONTENT, PRIVILEGED};
use crate::world::{Dispatch, DispatchSink, World};

/// Sessions kept at once; beyond this, IDENTIFY is refused.
const MAX_SESSIONS: usize = 200;

/// Every intent that Discord documents.
const KNOWN_INTENTS: u64 = ((1 << 17) - 1)
    | intents::AUTO_MODERATION_CONFIGURATION
    | intents::AUTO_MODERATION_EXECUTION
    | intents::GUILD_MESSAGE_POLLS
    | intents::DIRECT_MESSAGE_POLLS;

/// The sessions, behind one lock that is taken after the world's, never before.
#[derive(Default)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<String, Session>,
}

/// A session that a connection now carries.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) session_id: String,
    pub(crate) bot: Snowflake,
    pub(crate) epoch: Epoch,
    pub(crate) orders: mpsc::Receiver<Order>,
    /// To be sent before anything that comes as an order.
    pub(crate) first: Vec<Utf8Bytes>,
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
    pub(crate) fn identify(
        &self,
        world: &mut World,
        identify: &Identify,
    ) -> Result<Opened, Refused> {
        let now_ms = world.now_ms();
        let token = identify.token.trim_start_matches("Bot ");
        let bot = world
            .bot_by_token(token)
            .ok_or(Close::AUTHENTICATION_FAILED)?;
        let asked = checked_intents(world, bot, identify.intents)?;
        let shard = identify.shard.unwrap_or((0, 1));
        if shard.1 == 0 || shard.0 >= shard.1 {
            return Err(Close::INVALID_SHARD.into());
        }
        world.session_starts.admit(bot, now_ms)?;
        let session_id = world.random_text(32).to_lowercase();
        let mut inner = self.lock();
        inner.make_room(now_ms)?;
        let mut session = Session::new(bot, asked, shard);
        let first = greet(world, &session_id, &mut session);
        let (epoch, orders) = session.attach();
        inner.sessions.insert(session_id.clone(), session);
        Ok(Opened {
            session_id,
            bot,
            epoch,
            orders,
            first,
        })
    }

    /// Answers RESUME: what was missed, then RESUMED.
    pub(crate) fn resume(&self, world: &World, resume: &Resume) -> Result<Opened, Refused> {
        let token = resume.token.trim_start_matches("Bot ");
        let bot = world
            .bot_by_token(token)
            .ok_or(Close::AUTHENTICATION_FAILED)?;
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
        first.push(session.record("RESUMED", "{\"_trace\":[\"sandbox\"]}"));
        let (epoch, orders) = session.attach();
        Ok(Opened {
            session_id: resume.session_id.clone(),
            bot,
            epoch,
            orders,
            first,
        })
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
    pub(crate) fn send_to(&self, session_id: &str, now_ms: u64, kind: &str, data: &Value) {
        if let Some(session) = self.lock().sessions.get_mut(session_id) {
            session.push(now_ms, kind, &data.to_string());
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

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Makes room, by forgetting sessions that nobody came back to.
    fn make_room(&mut self, now_ms: u64) -> Result<(), Refused> {
        self.sessions
            .retain(|_, session| !session.is_expired(now_ms));
        if self.sessions.len() >= MAX_SESSIONS {
            Err(Close::RATE_LIMITED.into())
        } else {
            Ok(())
        }
    }
}

impl DispatchSink for Hub {
    fn deliver(&self, world: &World, dispatches: &[Dispatch]) {
        let now_ms = world.now_ms();
        let mut inner = self.lock();
        for dispatch in dispatches {
            let mut whole = None;
            for session in inner.sessions.values_mut() {
                let meant = session.wants(dispatch)
                    && threads::may_hear(dispatch, session.intents, session.bot)
                    && world.audience_includes(&dispatch.audience, session.bot);
                if !meant {
                    continue;
                }
                if let Some(data) = rendered_for(world, dispatch, session) {
                    session.push(now_ms, dispatch.kind, &data);
                } else {
                    let data = whole.get_or_insert_with(|| dispatch.data.to_string());
                    session.push(now_ms, dispatch.kind, data);
                }
            }
        }
    }
}

/// The data as this session alone sees it; `None` where everybody sees the same.
fn rendered_for(world: &World, dispatch: &Dispatch, session: &Session) -> Option<String> {
    if dispatch.kind == "GUILD_CREATE" {
        let guild = dispatch.data.get("id")?.as_str()?.parse().ok()?;
        let payload = world.guild_create_payload(guild, session.bot, session.intents)?;
        return Some(payload.to_string());
    }
    if let Some(thread) = threads::own_copy(world, dispatch, session.bot) {
        return Some(thread.to_string());
    }
    if content::carries_message(dispatch.kind) && session.intents & MESSAGE_CONTENT == 0 {
        return content::withheld(&dispatch.data, session.bot).map(|message| message.to_string());
    }
    None
}

fn checked_intents(world: &World, bot: Snowflake, asked: Option<u64>) -> Result<u64, Close> {
    let asked = asked.ok_or(Close::INVALID_INTENTS)?;
    if asked & !KNOWN_INTENTS != 0 {
        return Err(Close::INVALID_INTENTS);
    }
    if asked & PRIVILEGED & !world.privileged_intents_allowed(bot) != 0 {
        return Err(Close::DISALLOWED_INTENTS);
    }
    Ok(asked)
}

/// READY and the GUILD_CREATEs.
fn greet(world: &World, session_id: &str, session: &mut Session) -> Vec<Utf8Bytes> {
    let guilds: Vec<Snowflake> = world
        .guilds_of(session.bot)
        .into_iter()
        .filter(|guild| session.has_guild(*guild))
        .collect();
    let stubs: Vec<Value> = guilds
        .iter()
        .map(|guild| json!({ "id": guild, "unavailable": true }))
        .collect();
    let ready = json!({
        "v": 10,
        "user": world.own_user_payload(session.bot),
        "guilds": stubs,
        "session_id": session_id,
        "session_type": "normal",
        "resume_gateway_url": world.addresses().gateway,
        "shard": [session.shard.0, session.shard.1],
        "application": world
            .application_of(session.bot)
            .map(|application| json!({ "id": application.id, "flags": application.flags })),
        "user_settings": {},
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": [],
        "_trace": ["sandbox"],
    });
    let mut frames = vec![session.record("READY", &ready.to_string())];
    if session.intents & GUILDS == 0 {
        return frames;
    }
    for guild in guilds {
        if let Some(payload) = world.guild_create_payload(guild, session.bot, session.intents) {
            frames.push(session.record("GUILD_CREATE", &payload.to_string()));
        }
    }
    frames
}
