//! People who decide: presses and words come in through the journal and go to the gate, which counts
//! them. Here the two streets meet.
//!
//! Discord waits three seconds for a word about a press. Where the vote is counted sooner, the answer
//! says how; where journal or store are slow, Discord is told meanwhile that an answer follows.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gate::{Callback, Gate, Press, Pressed, Voter, VoterKind, Words};
use model::{
    Event, Millis, RoleId, UserId,
    approval::Approvals,
    interaction::{Interaction, InteractionId, Interactions, TOKEN_LIFE_MS},
    ledger::{EventFilter, Journal, StoreError},
};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Name of the cursor.
const LISTENER: &str = "approvals";
/// Presses whose token is kept; more push out the oldest, whose answer is lost, not their vote.
const PRESSES: usize = 1_000;
/// Presses between the Gateway and those who acknowledge.
const RINGS: usize = 1_000;
/// After this long a press is told that its answer follows. Discord waits three seconds.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Events that are read at a time.
const EVENTS: u32 = 100;
/// How far the cursor may lag while nothing that counts comes in.
const LAG: i64 = 500;
/// Pause after the store failed.
const AGAIN: Duration = Duration::from_secs(1);
/// Answers under way at once.
const ANSWERS: usize = 64;

/// Hears presses as they come in, and keeps how to answer them.
pub struct Bell {
    presses: Mutex<VecDeque<Arc<Callback>>>,
    rings: mpsc::Sender<Arc<Callback>>,
}

/// What [`attend`] takes from a [`Bell`].
pub struct Rings(mpsc::Receiver<Arc<Callback>>);

/// A bell for the ears, and its rings.
pub fn bell() -> (Arc<Bell>, Rings) {
    let (rings, heard) = mpsc::channel(RINGS);
    let bell = Bell {
        presses: Mutex::default(),
        rings,
    };
    (Arc::new(bell), Rings(heard))
}

impl Interactions for Bell {
    fn came(&self, interaction: Interaction) {
        // Others' buttons are others' to answer.
        if Pressed::read(&interaction.custom_id).is_none() {
            return;
        }
        let now = interaction.received_at;
        let press = Arc::new(Callback::new(interaction));
        let mut presses = self.presses.lock().unwrap_or_else(PoisonError::into_inner);
        presses.retain(|kept| fresh(kept, now));
        if presses.len() >= PRESSES {
            presses.pop_front();
        }
        presses.push_back(Arc::clone(&press));
        drop(presses);
        if self.rings.try_send(press).is_err() {
            tracing::warn!("too many presses at once: one may not be acknowledged in time");
        }
    }
}

impl Bell {
    /// How to answer a press; `None` after a restart, and where another instance heard it.
    fn take(&self, id: InteractionId) -> Option<Arc<Callback>> {
        let mut presses = self.presses.lock().unwrap_or_else(PoisonError::into_inner);
        let at = presses.iter().position(|kept| kept.interaction.id == id)?;
        presses.remove(at)
    }
}

fn fresh(press: &Callback, now: Millis) -> bool {
    now.saturating_sub(press.interaction.received_at) < TOKEN_LIFE_MS
}

/// What the listener works with.
pub struct People {
    pub gate: Gate,
    pub journal: Arc<dyn Journal>,
    pub approvals: Arc<dyn Approvals>,
    pub bell: Arc<Bell>,
}

/// Listen to people until `stop`.
pub async fn attend(people: People, rings: Rings, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let acknowledging = acknowledge(people.gate.clone(), rings, tasks.clone());
    let listening = people.listen(&tasks);
    let both = async { tokio::join!(acknowledging, listening) };
    stop.run_until_cancelled(both).await;
    // What was begun ends: each is one request with a time limit.
    tasks.close();
    tasks.wait().await;
}

/// Each press waits by itself, so that a slow one holds up no other.
async fn acknowledge(gate: Gate, mut rings: Rings, tasks: TaskTracker) {
    while let Some(press) = rings.0.recv().await {
        let gate = gate.clone();
        // Ends after one request.
        tasks.spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            gate.acknowledge(&press).await;
        });
    }
}

impl People {
    async fn listen(&self, tasks: &TaskTracker) {
        let slots = Arc::new(Semaphore::new(ANSWERS));
        let mut cursor = None;
        loop {
            match self.read_on(&mut cursor, tasks, &slots).await {
                Ok(grown_past) => self.journal.grown_past(grown_past).await,
                Err(error) => {
                    tracing::warn!(%error, "what people said is read again in a moment");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Read what is new. The cursor moves only past what was counted: after a crash it is read again,
    /// and counts once all the same.
    async fn read_on(
        &self,
        cursor: &mut Option<(i64, i64)>,
        tasks: &TaskTracker,
        slots: &Arc<Semaphore>,
    ) -> Result<i64, StoreError> {
        let filter = EventFilter {
            kinds: vec!["INTERACTION_CREATE".to_owned(), "MESSAGE_CREATE".to_owned()],
            ..EventFilter::default()
        };
        let (mut at, mut stored) = match *cursor {
            Some(known) => known,
            None => {
                let at = match self.approvals.cursor(LISTENER).await? {
                    Some(at) => at,
                    // The first time: what was said before anybody could ask counts nothing.
                    None => self.journal.latest().await?,
                };
                self.approvals.move_cursor(LISTENER, at).await?;
                (at, at)
            }
        };
        loop {
            // Asked first: what comes in between is then seen twice rather than never.
            let latest = self.journal.latest().await?;
            let events = self.journal.after(at, &filter, EVENTS).await?;
            let last = events.is_empty();
            let mut counted = false;
            for event in events {
                counted |= self.hear(&event, tasks, slots).await?;
                at = event.seq;
                *cursor = Some((at, stored));
            }
            if last {
                at = at.max(latest);
            }
            if counted || at - stored >= LAG {
                self.approvals.move_cursor(LISTENER, at).await?;
                stored = at;
            }
            *cursor = Some((at, stored));
            if last {
                return Ok(at);
            }
        }
    }

    /// Whether it was about an approval.
    async fn hear(
        &self,
        event: &Event,
        tasks: &TaskTracker,
        slots: &Arc<Semaphore>,
    ) -> Result<bool, StoreError> {
        let Ok(data) = serde_json::from_str::<Value>(event.data.get()) else {
            return Ok(false);
        };
        if event.kind == "MESSAGE_CREATE" {
            let Some(words) = self.words(event, &data).await else {
                return Ok(false);
            };
            return Ok(self.gate.heard(&words).await?.is_some());
        }
        let Some((id, press)) = press(event, &data) else {
            return Ok(false);
        };
        let said = self.gate.pressed(&press).await?;
        let Some(callback) = self.bell.take(id) else {
            return Ok(said.is_some());
        };
        // A button of nobody's is left to the deferred word, so that Discord shows no error.
        let Some(said) = said else { return Ok(false) };
        if let Ok(slot) = Arc::clone(slots).acquire_owned().await {
            let gate = self.gate.clone();
            // Ends after one request.
            tasks.spawn(async move {
                gate.answer_press(&callback, &said).await;
                drop(slot);
            });
        }
        Ok(true)
    }

    async fn words(&self, event: &Event, data: &Value) -> Option<Words> {
        let text = data["content"].as_str().filter(|text| !text.is_empty())?;
        // Most messages name no hash and end here, before anything is asked.
        let lower = text.to_lowercase();
        if !lower.contains("approve") && !lower.contains("deny") {
            return None;
        }
        let author = &data["author"];
        let machine = author["bot"] == true
            || author["system"] == true
            || data.get("webhook_id").is_some_and(|id| !id.is_null())
            || data.get("application_id").is_some_and(|id| !id.is_null());
        let bot = self.gate.bot().await.ok();
        let mentions = data["mentions"].as_array();
        let mentions_bot = bot.is_some_and(|bot| {
            let is_bot = |user: &Value| id(&user["id"]) == Some(bot);
            mentions.is_some_and(|mentions| mentions.iter().any(is_bot))
        });
        Some(Words {
            text: text.to_owned(),
            voter: voter(author, &data["member"], machine)?,
            channel: event.channel_id?,
            replies_to: id(&data["message_reference"]["message_id"]),
            mentions_bot,
        })
    }
}

/// A pressed button of an approval.
fn press(event: &Event, data: &Value) -> Option<(InteractionId, Press)> {
    let pressed = Pressed::read(data["data"]["custom_id"].as_str()?)?;
    let member = &data["member"];
    let user = if member.is_object() {
        &member["user"]
    } else {
        &data["user"]
    };
    let press = Press {
        pressed,
        voter: voter(user, member, user["bot"] == true)?,
        channel: event.channel_id,
        message: id(&data["message"]["id"]),
    };
    Some((id(&data["id"])?, press))
}

fn voter(user: &Value, member: &Value, machine: bool) -> Option<Voter> {
    let roles = member["roles"].as_array().into_iter().flatten();
    let user: UserId = id(&user["id"])?;
    Some(Voter {
        user,
        kind: if machine {
            VoterKind::Machine
        } else {
            VoterKind::Person
        },
        roles: roles
            .filter_map(id::<model::id::kind::Role>)
            .collect::<Vec<RoleId>>(),
    })
}

fn id<K>(value: &Value) -> Option<model::Id<K>> {
    value.as_str()?.parse().ok()
}
