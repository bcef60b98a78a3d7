//! What must survive, as ports: decisions, the outbox, keys, leases, the journal and drafts.
//!
//! An `Ok` from any of these means that the commit which carries it is on disk.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clock::Millis,
    decision::Stage,
    event::{Event, ResumePoint},
    id::{ChannelId, GuildId, UserId},
    kept::Keep,
    principal::{Principal, Scope},
    risk::Risk,
    workspace::{Role, WorkspaceId},
};

/// Why something could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the disk is full; nothing was stored")]
    DiskFull,
    #[error("the database cannot be used: {detail}")]
    Unavailable { detail: String },
    #[error("the queue of the database is full; try again")]
    Overloaded,
    #[error("a stored row cannot be read: {detail}")]
    Corrupt { detail: String },
}

// ---------------------------------------------------------------- decisions and the outbox

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A dry run: the plan was shown.
    Planned,
    /// A check said no.
    Refused,
    /// An outbox row was written; hands are at work.
    Started,
    Done,
    /// It broke, and nothing happened in Discord.
    Failed,
    /// It broke, and nobody knows whether it happened.
    Unknown,
    /// An idempotency key was seen again; the first answer was given again.
    Replayed,
    /// It waits for people.
    Waiting,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Refused => "refused",
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Replayed => "replayed",
            Self::Waiting => "waiting",
        }
    }
}

/// One row of the audit: who, for whom, what, which rule, which policy, outcome, how long.
/// It never holds content, tokens or arguments, only their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// UUIDv7 of the call; the same for all rows of one call.
    pub call_id: String,
    /// Whose chain it belongs to: the principal's workspace.
    #[serde(default)]
    pub workspace: WorkspaceId,
    pub at: Millis,
    pub principal: String,
    pub agent: Option<String>,
    /// `stdio`, `http`, `command_line`, `rest`, `discord`.
    pub origin: String,
    pub tool: String,
    pub risk: Option<Risk>,
    pub guild_id: Option<GuildId>,
    pub channel_id: Option<ChannelId>,
    /// Hex SHA-256 over tool and canonical arguments.
    pub digest: String,
    pub outcome: Outcome,
    /// The stage that refused, or the last one that ran.
    pub stage: Stage,
    /// The reason's code, `ok` when it went through.
    pub code: String,
    /// One sentence.
    pub reason: String,
    /// Names of the rules that decided.
    pub rules: Vec<String>,
    pub policy_version: String,
    pub duration_us: i64,
}

/// Which agent of which principal; the holder of a lease and the writer into a thread.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    pub principal: String,
    pub agent: Option<String>,
}

/// What a write commits before anything is sent, in one transaction.
#[derive(Debug, Clone)]
pub struct Intent {
    /// UUIDv7 of the outbox row.
    pub outbox_id: String,
    /// The request as JSON ([`crate::Request`]), so that a restart can finish it.
    pub request: Value,
    /// Whether sending it again is safe ([`crate::Request::may_be_repeated`]).
    pub repeatable: bool,
    pub idempotency: Option<IdempotencyClaim>,
    /// A confirmation token to use up; it works once.
    pub confirmation: Option<Spend>,
    /// The id of the approval that it carries out, which works once.
    pub approval: Option<String>,
    /// What is kept so that it can be taken back.
    pub keep: Option<Keep>,
    /// The channel or thread written to, and by whom: a lease held by another stops the write.
    pub lease: Option<(ChannelId, Holder)>,
    /// The audit row with outcome `started`.
    pub decision: Decision,
}

/// A caller's promise that retries carry the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// Keys of different principals never meet.
    pub principal: String,
    /// 1 to 128 characters.
    pub key: String,
    /// Digest of tool and canonical arguments: another body under the same key is refused.
    pub digest: String,
    /// When the key may be forgotten.
    pub expires_at: Millis,
}

/// A single-use token, known by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    pub token_digest: String,
    pub expires_at: Millis,
}

/// What happened to an [`Intent`].
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It is on disk; send it.
    Inserted {
        /// Fence of the caller's own lease on the thread, if it holds one.
        fence: Option<i64>,
    },
    /// This key has its answer already, byte for byte.
    Replay { response: String },
    /// The key was used with other arguments.
    OtherArguments,
    /// The first call with this key is still under way.
    InFlight,
    /// The confirmation was used before.
    AlreadyConfirmed,
    /// The approval is not granted, or was carried out before.
    NotGranted,
    /// What it would take back was taken back before, or is not known any more.
    NotUndoable,
    /// Another agent holds the thread.
    Leased { by: Holder, until: Millis },
}

/// How an outbox row ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    pub outbox_id: String,
    pub state: Sent,
    /// The image to keep in place of the one it was begun with.
    pub image: Option<Value>,
    /// The audit row of the end.
    pub decision: Decision,
}

/// The last state of an outbox row.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// Discord did it. `response` is what the caller got, kept for replays.
    Sent { response: String },
    /// It did not happen; the idempotency key is free again.
    Failed { reason: String },
    /// Nobody knows; the key stays taken and answers with this reason.
    Unknown { reason: String, response: String },
}

/// What a key that was seen before says, and where the first call with it acted.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// [`Begun::Replay`], [`Begun::OtherArguments`] or [`Begun::InFlight`].
    pub known: Begun,
    pub guild_id: Option<GuildId>,
    pub channel_id: Option<ChannelId>,
}

/// An outbox row that a crash left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    pub outbox_id: String,
    pub created_at: Millis,
    pub request: Value,
    pub repeatable: bool,
    /// The audit row with which it began.
    pub decision: Decision,
}

/// What [`Ledger::claim_unfinished`] found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claimed {
    /// Rows that are the caller's to finish now, oldest first.
    pub rows: Vec<Unfinished>,
    /// Whether others have unfinished rows that were not claimed. Those of a process that was just
    /// killed become free within [`INSTANCE_TTL_MS`].
    pub others_at_work: bool,
}

/// How long after its last sign of life an instance with unfinished rows counts as gone, in
/// milliseconds. An instance is one opening of a database, in whichever process.
pub const INSTANCE_TTL_MS: Millis = 4_000;

/// Decisions and the outbox. What [`Ledger::begin`] inserts is written before it is acted on.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Write one audit row.
    async fn record(&self, decision: Decision) -> Result<(), StoreError>;
    /// Claim key, token and thread, and insert outbox and audit rows: all or nothing.
    async fn begin(&self, intent: Intent) -> Result<Begun, StoreError>;
    /// Close an outbox row. Closing a closed row changes nothing.
    async fn finish(&self, finish: Finish) -> Result<(), StoreError>;
    /// What [`Ledger::begin`] would say of this key, without claiming anything; `None` where the
    /// key is free.
    async fn recall(&self, claim: &IdempotencyClaim) -> Result<Option<Recalled>, StoreError>;
    /// Take over rows that instances began which are gone, at most `limit`. Each row goes to one
    /// claimer. Rows that this instance began, or claimed before, are never among them.
    async fn claim_unfinished(&self, limit: u32) -> Result<Claimed, StoreError>;
    /// Audit rows with `seq > after`, oldest first, at most `limit`.
    async fn decisions(&self, after: i64, limit: u32) -> Result<Vec<(i64, Decision)>, StoreError>;
    /// Audit rows that fit, newest first, at most `limit`.
    async fn search(
        &self,
        filter: &DecisionFilter,
        limit: u32,
    ) -> Result<Vec<(i64, Decision)>, StoreError> {
        let mut fitting = Vec::new();
        let mut after = 0;
        loop {
            let page = self.decisions(after, limit.max(1)).await?;
            let Some((last, _)) = page.last() else {
                break;
            };
            after = *last;
            fitting.extend(page.into_iter().filter(|(seq, row)| filter.fits(*seq, row)));
        }
        fitting.reverse();
        fitting.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(fitting)
    }
}

/// Which audit rows are looked for; what is absent does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecisionFilter {
    /// Only rows with smaller numbers.
    pub before: Option<i64>,
    pub workspace: Option<WorkspaceId>,
    pub tool: Option<String>,
    pub outcome: Option<Outcome>,
    pub principal: Option<String>,
    pub guild_id: Option<GuildId>,
    pub call_id: Option<String>,
    /// From then on.
    pub since: Option<Millis>,
    /// Before then.
    pub until: Option<Millis>,
}

impl DecisionFilter {
    /// Whether a row is among them.
    pub fn fits(&self, seq: i64, row: &Decision) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, given: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == given)
        }
        self.before.is_none_or(|before| seq < before)
            && is(self.workspace.as_ref(), &row.workspace)
            && is(self.tool.as_ref(), &row.tool)
            && is(self.outcome.as_ref(), &row.outcome)
            && is(self.principal.as_ref(), &row.principal)
            && (self.guild_id.is_none() || self.guild_id == row.guild_id)
            && is(self.call_id.as_ref(), &row.call_id)
            && self.since.is_none_or(|since| row.at >= since)
            && self.until.is_none_or(|until| row.at < until)
    }
}

// ---------------------------------------------------------------- what was read

/// When conversations last read words that nobody vouches for.
#[async_trait]
pub trait Readings: Send + Sync {
    /// This reader read such words; an earlier time than the one that is known changes nothing.
    async fn note_read(&self, reader: &str, at: Millis) -> Result<(), StoreError>;
    /// When it last did.
    async fn last_read(&self, reader: &str) -> Result<Option<Millis>, StoreError>;
}

// ---------------------------------------------------------------- API keys

/// What is known about a key; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApiKey {
    /// Once in the whole service, so that `key:NAME` means one client in every workspace.
    pub name: String,
    pub workspace: WorkspaceId,
    pub role: Role,
    /// The person in Discord whose key it is, where that is known: they approve nothing that is
    /// asked for with it.
    pub user_id: Option<UserId>,
    pub scopes: Vec<Scope>,
    pub created_at: Millis,
    pub expires_at: Option<Millis>,
    pub revoked_at: Option<Millis>,
}

impl ApiKey {
    /// Its bearer.
    pub fn principal(self) -> Principal {
        Principal {
            workspace: self.workspace,
            role: self.role,
            ..Principal::api_key(&self.name, self.scopes)
        }
    }
}

/// Keys, stored as hashes.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Store the hash of `secret` under a new name, and the audit row of that, in one commit.
    /// `false` if the name is taken, and then neither is written.
    async fn create(
        &self,
        key: ApiKey,
        secret_digest: [u8; 32],
        record: Decision,
    ) -> Result<bool, StoreError>;
    /// Whose key has this hash (SHA-256 of the secret); `None` if unknown, revoked or expired.
    async fn find(
        &self,
        secret_digest: [u8; 32],
        now: Millis,
    ) -> Result<Option<Principal>, StoreError>;
    async fn list(&self) -> Result<Vec<ApiKey>, StoreError>;
    /// Revoke it and write the audit row of that, in one commit. `false` if there is no such key,
    /// and then neither is written.
    async fn revoke(&self, name: &str, now: Millis, record: Decision) -> Result<bool, StoreError>;
}

// ---------------------------------------------------------------- leases

/// Who may write into a thread, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub thread_id: ChannelId,
    pub holder: Holder,
    /// Rises with each acquisition by a new holder or after an expiry, never falls.
    pub fence: i64,
    pub until: Millis,
}

/// Leases on threads, with fences that only rise.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Take or extend the lease. `Err(lease)` is the lease of another holder.
    async fn acquire(
        &self,
        thread: ChannelId,
        holder: &Holder,
        ttl_ms: i64,
    ) -> Result<Result<Lease, Lease>, StoreError>;
    /// Give it back. `false` if this holder does not hold it.
    async fn release(&self, thread: ChannelId, holder: &Holder) -> Result<bool, StoreError>;
    /// The lease in force, if any.
    async fn current(&self, thread: ChannelId) -> Result<Option<Lease>, StoreError>;
}

// ---------------------------------------------------------------- journal

/// Which events to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Empty means all kinds.
    pub kinds: Vec<String>,
    pub guild_id: Option<GuildId>,
    pub channel_id: Option<ChannelId>,
}

/// Inbound events in order, with where to resume.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Append a batch with the resume point that covers it, in one commit. Gives the sequence
    /// number of the last event written (or the latest there is, for an empty batch).
    async fn append(
        &self,
        events: Vec<Event>,
        resume: Option<ResumePoint>,
    ) -> Result<i64, StoreError>;
    /// Events with `seq > after`, oldest first, at most `limit`.
    async fn after(
        &self,
        after: i64,
        filter: &EventFilter,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError>;
    /// The latest sequence number, 0 when empty.
    async fn latest(&self) -> Result<i64, StoreError>;
    /// Returns when the journal has grown past `seq`; may return early. Safe to drop.
    async fn grown_past(&self, seq: i64);
    async fn resume_point(&self, shard: u32) -> Result<Option<ResumePoint>, StoreError>;
    /// Forget the resume point of a shard, because Discord refused it.
    async fn forget_resume_point(&self, shard: u32) -> Result<(), StoreError>;
    /// Note an IDENTIFY at `at`; gives how many there were in the 24 h before and including it.
    async fn note_identify(&self, at: Millis) -> Result<u32, StoreError>;
}

// ---------------------------------------------------------------- drafts

/// An automation that someone proposed and nobody has enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// UUIDv7.
    pub id: String,
    pub guild_id: GuildId,
    pub name: String,
    /// When it would act, in words.
    pub trigger: String,
    /// What it would do, in words.
    pub action: String,
    pub channel_id: Option<ChannelId>,
    pub drafted_by: String,
    pub created_at: Millis,
}

/// Drafts of automations.
#[async_trait]
pub trait Drafts: Send + Sync {
    async fn save(&self, draft: Draft) -> Result<(), StoreError>;
    async fn of_guild(&self, guild: GuildId, limit: u32) -> Result<Vec<Draft>, StoreError>;
}
