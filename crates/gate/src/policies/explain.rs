//! Why a call would be refused, planned, or run; and every limit that it would fall under.

use model::{Millis, UserId, Verdict};
use policy::{Fate, Limit, Moment, Weighed, Whose};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::described::{Described, Judged, NoSuchTool};

/// Stands for the Discord user that a call would come from: each has a limit, and it is the same.
const SOMEBODY: u64 = 1;

/// What a policy says of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// `deny`, `ask`, `confirm`, `plan` or `run`.
    #[schemars(with = "String")]
    pub fate: Fate,
    /// In order, up to the first that refuses.
    pub checks: Vec<StageShown>,
    /// Every rule that had a say.
    pub rules: Vec<String>,
    /// How many calls a minute its principal may make: the first of the limits.
    pub calls_per_minute: u32,
    /// Every limit that it falls under. It must have room in all of them.
    pub limits: Vec<LimitShown>,
    /// Whom it would wait for.
    pub approval: Option<PeopleAsked>,
    /// Rules about this caller and tool that count only at times.
    pub timed_rules: Vec<TimedRule>,
    /// Rules that change whether it is planned first, or must be confirmed.
    pub ceremony_rules: Vec<String>,
    pub policy_version: String,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StageShown {
    /// From 1 to 8.
    pub check: u8,
    pub name: &'static str,
    /// `allow`, `deny` or `ask`.
    pub verdict: &'static str,
    pub code: String,
    pub reason: String,
    pub hint: Option<String>,
    pub rules: Vec<String>,
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LimitShown {
    /// `principal`, `user`, `channel`, `guild` or `tool`.
    pub of: &'static str,
    /// Which one; absent for a user, since each has its own.
    pub id: Option<String>,
    /// Zero: never.
    pub per_minute: u32,
    /// The rule, or the key of `rates`, that says so; absent for a default.
    pub by: Option<String>,
}

/// Whom a call waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PeopleAsked {
    /// The rule that wants it.
    pub rule: String,
    /// Which of the ways of asking.
    pub entry: String,
    /// As the policy has it.
    pub way: Value,
}

/// A rule that counts only at times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimedRule {
    pub rule: String,
    pub counts_now: bool,
    /// Absent: it is over.
    pub counts_next: Option<String>,
}

/// Say what this policy says of a call, check by check.
pub fn explain(call: &Described, judged: &Judged, now: Millis) -> Result<Explanation, NoSuchTool> {
    let weighed = call.weigh(judged, now)?;
    let circumstances = call.circumstances(now);
    let from_discord = call.asker_roles.is_some();
    let user = UserId::new(SOMEBODY).filter(|_| from_discord);
    let limits = call.ask(&circumstances, |question| {
        let limits = policy::limits(&judged.policy, question, user);
        limits.iter().map(shown).collect()
    })?;
    let moment = call.moment(now);
    let timed_rules = call.ask(&circumstances, |question| {
        let above = judged.policy.ceiling.iter().flat_map(|it| &it.rules);
        let all = above.chain(&judged.policy.rules);
        let about_it =
            all.filter(|rule| rule.has_times() && rule.is_about_caller_and_tool(question));
        let timed = about_it.map(|rule| {
            let next = rule.counts_next(circumstances.at).map(Moment);
            TimedRule {
                rule: rule.name.clone(),
                counts_now: next.is_some_and(|next| next == moment),
                counts_next: next.map(|next| next.to_string()),
            }
        });
        timed.collect()
    })?;
    Ok(Explanation {
        fate: weighed.fate(),
        checks: checks(&weighed),
        rules: weighed.rules().into_iter().map(str::to_owned).collect(),
        calls_per_minute: weighed.calls_per_minute.0,
        limits,
        approval: weighed.approval.as_ref().map(|asking| PeopleAsked {
            rule: asking.rule.clone(),
            entry: asking.entry.clone(),
            way: json!(asking.approval),
        }),
        timed_rules,
        ceremony_rules: weighed.ceremony.rules,
        policy_version: judged.policy.version(),
    })
}

fn checks(weighed: &Weighed) -> Vec<StageShown> {
    let shown = |(stage, ruling): &(model::Stage, policy::Ruling)| {
        let reason = ruling.verdict.reason();
        StageShown {
            check: stage.number(),
            name: stage.as_str(),
            verdict: match ruling.verdict {
                Verdict::Allow(_) => "allow",
                Verdict::Deny(_) => "deny",
                Verdict::Ask(_) => "ask",
            },
            code: reason.code.clone(),
            reason: reason.message.clone(),
            hint: reason.hint.clone(),
            rules: ruling.rules.clone(),
        }
    };
    weighed.checks.iter().map(shown).collect()
}

fn shown(limit: &Limit<'_>) -> LimitShown {
    let (of, id) = match &limit.whose {
        Whose::Principal { id, .. } => ("principal", Some((*id).to_owned())),
        Whose::User(_) => ("user", None),
        Whose::Channel(id) => ("channel", Some(id.to_string())),
        Whose::Guild(id) => ("guild", Some(id.to_string())),
        Whose::Tool(name) => ("tool", Some((*name).to_owned())),
    };
    LimitShown {
        of,
        id,
        per_minute: limit.per_minute,
        by: limit.by.map(str::to_owned),
    }
}
