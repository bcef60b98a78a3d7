//! Approvals: a call that waits for people, what they said, and what has become of it; and the port
//! that keeps them.
//!
//! How one state follows another is the gate's to say (`gate::approval`); the store keeps what it
//! is given, and lets nobody overwrite what they have not seen.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    call::Origin,
    clock::Millis,
    id::{ChannelId, GuildId, MessageId, RoleId, UserId},
    ledger::{Decision, StoreError},
    principal::Principal,
    risk::Risk,
};

/// Where an approval is. From `Refused` on nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Written down; its message is on the way.
    Posting,
    /// People can decide.
    Pending,
    /// People said yes; it has not begun.
    Granted,
    /// Its outbox row is written; hands are at work.
    Executing,
    /// Carried out.
    Done,
    /// Granted, and not carried out. Nothing happened in Discord.
    Failed,
    /// Granted and begun, and nobody knows whether it happened.
    Unknown,
    /// A person said no.
    Refused,
    /// Nobody decided in time, which means no.
    Expired,
    /// Taken back, or never posted.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Posting,
        Self::Pending,
        Self::Granted,
        Self::Executing,
        Self::Done,
        Self::Failed,
        Self::Unknown,
        Self::Refused,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The state's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Posting => "posting",
            Self::Pending => "pending",
            Self::Granted => "granted",
            Self::Executing => "executing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Read a state's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether something can still follow.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::Posting | Self::Pending | Self::Granted | Self::Executing
        )
    }
}

/// One call that waits for people.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// UUIDv7.
    pub id: String,
    /// Rises with each change; whoever saw an older one cannot overwrite.
    pub revision: i64,
    pub state: State,
    pub call: HeldCall,
    pub terms: Terms,
    pub posts: Vec<Post>,
    /// In the order in which they came, one for each person at most.
    pub votes: Vec<Vote>,
    /// What the buttons carry; 128 random bits as text.
    pub button: String,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub reminded_at: Option<Millis>,
    pub escalated_at: Option<Millis>,
    pub granted_at: Option<Millis>,
    /// When it came to its last state.
    pub ended_at: Option<Millis>,
    /// Why it ended as it did, in one sentence.
    pub reason: Option<String>,
    /// The outbox row that carries it out.
    pub outbox_id: Option<String>,
    /// When the asker got its end.
    pub collected_at: Option<Millis>,
    /// When somebody should look at it again; `None` where nobody need.
    pub look_at: Option<Millis>,
    /// What the call gave, as the outbox keeps it for replays. Kept apart and for a day.
    #[serde(skip)]
    pub response: Option<String>,
}

/// Arguments and lines may hold people's words, so they are not shown.
impl std::fmt::Debug for Approval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Approval")
            .field("id", &self.id)
            .field("revision", &self.revision)
            .field("state", &self.state)
            .field("tool", &self.call.tool)
            .field("votes", &self.votes.len())
            .finish_non_exhaustive()
    }
}

/// The call as it was asked for, so that it can be carried out later.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldCall {
    /// UUIDv7, in all audit rows of this call.
    pub call_id: String,
    pub principal: Principal,
    /// Whose it is: the principal, and the Discord user it asked for.
    pub confirmer: String,
    pub agent: Option<String>,
    pub session: Option<String>,
    pub origin: Origin,
    pub tool: String,
    pub risk: Risk,
    /// Validated; `None` once nobody needs them.
    pub arguments: Option<Map<String, Value>>,
    /// Hex digest of tool and canonical arguments.
    pub digest: String,
    pub idempotency_key: Option<String>,
    /// Hex digest of the request and its change against live state.
    pub fingerprint: String,
    /// When that plan was made.
    pub planned_at: Millis,
    pub policy_version: String,
    pub guild_id: Option<GuildId>,
    pub channel_id: Option<ChannelId>,
    /// People who stand behind the call, and so cannot approve it.
    pub requesters: Vec<UserId>,
    /// `DELETE /channels/42`, without tokens.
    pub request: String,
    /// What would change, one line each. Emptied with the arguments.
    pub change: Vec<String>,
    /// The calls that are carried out together, where there are several: a few lines for each.
    /// Emptied with the arguments.
    #[serde(default)]
    pub steps: Vec<String>,
    /// The agent's reason, in its own words.
    pub reason: Option<String>,
    pub reversible: bool,
}

impl HeldCall {
    /// Whether it only reads. What it reads is for whoever asked alone and is not kept, so they come
    /// back for it once people have agreed.
    pub fn is_fetched(&self) -> bool {
        self.risk == Risk::Read
    }
}

/// What the policy asked for, as it stood when the call was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Name of the approval in the policy.
    pub name: String,
    /// How many different people must say yes.
    pub quorum: u32,
    pub panel: Panel,
    /// When to remind, if nobody has decided.
    pub remind_at: Option<Millis>,
    pub escalation: Option<Escalation>,
    /// Others that must be satisfied as well, where the policy asks several times about one whole.
    #[serde(default)]
    pub also: Vec<Demand>,
}

/// One more entry of the policy that must be satisfied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Name of the approval in the policy.
    pub name: String,
    /// How many different people of its own must say yes.
    pub quorum: u32,
    pub panel: Panel,
    /// Who may decide for it as well, once the approval is escalated.
    pub later: Option<Panel>,
}

/// Who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Panel {
    pub roles: BTreeSet<RoleId>,
    pub users: BTreeSet<UserId>,
}

/// Who may decide as well, if nobody has by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    pub at: Millis,
    pub panel: Panel,
    pub to: Vec<Address>,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    Channel(ChannelId),
    /// Their direct messages.
    User(UserId),
}

/// One message that asks, sent or about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub to: Address,
    /// Known once it is sent, as is the message.
    pub channel_id: Option<ChannelId>,
    pub message_id: Option<MessageId>,
    pub created_at: Millis,
    /// The state that the message shows.
    pub shown: Option<State>,
    /// How many votes it shows.
    pub shown_votes: usize,
    /// How often sending or editing it went wrong.
    pub failures: u32,
}

/// What one person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    pub user: UserId,
    pub choice: Choice,
    pub via: Via,
    pub at: Millis,
    /// Names of the entries of the policy for which it counts: those whose people include the voter.
    #[serde(default)]
    pub counts_for: BTreeSet<String>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    Approve,
    Deny,
}

impl Choice {
    /// The word that buttons and texts carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// How it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Button,
    Text,
}

/// How many approvals may be open at once. More are refused, not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Of one principal.
    pub each: u32,
    /// Of all together.
    pub all: u32,
}

/// What became of [`Approvals::open`].
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    Inserted,
    /// The same call waits already.
    Known(Box<Approval>),
    /// There is no room for more.
    Full,
}

/// Which approvals to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    pub state: Option<State>,
    pub principal: Option<String>,
}

/// Approvals, and how far listeners have read.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// Insert a new one, unless the same call (confirmer, digest, key) waits already or there is no
    /// room.
    async fn open(&self, approval: Approval, room: Room) -> Result<Opened, StoreError>;
    async fn approval(&self, id: &str) -> Result<Option<Approval>, StoreError>;
    /// The latest of this call.
    async fn latest_approval(
        &self,
        confirmer: &str,
        digest: &str,
        key: Option<&str>,
    ) -> Result<Option<Approval>, StoreError>;
    /// Store a changed approval with an audit row, if nobody changed it since: `approval.revision`
    /// is the one that was read. `false` where somebody did, and nothing was written.
    async fn replace(
        &self,
        approval: Approval,
        decision: Option<Decision>,
    ) -> Result<bool, StoreError>;
    /// Those that somebody should look at by now, the longest due first.
    async fn due_approvals(&self, now: Millis, limit: u32) -> Result<Vec<Approval>, StoreError>;
    /// The newest first.
    async fn list_approvals(
        &self,
        filter: &ApprovalFilter,
        limit: u32,
    ) -> Result<Vec<Approval>, StoreError>;
    /// How far a listener has read the journal; `None` before its first time.
    async fn cursor(&self, listener: &str) -> Result<Option<i64>, StoreError>;
    /// It has read so far. Never goes back.
    async fn move_cursor(&self, listener: &str, seq: i64) -> Result<(), StoreError>;
}
