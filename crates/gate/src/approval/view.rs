//! An approval as callers see it: waiting, or its end.

use catalogue::{Prepared, View, catalogue};
use model::{
    Check, Millis, Reason, Stage,
    approval::{Approval, State},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    demands::{demands, quorum},
    machine::yes,
    message,
    people::{Asking, Askings},
    terms,
};
use crate::{
    answer::{Answer, Declined, Done, Failure, Refusal, Retry},
    marks,
    outbox::Stored,
    run, when,
};

/// How long the end of an approval is told to whoever asks for the same again.
pub(crate) const TOLD_FOR_MS: Millis = 24 * 60 * 60 * 1_000;

/// A call that waits for people. Nothing was done yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub call_id: String,
    pub approval_id: String,
    /// The short hash that people see.
    pub code: String,
    pub tool: String,
    pub state: State,
    /// Where people were asked.
    pub posted: Vec<String>,
    /// Unix milliseconds; without a decision by then the answer is no.
    pub expires_at: Millis,
    /// How many different people must agree at least.
    pub quorum: u32,
    /// How many people agreed so far.
    pub agreed: u32,
    /// One sentence on how to hear of the end.
    pub how_to_continue: String,
}

impl Waiting {
    pub(crate) fn of(approval: &Approval) -> Self {
        Self {
            call_id: approval.call.call_id.clone(),
            approval_id: approval.id.clone(),
            code: message::code(approval),
            tool: approval.call.tool.clone(),
            state: approval.state,
            posted: message::places(approval),
            expires_at: approval.expires_at,
            quorum: quorum(approval),
            agreed: yes(approval),
            how_to_continue: how_to_continue(approval),
        }
    }
}

fn how_to_continue(approval: &Approval) -> String {
    let (until, tool) = (when::shown(approval.expires_at), &approval.call.tool);
    if approval.call.is_fetched() {
        return format!(
            "people decide in Discord, until {until}; once they agreed, you have an hour to call \
             {tool} again with the same arguments, which gives the answer once. \
             discord_get_approval shows how it stands. You cannot approve it yourself"
        );
    }
    format!(
        "people decide in Discord, until {until}; it is then carried out without you. To hear of \
         the end, call {tool} again with the same arguments, or discord_get_approval. You cannot \
         approve it yourself"
    )
}

/// What a plan says about the people who will be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskPreview {
    /// Name of the approval in the policy.
    pub name: String,
    /// Where the question would be posted.
    pub posts_to: Vec<String>,
    /// Who may decide.
    pub deciders: Vec<String>,
    pub quorum: u32,
    pub expires_minutes: u32,
    /// Where the policy asks several times about one whole: the others, who must agree as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AskPreview>,
}

impl AskPreview {
    pub(crate) fn of(askings: &Askings, origin: model::Origin) -> Self {
        let also = askings.also.iter();
        Self {
            also: also.map(|it| Self::of_one(it, origin)).collect(),
            ..Self::of_one(&askings.first, origin)
        }
    }

    fn of_one(asking: &Asking, origin: model::Origin) -> Self {
        let way = &asking.way;
        let posts_to = match terms::addresses(&Askings::one(asking.clone()), origin) {
            Ok(to) => to
                .into_iter()
                .map(|to| match to {
                    model::approval::Address::Channel(channel) => format!("channel {channel}"),
                    model::approval::Address::User(user) => {
                        format!("a direct message to user {user}")
                    }
                })
                .collect(),
            Err(reason) => vec![format!("nowhere: {}", reason.message)],
        };
        let roles = way.roles.iter().map(|role| format!("role {role}"));
        let users = way.users.iter().map(|user| format!("user {user}"));
        Self {
            name: asking.name.clone(),
            posts_to,
            deciders: roles.chain(users).collect(),
            quorum: u32::from(way.quorum),
            expires_minutes: way.expires_minutes,
            also: Vec::new(),
        }
    }

    /// What a plan says about carrying it out.
    pub(crate) fn how_to_run(&self, tool: &str) -> String {
        let all = || std::iter::once(self).chain(&self.also);
        let wanted: Vec<String> = all()
            .map(|ask| {
                let people = match ask.quorum {
                    1 => "one person".to_owned(),
                    many => format!("{many} people"),
                };
                let (deciders, posts) = (ask.deciders.join(", "), ask.posts_to.join(", "));
                format!("{people} of {deciders} must agree ({posts})")
            })
            .collect();
        let minutes = all().map(|ask| ask.expires_minutes).min();
        format!(
            "nothing was done and nobody was asked; to ask, call {tool} again with the same \
             arguments and `dry_run: false`: {} within {} minutes",
            wanted.join(" and "),
            minutes.unwrap_or(self.expires_minutes),
        )
    }
}

/// The end of an approval, as the answer to the call that asked.
pub(crate) fn ended(approval: &Approval, call_id: &str) -> Result<Answer, Declined> {
    let why = approval.reason.as_deref().unwrap_or_default();
    let refused = |code: &str, message: String, hint: &str| {
        let reason = Reason::new(code, message).with_hint(hint);
        Err(Declined::Refused(Box::new(Refusal {
            call_id: call_id.to_owned(),
            stage: Some(Stage::PlatformPermission),
            checks: vec![Check {
                stage: Stage::PlatformPermission,
                verdict: model::Verdict::Deny(reason.clone()),
            }],
            reason,
            retry_after_ms: None,
            limit: None,
        })))
    };
    match approval.state {
        State::Done => Ok(done(approval, call_id)),
        State::Unknown => Err(unknown(approval, call_id)),
        State::Refused => refused(
            "approval_refused",
            format!("people said no to {}; nothing was done", approval.call.tool),
            "do not ask again unless the person you work for wants you to",
        ),
        State::Expired => refused(
            "approval_expired",
            "nobody decided in time, which means no; nothing was done".to_owned(),
            "ask again when people are there to answer",
        ),
        State::Cancelled => refused(
            "approval_cancelled",
            format!("the question was taken back; nothing was done: {why}"),
            "call again if it is still wanted",
        ),
        _ => refused(
            "approval_not_carried_out",
            format!(
                "people agreed, and it was not done: {}",
                message::in_words(why)
            ),
            "call again to ask about what it would change now",
        ),
    }
}

fn done(approval: &Approval, call_id: &str) -> Answer {
    let stored = approval.response.as_deref();
    let value = match stored.map(serde_json::from_str::<Stored>) {
        Some(Ok(Stored::Done(value))) => value,
        _ if approval.call.is_fetched() => json!({
            "done": true,
            "note": "what it read was given to you once and is not kept; call again to ask anew",
        }),
        _ => json!({ "done": true, "note": "carried out; its result is not kept any more" }),
    };
    Answer::Done(Done {
        call_id: call_id.to_owned(),
        view: View {
            untrusted: untrusted(approval, &value),
            value,
        },
        replayed: false,
    })
}

/// Whose words a result holds; where that is not known any more, all of it counts.
fn untrusted(approval: &Approval, value: &Value) -> &'static [&'static str] {
    let prepared = approval.call.arguments.as_ref().and_then(|arguments| {
        let tool = catalogue().get(&approval.call.tool)?;
        tool.prepare(arguments.clone(), approval.call.planned_at)
            .ok()
    });
    match prepared {
        Some(Prepared::Write(plan)) => plan.view(value).untrusted,
        _ => run::ALL_OF_IT,
    }
}

fn unknown(approval: &Approval, call_id: &str) -> Declined {
    let stored = approval.response.as_deref();
    if let Some(Ok(Stored::Failed(failure))) = stored.map(serde_json::from_str::<Stored>) {
        return Declined::Failed(Box::new(failure));
    }
    Declined::Failed(Box::new(Failure {
        call_id: call_id.to_owned(),
        code: "outcome_unknown".to_owned(),
        message: "people agreed, and nobody knows whether it happened".to_owned(),
        hint: Some("look whether it happened before trying again".to_owned()),
        retry: Retry::Unknown,
    }))
}

/// The same with the mark of what others wrote: its reason may quote Discord, and an agent calls
/// itself as it likes.
pub fn marked(approval: &Approval) -> Value {
    let mut value = view(approval);
    if let Value::Object(fields) = &mut value {
        marks::mark(fields, &["reason", "agent"]);
    }
    value
}

/// An approval for lists and pages: who wants what, how it stands, who said what. Never arguments,
/// never what buttons carry.
pub fn view(approval: &Approval) -> Value {
    let call = &approval.call;
    let votes: Vec<Value> = approval
        .votes
        .iter()
        .map(|vote| {
            json!({
                "user_id": vote.user, "choice": vote.choice, "via": vote.via, "at": vote.at,
            })
        })
        .collect();
    let mut shown = json!({
        "id": approval.id,
        "code": message::code(approval),
        "state": approval.state,
        "reason": approval.reason,
        "tool": call.tool,
        "risk": call.risk,
        "request": call.request,
        "principal": call.principal.id,
        "agent": call.agent,
        "call_id": call.call_id,
        "guild_id": call.guild_id,
        "channel_id": call.channel_id,
        "approval": approval.terms.name,
        "deciders": message::deciders(approval),
        "quorum": quorum(approval),
        "votes": votes,
        "posted": message::places(approval),
        "created_at": approval.created_at,
        "expires_at": approval.expires_at,
        "escalated_at": approval.escalated_at,
        "ended_at": approval.ended_at,
    });
    if !approval.terms.also.is_empty() {
        let demands = demands(approval).map(|demand| {
            json!({
                "approval": demand.name,
                "quorum": demand.quorum,
                "agreed": demand.agreed(approval),
            })
        });
        shown["demands"] = demands.collect();
    }
    shown
}
