//! `discord_wait_for_message`: the journal says that something came, the gate reads it. Without a
//! Gateway connection the channel is looked at from time to time. Dropping it leaves nothing
//! behind.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use catalogue::View;
use gate::{Answer, Declined, Flow, FlowContext, Gate, Retry};
use model::{
    ChannelId, MessageId, Mode, UserId,
    ledger::{EventFilter, Journal, StoreError},
};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{Hearing, trouble};

/// How often to look while nothing is heard.
const DEAF: Duration = Duration::from_secs(2);
/// How often to look all the same while the Gateway is connected: an event may be lost.
const HEARING: Duration = Duration::from_secs(30);
/// Messages that one look takes; Discord's most.
const LOOK: u64 = 100;
/// Events that are skipped at a time.
const EVENTS: u32 = 100;
/// Everything in a message may be somebody's words.
const UNTRUSTED: &[&str] = &["message"];

/// The flow.
pub(crate) struct Wait {
    journal: Arc<dyn Journal>,
    hearing: Hearing,
}

struct Wish {
    channel: ChannelId,
    author: Option<UserId>,
    contains: Option<String>,
    /// The bot's own messages do not count, unless they are asked for.
    own: Option<UserId>,
}

#[async_trait]
impl Flow for Wait {
    async fn run(&self, gate: &Gate, call: &FlowContext) -> Result<View, Declined> {
        let seconds = u64::from(trouble::seconds(call, "timeout")?);
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let wish = Wish::of(gate, call).await?;
        // Taken before the first look, so that nothing falls between the two.
        let mut cursor = self.latest(call).await?;
        let mut newest = match call.arguments.get("after") {
            Some(_) => trouble::id(call, "after")?,
            None => latest_message(gate, call, wish.channel).await?,
        };
        loop {
            for message in messages_after(gate, call, wish.channel, newest).await? {
                newest = id_of(&message).map_or(newest, |id| newest.max(id));
                if wish.fits(&message) {
                    return Ok(received(&message, cursor));
                }
            }
            let hearing = (self.hearing)();
            let pause = if hearing { HEARING } else { DEAF };
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => {
                    return Ok(timed_out(seconds, newest, cursor));
                }
                () = tokio::time::sleep(pause) => {}
                heard = self.heard(wish.channel, &mut cursor), if hearing => {
                    heard.map_err(|error| trouble::store(call, &error))?;
                }
            }
        }
    }
}

impl Wait {
    pub(crate) fn new(journal: Arc<dyn Journal>, hearing: Hearing) -> Self {
        Self { journal, hearing }
    }

    async fn latest(&self, call: &FlowContext) -> Result<i64, Declined> {
        let latest = self.journal.latest().await;
        latest.map_err(|error| trouble::store(call, &error))
    }

    /// Returns when the journal holds a new message of this channel.
    async fn heard(&self, channel: ChannelId, cursor: &mut i64) -> Result<(), StoreError> {
        let filter = EventFilter {
            kinds: vec!["MESSAGE_CREATE".to_owned()],
            guild_id: None,
            channel_id: Some(channel),
        };
        loop {
            // Asked first: what comes in between is then seen twice rather than never.
            let latest = self.journal.latest().await?;
            let events = self.journal.after(*cursor, &filter, EVENTS).await?;
            if let Some(last) = events.last() {
                *cursor = last.seq;
                return Ok(());
            }
            *cursor = latest.max(*cursor);
            self.journal.grown_past(*cursor).await;
        }
    }
}

impl Wish {
    async fn of(gate: &Gate, call: &FlowContext) -> Result<Self, Declined> {
        let author = match call.arguments.get("author_id") {
            Some(_) => Some(trouble::id(call, "author_id")?),
            None => None,
        };
        let own = match author {
            Some(_) => None,
            // Without this fact, too much is shown rather than too little.
            None => gate.bot().await.ok(),
        };
        let contains = call.arguments.get("contains").and_then(Value::as_str);
        Ok(Self {
            channel: trouble::id(call, "channel_id")?,
            author,
            contains: contains.map(str::to_lowercase),
            own,
        })
    }

    fn fits(&self, message: &Value) -> bool {
        let author: Option<UserId> = message["author"]["id"]
            .as_str()
            .and_then(|id| id.parse().ok());
        if self.own.is_some() && author == self.own {
            return false;
        }
        if self.author.is_some() && author != self.author {
            return false;
        }
        let content = message["content"].as_str().unwrap_or_default();
        self.contains
            .as_ref()
            .is_none_or(|wanted| content.to_lowercase().contains(wanted))
    }
}

/// The newest message there is; an id older than all messages where there is none.
async fn latest_message(
    gate: &Gate,
    call: &FlowContext,
    channel: ChannelId,
) -> Result<MessageId, Declined> {
    let arguments = [("limit", json!(1))];
    let found = read(gate, call, channel, arguments).await?;
    let newest = found.first().and_then(id_of);
    Ok(newest.unwrap_or_else(|| MessageId::new(1).expect("one is an id")))
}

/// What is newer, oldest first. A passing trouble is the same as nothing new.
async fn messages_after(
    gate: &Gate,
    call: &FlowContext,
    channel: ChannelId,
    after: MessageId,
) -> Result<Vec<Value>, Declined> {
    let arguments = [("after", json!(after)), ("limit", json!(LOOK))];
    let mut found = match read(gate, call, channel, arguments).await {
        Err(Declined::Failed(failure)) if matches!(failure.retry, Retry::After(_)) => Vec::new(),
        other => other?,
    };
    found.sort_by_key(id_of);
    Ok(found)
}

async fn read<const N: usize>(
    gate: &Gate,
    call: &FlowContext,
    channel: ChannelId,
    arguments: [(&str, Value); N],
) -> Result<Vec<Value>, Declined> {
    let mut map: Map<String, Value> = arguments
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    map.insert("channel_id".to_owned(), json!(channel));
    let mut step = call.step("discord_get_messages", map, Mode::Default);
    // Reading takes no agent's name.
    step.agent = None;
    match gate.call(step).await? {
        Answer::Done(mut done) => match done.view.value["messages"].take() {
            Value::Array(messages) => Ok(messages),
            _ => Ok(Vec::new()),
        },
        Answer::Planned(_) | Answer::Waiting(_) => Ok(Vec::new()),
    }
}

fn id_of(message: &Value) -> Option<MessageId> {
    message["id"].as_str()?.parse().ok()
}

fn received(message: &Value, cursor: i64) -> View {
    View {
        value: json!({ "received": true, "message": message, "cursor": cursor }),
        untrusted: UNTRUSTED,
    }
}

fn timed_out(seconds: u64, newest: MessageId, cursor: i64) -> View {
    View {
        value: json!({
            "received": false,
            "timed_out": true,
            "waited_seconds": seconds,
            "after": newest,
            "cursor": cursor,
        }),
        untrusted: &[],
    }
}
