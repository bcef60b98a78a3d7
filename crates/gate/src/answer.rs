//! What a call comes back as: done, planned, refused or failed. Doors translate these and add
//! nothing; refusals (we said no) and failures (something broke) never mix.

use std::{borrow::Cow, collections::BTreeMap};

use catalogue::{Change, Undo, View};
use model::{Check, Millis, Reason, Risk, Stage, forecast::Forecast};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::{AskPreview, Waiting};

/// A call that went well.
#[derive(Debug, Clone)]
pub enum Answer {
    Done(Done),
    /// Nothing was done; this is what would be.
    Planned(Box<Plan>),
    /// Nothing was done yet; people were asked.
    Waiting(Box<Waiting>),
}

/// It was carried out.
#[derive(Debug, Clone)]
pub struct Done {
    /// UUIDv7, also in the audit.
    pub call_id: String,
    /// The compact result, with the paths that hold Discord users' words.
    pub view: View,
    /// The idempotency key had its answer already, and nothing was sent again.
    pub replayed: bool,
}

/// A call that did not go through.
#[derive(Debug, Clone)]
pub enum Declined {
    /// We said no. Normal, coded, with a hint; nothing happened.
    Refused(Box<Refusal>),
    /// Something broke.
    Failed(Box<Failure>),
}

/// We said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub call_id: String,
    /// The check that refused; `None` where the call could not even be read (an unknown tool or
    /// argument).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    pub reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The limit that is used up, where the seventh check refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitHit>,
    /// What the checks said, up to and including the one that refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// A limit of calls a minute that is used up, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitHit {
    /// `principal`, `user`, `channel`, `guild` or `tool`.
    pub whose: &'static str,
    /// Its name or Discord id.
    pub id: String,
    /// Calls of this risk are counted.
    pub risk: Risk,
    pub calls_per_minute: u32,
    /// The rule, or the key of `[policy.rates]`, that says so; none for a default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Something broke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub call_id: String,
    /// For programs, `snake_case`, stable: `discord_unreachable`.
    pub code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    pub retry: Retry,
}

/// Whether the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It would fail again.
    No,
    /// Nothing happened; try again after this many milliseconds.
    After(u64),
    /// It may have happened: look before trying again.
    Unknown,
}

/// What would be done, shown before it is done.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub call_id: String,
    pub tool: String,
    pub risk: Risk,
    /// What would be sent. `None` for a flow, whose steps are calls of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestPreview>,
    /// Against live state; `None` where nothing changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// All eight; the last one says that it has not run.
    pub checks: Vec<Check>,
    pub cost: Cost,
    /// Whether [`undo`](field@Self::undo) brings everything back.
    pub reversible: bool,
    /// Whether and how it can be undone; `None` where nothing changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoNote>,
    /// The calls that are carried out together, in order, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepPlan>,
    /// The call that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taking_back: Option<TakingBack>,
    /// One sentence on how to carry it out.
    pub how_to_run: String,
    /// The people who would be asked before it is carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<AskPreview>,
    /// A digest of all that it would do and change, what may not be shown included. A whole is
    /// bound to those of its steps; zeros where it can be none.
    #[serde(skip)]
    pub known_by: [u8; 32],
    /// What proves that this plan was seen; destructive tools run only with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmToken>,
}

impl Plan {
    /// Where it holds words of others: paths from its root, as in a [`View`]. Every door marks these
    /// and no door thinks of its own.
    pub fn untrusted(&self) -> Vec<Cow<'static, str>> {
        let of_change = |change: &Change| -> Vec<Cow<'static, str>> {
            let paths = change.untrusted.iter();
            paths.map(|path| format!("change.{path}").into()).collect()
        };
        let mut paths = self.change.as_ref().map_or_else(Vec::new, of_change);
        if !self.steps.is_empty() {
            paths.push("steps[].change".into());
        }
        if let Some(taking_back) = &self.taking_back {
            // What was there before is sent again, whoever wrote it.
            paths.push("steps[].request".into());
            if !taking_back.changed_since.is_empty() {
                paths.push("taking_back.changed_since".into());
            }
        }
        paths
    }
}

/// What a plan says of undoing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndoNote {
    #[serde(flatten)]
    pub undo: Undo,
    /// For how long `discord_undo` takes the call's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u32>,
}

/// What an undo takes back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TakingBack {
    pub call_id: String,
    pub tool: String,
    /// What it does not bring back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// What somebody changed after the call; may hold their words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed_since: Vec<ChangedSince>,
}

/// A field as it was before a call, as the call left it, and as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedSince {
    pub tool: String,
    /// Empty for the thing as a whole.
    pub field: String,
    pub before: Value,
    pub after: Value,
    /// Null where it is gone.
    pub now: Value,
}

/// One of several calls that are carried out together.
#[derive(Debug, Clone, Serialize)]
pub struct StepPlan {
    /// From 1.
    pub step: usize,
    pub tool: String,
    pub risk: Risk,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestPreview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoNote>,
    pub cost: Cost,
    /// As of a plan.
    #[serde(skip)]
    pub known_by: [u8; 32],
    /// What is known only once earlier steps are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A request as people may see it: webhook and interaction tokens hidden, files by name and size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestPreview {
    pub method: &'static str,
    pub path: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FilePreview>,
    /// For Discord's audit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A file that would be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilePreview {
    pub filename: String,
    pub content_type: String,
    /// In bytes.
    pub size: usize,
}

/// What it costs of Discord's rate limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The route whose limit it counts against.
    pub route: String,
    /// In words, the forecast included.
    pub note: String,
    /// Reads included; none for a tool whose steps are calls of their own.
    pub requests: usize,
    /// How long it would take at the limits as they are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

/// A sealed, single-use proof of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfirmToken {
    pub token: String,
    /// Unix milliseconds.
    pub expires_at: Millis,
}

impl Declined {
    /// For programs, `snake_case`, stable.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.reason.code,
            Self::Failed(failure) => &failure.code,
        }
    }

    /// Whether its sentences may quote others: names of roles and channels, Discord's own text, what
    /// an agent calls itself. Every door marks them then.
    pub fn quotes_others(&self) -> bool {
        let stage = match self {
            Self::Refused(refusal) => refusal.stage,
            Self::Failed(_) => None,
        };
        let code = self.code();
        stage == Some(Stage::DiscordPermission)
            || code == "thread_leased"
            || code.starts_with("discord_")
            || code.starts_with("approval_")
    }

    /// One sentence for people and models.
    pub fn message(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.reason.message,
            Self::Failed(failure) => &failure.message,
        }
    }
}
