//! Acts that are one plain request: deleting, reacting, pinning, voting, threads, voice, people.

use http::Method;
use serde_json::{Value, json};

use super::form::Form;
use super::{Step, Then};
use crate::page::view::clean_segment;
use crate::snowflake::Snowflake;
use crate::world::clock::iso8601;

/// How long "time out" lasts.
const TIME_OUT_MS: u64 = 10 * 60 * 1_000;

/// The request of a verb; `None` for another verb, or without what it needs.
pub(super) fn step(user: Snowflake, verb: &str, form: &Form) -> Option<Step> {
    about_message(verb, form)
        .or_else(|| about_channel(verb, form))
        .or_else(|| about_people(user, verb, form))
}

fn about_message(verb: &str, form: &Form) -> Option<Step> {
    let (channel, message) = (form.id("channel")?, form.id("message")?);
    let at = format!("/channels/{channel}/messages/{message}");
    let none = Value::Null;
    let reaction = |field: &str| {
        let emoji = clean_segment(form.text(field))?;
        Some(format!("{at}/reactions/{emoji}/@me"))
    };
    let votes = format!("/channels/{channel}/polls/{message}/answers/@me");
    let step = match verb {
        "edit" => Step::new(
            Method::PATCH,
            at,
            json!({ "content": form.text("content") }),
        ),
        "delete" => Step::new(Method::DELETE, at, none),
        "react" => Step::new(Method::PUT, reaction("emoji")?, none),
        "react-other" => Step::new(Method::PUT, reaction("other")?, none),
        "unreact" => Step::new(Method::DELETE, reaction("emoji")?, none),
        "pin" => Step::new(
            Method::PUT,
            format!("/channels/{channel}/messages/pins/{message}"),
            none,
        ),
        "unpin" => Step::new(
            Method::DELETE,
            format!("/channels/{channel}/messages/pins/{message}"),
            none,
        ),
        "vote" => Step::new(
            Method::PUT,
            votes,
            json!({ "answer_ids": form.all("answers") }),
        ),
        "unvote" => Step::new(Method::PUT, votes, json!({ "answer_ids": [] })),
        "end-poll" => Step::new(
            Method::POST,
            format!("/channels/{channel}/polls/{message}/expire"),
            none,
        ),
        "thread" => {
            let body = json!({ "name": form.text("name") });
            Step::new(Method::POST, format!("{at}/threads"), body).then(Then::Answered)
        }
        "forward" => {
            let to = form.id("to")?;
            let reference = json!({ "type": 1, "message_id": message, "channel_id": channel });
            let body = json!({ "message_reference": reference });
            let path = format!("/channels/{to}/messages");
            Step::new(Method::POST, path, body).then(Then::Field("to"))
        }
        _ => return None,
    };
    Some(step)
}

fn about_channel(verb: &str, form: &Form) -> Option<Step> {
    let channel = form.id("channel")?;
    let at = format!("/channels/{channel}");
    let none = Value::Null;
    let step = match verb {
        "typing" => Step::new(Method::POST, format!("{at}/typing"), none),
        "thread" => {
            // Discord: 11 is a public, 12 a private thread.
            let kind = if form.has("private") { 12 } else { 11 };
            let body = json!({ "name": form.text("name"), "type": kind });
            Step::new(Method::POST, format!("{at}/threads"), body).then(Then::Answered)
        }
        "join-thread" => Step::new(Method::PUT, format!("{at}/thread-members/@me"), none),
        "leave-thread" => Step::new(Method::DELETE, format!("{at}/thread-members/@me"), none),
        "archive" => Step::new(Method::PATCH, at, json!({ "archived": true })),
        "unarchive" => Step::new(Method::PATCH, at, json!({ "archived": false })),
        _ => return None,
    };
    Some(step)
}

fn about_people(user: Snowflake, verb: &str, form: &Form) -> Option<Step> {
    let guild = || form.id("guild");
    let other = || form.id("user");
    let none = Value::Null;
    let voice = |channel: Option<Snowflake>| {
        let path = format!("/guilds/{}/members/{user}/voice", guild()?);
        Some(Step::new(
            Method::PUT,
            path,
            json!({ "channel_id": channel }),
        ))
    };
    let step = match verb {
        "presence" => {
            let path = format!("/users/{user}/presence");
            Step::new(Method::PUT, path, json!({ "status": form.text("status") }))
        }
        "direct" => {
            let body = json!({ "recipient_id": other()? });
            Step::new(Method::POST, "/users/@me/channels".into(), body).then(Then::Answered)
        }
        "join-voice" => voice(Some(form.id("channel")?))?,
        "leave-voice" => voice(None)?,
        "leave" => {
            let path = format!("/users/@me/guilds/{}", guild()?);
            Step::new(Method::DELETE, path, none).then(Then::Home)
        }
        "kick" => {
            let path = format!("/guilds/{}/members/{}", guild()?, other()?);
            Step::new(Method::DELETE, path, none)
        }
        "time-out" => {
            let path = format!("/guilds/{}/members/{}", guild()?, other()?);
            let until = form.now_ms + TIME_OUT_MS;
            let body = json!({ "communication_disabled_until": iso8601(until) });
            Step::new(Method::PATCH, path, body)
        }
        _ => return None,
    };
    Some(step)
}
