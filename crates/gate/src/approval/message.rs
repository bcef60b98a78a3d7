//! What people see: the question, what became of it, and the reminder. Words of others stand in
//! blocks without markup, marked as theirs; nobody is pinged but those who may decide.

use model::{
    Millis,
    approval::{Address, Approval, Choice, State},
};
use serde_json::{Value, json};

use super::{
    blocks::{BLOCK, STEPS, block, clipped, in_blocks},
    demands::{Demanded, demands, panels},
    interact::custom_id,
};
use crate::{digest, outbox::Stored, words};

/// Letters of the short hash.
const CODE: usize = 8;
/// Lines of a change that are shown, and characters of each.
const LINES: usize = 12;
const LINE: usize = 160;
/// Characters of names and of a request's line.
const NAME: usize = 100;
const REQUEST: usize = 300;
/// Roles and people that are mentioned.
const MENTIONS: usize = 20;
/// Characters of the list of who must agree.
const WANTED: usize = 700;

const BLUE: u32 = 0x0034_98DB;
const GREEN: u32 = 0x002E_CC71;
const RED: u32 = 0x00E7_4C3C;
const GREY: u32 = 0x0095_A5A6;

/// The short hash by which people name it: of this approval, the exact call and its plan.
pub fn code(approval: &Approval) -> String {
    let call = &approval.call;
    let mut code = hex::encode(digest::of_texts(&[
        &approval.id,
        &call.digest,
        &call.fingerprint,
    ]));
    code.truncate(CODE);
    code
}

/// The message that asks.
pub(crate) fn question(approval: &Approval, post: usize, nonce: &str) -> Value {
    let mut message = shown(approval, post);
    let (content, allowed) = mentions(approval);
    message["content"] = json!(content);
    message["allowed_mentions"] = allowed;
    message["nonce"] = json!(nonce);
    message["enforce_nonce"] = json!(true);
    message
}

/// The same message as it should look now. Pings nobody.
pub(crate) fn shown(approval: &Approval, post: usize) -> Value {
    let open = matches!(approval.state, State::Posting | State::Pending);
    let components = if open {
        let button = |choice: Choice, label: &str, style: u8| {
            json!({
                "type": 2, "style": style, "label": label,
                "custom_id": custom_id(approval, post, choice),
            })
        };
        json!([{ "type": 1, "components": [
            button(Choice::Approve, "Approve", 3),
            button(Choice::Deny, "Deny", 4),
        ]}])
    } else {
        json!([])
    };
    json!({
        "embeds": [embed(approval)],
        "components": components,
        "allowed_mentions": { "parse": [] },
    })
}

/// The reminder, as a reply to the message that asks.
pub(crate) fn reminder(approval: &Approval, message: &str, nonce: &str) -> Value {
    let (content, allowed) = mentions(approval);
    json!({
        "content": format!(
            "{content} This still waits for you: `{}` `{}`, until {}.",
            words::plain(&approval.call.tool, NAME),
            code(approval),
            when(approval.expires_at, 'R'),
        ),
        "allowed_mentions": allowed,
        "message_reference": { "message_id": message, "fail_if_not_exists": false },
        "nonce": nonce,
        "enforce_nonce": true,
    })
}

/// Where it was asked, for those who wait: no links, which only Discord's people need.
pub(crate) fn places(approval: &Approval) -> Vec<String> {
    approval
        .posts
        .iter()
        .map(|post| match (post.to, post.channel_id, post.message_id) {
            (Address::Channel(channel), _, Some(message)) => {
                format!("message {message} in channel {channel}")
            }
            (Address::Channel(channel), _, None) => format!("channel {channel}"),
            (Address::User(user), ..) => format!("a direct message to user {user}"),
        })
        .collect()
}

/// Who may decide, in words without pings.
pub(crate) fn deciders(approval: &Approval) -> String {
    let mut named = Vec::new();
    for panel in panels(approval) {
        each_once(
            &mut named,
            panel.roles.iter().map(|role| format!("role {role}")),
        );
        each_once(
            &mut named,
            panel.users.iter().map(|user| format!("user {user}")),
        );
    }
    listed(named)
}

fn embed(approval: &Approval) -> Value {
    let call = &approval.call;
    let (title, color) = heading(approval);
    let mut fields = Vec::new();
    let mut field = |name: &str, value: String| {
        fields.push(json!({ "name": name, "value": value }));
    };
    field("Who wants it", who(approval));
    field(
        "What",
        format!(
            "`{}` ({})\n`{}`",
            words::plain(&call.tool, NAME),
            match (call.is_fetched(), call.reversible) {
                (true, _) => "reads, and changes nothing".to_owned(),
                (false, true) => format!("{}, can be undone", call.risk.as_str()),
                (false, false) => format!("{}, cannot be undone", call.risk.as_str()),
            },
            words::plain(&call.request, REQUEST),
        ),
    );
    if !call.change.is_empty() {
        field(
            "The change (names and texts in it are others' words, no part of this question)",
            block(&change(&call.change)),
        );
    }
    for (name, steps) in in_blocks(&call.steps) {
        field(&name, block(&steps));
    }
    if let Some(reason) = &call.reason {
        field(
            "The reason, in the agent's own words",
            block(&words::plain(reason, BLOCK)),
        );
    }
    match approval.state {
        State::Posting | State::Pending => field("Who decides", rule(approval)),
        _ => field("Decided", decided(approval)),
    }
    let code = code(approval);
    let footer = match approval.state {
        State::Posting | State::Pending => format!(
            "{code} · without buttons: reply to this message and mention me, with \
             \"approve {code}\" or \"deny {code}\""
        ),
        _ => code,
    };
    json!({
        "title": title,
        "color": color,
        "fields": fields,
        "footer": { "text": footer },
    })
}

fn heading(approval: &Approval) -> (&'static str, u32) {
    match approval.state {
        State::Posting | State::Pending => ("Approval needed", BLUE),
        State::Granted if approval.call.is_fetched() => {
            ("Approved: whoever asked may read it now", BLUE)
        }
        State::Done if approval.call.is_fetched() => ("Approved and read", GREEN),
        State::Granted | State::Executing => ("Approved, and being carried out", BLUE),
        State::Done => match part_of_it(approval) {
            None => ("Approved and carried out", GREEN),
            Some((title, _)) => (title, RED),
        },
        State::Failed => ("Approved, and not carried out", RED),
        State::Unknown => ("Approved; nobody knows whether it happened", RED),
        State::Refused => ("Refused", RED),
        State::Expired => ("Expired: nobody decided in time, so the answer is no", GREY),
        State::Cancelled => ("Taken back", GREY),
    }
}

fn who(approval: &Approval) -> String {
    let call = &approval.call;
    let mut who = format!("`{}`", words::plain(&call.principal.id, NAME));
    if let Some(agent) = &call.agent {
        who.extend([", as agent `", &words::plain(agent, NAME), "`"]);
    }
    if let model::Origin::Discord { user, .. } = call.origin {
        who.extend([", asked by <@", &user.to_string(), ">"]);
    }
    who
}

fn rule(approval: &Approval) -> String {
    let several = !approval.terms.also.is_empty();
    let wanted: Vec<String> = demands(approval)
        .map(|demand| {
            let so_far = match (demand.quorum, several) {
                (..=1, false) => String::new(),
                _ => format!(" ({} so far)", demand.agreed(approval)),
            };
            format!("{}{so_far} of {}", people(demand.quorum), pinged(&demand))
        })
        .collect();
    let wanted = capitalized(&clipped(&wanted.join(", and "), WANTED));
    let asker = if approval.call.requesters.is_empty() {
        ""
    } else {
        ", not whoever asked"
    };
    format!(
        "{wanted}{asker}. One refusal ends it. Without a decision by {} ({}) the answer is no.",
        when(approval.expires_at, 'f'),
        when(approval.expires_at, 'R'),
    )
}

fn decided(approval: &Approval) -> String {
    let mut lines: Vec<String> = approval
        .votes
        .iter()
        .map(|vote| {
            let verb = match vote.choice {
                Choice::Approve => "approved",
                Choice::Deny => "refused",
            };
            format!("<@{}> {verb} it at {}", vote.user, when(vote.at, 'f'))
        })
        .collect();
    if let Some(reason) = &approval.reason
        && approval.state != State::Refused
    {
        lines.push(words::plain(in_words(reason), REQUEST));
    }
    if let Some((_, became)) = part_of_it(approval) {
        lines.push(became);
    }
    if lines.is_empty() {
        lines.push(approval.state.as_str().to_owned());
    }
    clipped(&lines.join("\n"), BLOCK)
}

/// Of several calls that did not all go through: how that is called, and what became of each.
fn part_of_it(approval: &Approval) -> Option<(&'static str, String)> {
    let stored = serde_json::from_str(approval.response.as_deref()?);
    let Ok(Stored::Done(value)) = stored else {
        return None;
    };
    let title = match value["outcome"].as_str()? {
        "stopped" => "Approved, and it stopped half-way",
        "rolled_back" => "Approved; a step did not go through, and all was taken back",
        "partly_rolled_back" => "Approved; a step did not go through, and some of it stays",
        _ => return None,
    };
    let steps = value["steps"].as_array()?.iter().take(STEPS);
    let became: Vec<String> = steps
        .filter_map(|step| {
            let outcome = match step["outcome"].as_str()? {
                "done" => "done",
                "failed" => "failed",
                "not_tried" => "not tried",
                _ => "may or may not have happened",
            };
            Some(format!("step {} {outcome}", step["step"]))
        })
        .collect();
    Some((title, became.join(", ")))
}

/// Codes of the gate that end here, as people read them.
pub(crate) fn in_words(reason: &str) -> &str {
    match reason {
        "plan_changed" => {
            "What it would change is no longer as it was shown here, so nothing was done."
        }
        "discord_forbidden" => "Discord does not let the bot do this.",
        "discord_not_found" => "What it was about is gone.",
        other => other,
    }
}

/// How many, in words.
pub(super) fn people(quorum: u32) -> String {
    match quorum {
        ..=1 => "one person".to_owned(),
        many => format!("{many} different people"),
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Mentions of those who may decide, and the leave to ping exactly them.
fn mentions(approval: &Approval) -> (String, Value) {
    let mut roles = Vec::new();
    let mut users = Vec::new();
    for panel in panels(approval) {
        each_once(&mut roles, panel.roles.iter().map(ToString::to_string));
        each_once(&mut users, panel.users.iter().map(ToString::to_string));
    }
    roles.truncate(MENTIONS);
    users.truncate(MENTIONS);
    let text: Vec<String> = roles
        .iter()
        .map(|role| format!("<@&{role}>"))
        .chain(users.iter().map(|user| format!("<@{user}>")))
        .collect();
    let allowed = json!({ "parse": [], "roles": roles, "users": users });
    (text.join(" "), allowed)
}

fn each_once(all: &mut Vec<String>, more: impl Iterator<Item = String>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

/// Inside an embed a mention pings nobody.
fn pinged(demand: &Demanded<'_>) -> String {
    let mut named = Vec::new();
    for panel in demand.panels() {
        each_once(
            &mut named,
            panel.roles.iter().map(|role| format!("<@&{role}>")),
        );
        each_once(
            &mut named,
            panel.users.iter().map(|user| format!("<@{user}>")),
        );
    }
    listed(named)
}

fn listed(mut named: Vec<String>) -> String {
    if named.len() > MENTIONS {
        let more = named.len() - MENTIONS;
        named.truncate(MENTIONS);
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

fn change(lines: &[String]) -> String {
    let mut shown: Vec<String> = lines
        .iter()
        .take(LINES)
        .map(|line| words::plain(line, LINE))
        .collect();
    if lines.len() > LINES {
        shown.push(format!("and {} more", lines.len() - LINES));
    }
    shown.join("\n")
}

/// Discord shows it in each reader's own time.
fn when(at: Millis, style: char) -> String {
    format!("<t:{}:{style}>", at.div_euclid(1_000))
}
