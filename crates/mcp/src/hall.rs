//! What this server needs from behind its door: tools to list, and calls that are answered.
//!
//! The gate is the one hall in the product. The trait keeps protocol and judgement apart.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{Call, Check, Millis, Principal, Risk, Stage};
use serde_json::{Map, Value};

/// Where calls go.
#[async_trait]
pub trait Hall: Send + Sync + 'static {
    /// What a list shows this principal, always in the same order. The first tool must be
    /// harmless without arguments, because clients probe with it.
    fn tools(&self, principal: &Principal) -> Vec<Card>;

    /// How much harm a tool can do; `None` if there is no such tool.
    fn risk(&self, tool: &str) -> Option<Risk>;

    /// The tool whose name comes closest to one that does not exist.
    fn nearest(&self, tool: &str) -> Option<String>;

    /// Judge and carry out.
    async fn call(&self, call: Call) -> Result<Answer, Declined>;

    /// The same, for a request that would be known again by this mark if it were sent again. A hall
    /// that keeps nothing has no use for it.
    async fn call_marked(&self, call: Call, _mark: String) -> Result<Answer, Declined> {
        self.call(call).await
    }

    /// Wait for people, at most `patience`: the end of the call, or that it still waits. A hall that
    /// asks nobody has nothing to follow.
    async fn follow(
        &self,
        _principal: &Principal,
        waiting: Box<Waiting>,
        _patience: Duration,
    ) -> Result<Answer, Declined> {
        Ok(Answer::Waiting(waiting))
    }
}

/// A tool as a list shows it.
#[derive(Debug, Clone)]
pub struct Card {
    /// `discord_<verb>_<noun>`.
    pub name: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub description: Cow<'static, str>,
    pub risk: Risk,
    /// Doing it twice is the same as doing it once.
    pub idempotent: bool,
    /// It deals with Discord, where other people are.
    pub open_world: bool,
    /// JSON Schema of the arguments; its root is an object.
    pub input_schema: Arc<Map<String, Value>>,
}

/// A call that went through.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Carried out.
    Done(Done),
    /// Only planned.
    Planned(Box<Plan>),
    /// People in Discord were asked; nothing was done yet.
    Waiting(Box<Waiting>),
}

/// A call that waits for people.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub call_id: String,
    pub approval_id: String,
    pub tool: String,
    /// Where people were asked, in our own words.
    pub posted: Vec<String>,
    /// One sentence on how to hear of the end.
    pub how_to_continue: String,
    /// All of it as JSON.
    pub value: Value,
}

/// What a call gave.
#[derive(Debug, Clone)]
pub struct Done {
    pub call_id: String,
    /// A JSON object with stable field names.
    pub value: Value,
    /// JSON paths of the fields that hold words of Discord's users: `messages[].content`. The
    /// empty path is the whole of `value`; clients see it as `*`.
    pub untrusted: Vec<Cow<'static, str>>,
    /// The answer of an earlier call with the same idempotency key.
    pub replayed: bool,
}

/// What a call would do.
#[derive(Debug, Clone)]
pub struct Plan {
    pub call_id: String,
    pub tool: String,
    pub risk: Risk,
    /// The whole plan as JSON, without the confirmation token.
    pub value: Value,
    /// `DELETE /channels/42`.
    pub request: String,
    /// What would differ afterwards, one line each; may hold words of Discord's users.
    pub change: Vec<String>,
    pub checks: Vec<Check>,
    pub reversible: bool,
    /// One sentence: what the caller does to carry it out.
    pub how_to_run: String,
    pub confirm: Option<Confirm>,
    /// JSON paths within `value`.
    pub untrusted: Vec<Cow<'static, str>>,
}

/// Proof of having seen a plan. Works once, for the same principal, tool and arguments.
#[derive(Debug, Clone)]
pub struct Confirm {
    pub token: String,
    pub expires_at: Millis,
}

/// A call that did not go through: refused by a check, or broken on the way.
#[derive(Debug, Clone)]
pub struct Declined {
    /// `snake_case`, stable.
    pub code: String,
    pub message: String,
    pub hint: Option<String>,
    /// The stage that refused; `None` for a failure.
    pub stage: Option<Stage>,
    pub retry: Retry,
    /// The limit that is used up, where that is why.
    pub limit: Option<Value>,
    pub call_id: Option<String>,
    pub checks: Vec<Check>,
    /// Whether its sentences may hold words that are not ours.
    pub quotes_others: bool,
}

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not without a change.
    No,
    /// After so many milliseconds.
    After(u64),
    /// Nobody knows whether it happened; look before trying again.
    Unknown,
}

impl Declined {
    /// A failure without a hint.
    pub fn new(code: &str, message: impl Into<String>, retry: Retry) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            hint: None,
            stage: None,
            retry,
            limit: None,
            call_id: None,
            checks: Vec::new(),
            quotes_others: false,
        }
    }

    /// Add what the caller can do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
