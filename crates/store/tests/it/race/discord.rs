//! A Discord small enough to count in: messages, nonces, buttons, and answers that get lost.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use gate::Permit;
use model::{
    ChannelId, GuildId, Hands, HandsError, Id, Permissions, Permitted as _, Place, Request,
    Response, Surroundings, UserId, WebhookId,
    hands::Errand,
    place::{Aim, Lack, Subject},
};
use serde_json::{Value, json};

/// Where the agent writes, where people are asked, and where they are asked later.
pub(super) const SQUARE: u64 = 10;
pub(super) const BENCH: u64 = 20;
pub(super) const LATER_BENCH: u64 = 21;
const GUILD: u64 = 1;
const BOT: u64 = 99;

#[derive(Default)]
pub(super) struct Discord {
    state: Mutex<State>,
    /// The bot may not write where people are asked.
    pub(super) closed: AtomicBool,
    /// The bot may not write in the square.
    pub(super) silenced: AtomicBool,
    /// The next message in the square is sent, and its answer is lost.
    pub(super) loses_answer: AtomicBool,
}

#[derive(Default)]
struct State {
    last: u64,
    messages: BTreeMap<u64, (u64, Value)>,
    nonces: HashMap<String, u64>,
}

impl Discord {
    /// How often this was said in the square.
    pub(super) fn said(&self, content: &str) -> usize {
        let state = self.state.lock().unwrap();
        let said =
            |(channel, body): &&(u64, Value)| *channel == SQUARE && body["content"] == content;
        state.messages.values().filter(said).count()
    }

    /// Messages that asked about this approval, as they are now: id, channel, body.
    pub(super) fn questions(&self, approval: &str) -> Vec<(u64, u64, Value)> {
        let state = self.state.lock().unwrap();
        let asks = state
            .messages
            .iter()
            .filter(|(_, (_, body))| body["asked"] == approval);
        asks.map(|(id, (channel, body))| (*id, *channel, body.clone()))
            .collect()
    }

    /// What no run needs any more.
    pub(super) fn forget(&self) {
        let mut state = self.state.lock().unwrap();
        state.messages.clear();
        state.nonces.clear();
    }

    fn post(&self, channel: u64, mut body: Value) -> Value {
        let mut state = self.state.lock().unwrap();
        if body["enforce_nonce"] == true
            && let Some(known) = body["nonce"].as_str().and_then(|it| state.nonces.get(it))
        {
            return json!({ "id": known.to_string(), "channel_id": channel.to_string() });
        }
        state.last += 1;
        let id = 1_000 + state.last;
        if let Some(nonce) = body["nonce"].as_str() {
            let nonce = nonce.to_owned();
            state.nonces.insert(nonce, id);
        }
        // Edits take the buttons away; who asked, and with which, stays known.
        let buttons = body.pointer("/components/0/components");
        let buttons = buttons.cloned().unwrap_or_default();
        if let Some(id) = buttons[0]["custom_id"]
            .as_str()
            .and_then(|it| it.split('.').nth(1))
        {
            body["asked"] = json!(id);
            body["buttons"] = buttons;
        }
        state.messages.insert(id, (channel, body));
        json!({ "id": id.to_string(), "channel_id": channel.to_string() })
    }

    fn edit(&self, id: u64, change: &Value) {
        let mut state = self.state.lock().unwrap();
        let Some((_, body)) = state.messages.get_mut(&id) else {
            return;
        };
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
    }
}

#[async_trait]
impl Hands<Permit> for Discord {
    async fn read(&self, _: &Request, _: &Errand) -> Result<Response, HandsError> {
        Ok(Response {
            status: 200,
            body: json!({}),
        })
    }

    async fn write(&self, permit: &Permit, _: &Errand) -> Result<Response, HandsError> {
        let request = permit.request();
        let id = |name: &str| request.path.parameter(name).and_then(|it| it.parse().ok());
        let body = request.body.json().cloned().unwrap_or_default();
        let channel: u64 = id("channel_id").unwrap();
        let answer = match id("message_id") {
            Some(message) => {
                self.edit(message, &body);
                json!({ "id": message.to_string() })
            }
            None => self.post(channel, body),
        };
        if channel == SQUARE && self.loses_answer.swap(false, Ordering::SeqCst) {
            let detail = "the line went dead".to_owned();
            return Err(HandsError::OutcomeUnknown { detail });
        }
        Ok(Response {
            status: 200,
            body: answer,
        })
    }
}

fn guild() -> GuildId {
    Id::new(GUILD).unwrap()
}

#[async_trait]
impl Surroundings for Discord {
    async fn bot(&self) -> Result<UserId, HandsError> {
        Ok(Id::new(BOT).unwrap())
    }

    async fn is_member_of(&self, asked: GuildId) -> Result<bool, HandsError> {
        Ok(asked == guild())
    }

    async fn channel(&self, channel: ChannelId) -> Result<Option<Place>, HandsError> {
        Ok(Some(Place {
            guild_id: Some(guild()),
            channel_id: Some(channel),
            parent_id: None,
            is_thread: false,
        }))
    }

    async fn webhook(&self, _: WebhookId) -> Result<Option<Place>, HandsError> {
        Ok(None)
    }

    async fn invite(&self, _: &str) -> Result<Option<Place>, HandsError> {
        Ok(None)
    }

    async fn lacks(
        &self,
        subject: Subject,
        _: GuildId,
        channel: Option<ChannelId>,
        needs: Permissions,
    ) -> Result<Vec<Lack>, HandsError> {
        let closed = match channel.map(Id::get) {
            Some(SQUARE) => &self.silenced,
            _ => &self.closed,
        };
        if subject != Subject::Bot || !closed.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }
        let lack = |permission| Lack {
            permission,
            because: "somebody closed the channel".to_owned(),
            remedy: "open it".to_owned(),
        };
        Ok(needs.names().into_iter().map(lack).collect())
    }

    async fn outranked(&self, _: Subject, _: GuildId, _: Aim) -> Result<Option<Lack>, HandsError> {
        Ok(None)
    }

    fn forget(&self, _: GuildId) {}
}
