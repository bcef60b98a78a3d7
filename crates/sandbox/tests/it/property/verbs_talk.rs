//! Everything that a story can say: messages and what hangs on them, threads, webhooks, invites.

use reqwest::Method;
use serde_json::{Value, json};

use super::call::{Audit, Call, Learns, Step};
use super::facts::{self as bits, Right};
use super::stage::Stage;
use super::verbs::pick;

type Verb = fn(&Stage, Step) -> Option<Call>;

/// Listed twice, what must come often.
pub(super) const VERBS: &[Verb] = &[
    say,
    say,
    say,
    say,
    edit,
    delete,
    bulk_delete,
    react,
    react,
    unreact,
    clear_reactions,
    pin,
    unpin,
    poll,
    vote,
    end_poll,
    crosspost,
    thread_from_message,
    thread_alone,
    thread_alone,
    edit_thread,
    join_thread,
    leave_thread,
    add_to_thread,
    remove_from_thread,
    create_webhook,
    edit_webhook,
    delete_webhook,
    execute_webhook,
    invite,
    delete_invite,
    accept_invite,
    create_emoji,
    edit_emoji,
    delete_emoji,
    typing,
    wait,
];

fn sending(stage: &Stage, channel: &str) -> Right {
    let needed = if stage.look().1.is_thread(channel) {
        bits::SEND_MESSAGES_IN_THREADS
    } else {
        bits::SEND_MESSAGES
    };
    Right::In(channel.to_owned(), needed)
}

fn at_least(right: Right) -> Right {
    Right::AtLeast(Box::new(right))
}

fn say(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let mut body = json!({ "content": format!("words {}", step.c) });
    match step.b % 6 {
        0 => body["content"] = json!(format!("<@{}> look", stage.user(step.c))),
        1 => body["embeds"] = json!([{ "title": format!("title {}", step.c) }]),
        2 => {
            let (place, id) = pick(&stage.known.messages, step.c)?;
            body["message_reference"] = json!({
                "message_id": id, "channel_id": place, "fail_if_not_exists": false,
            });
        }
        3 => {
            let role = pick(&stage.known.roles, step.c)?;
            body["content"] = json!(format!("<@&{role}> and <#{channel}>"));
        }
        _ => {}
    }
    let right = at_least(sending(stage, &channel));
    Some(
        Call::new(Method::POST, format!("/channels/{channel}/messages"), body)
            .needs(right)
            .learns(Learns::Message),
    )
}

fn message_path(stage: &Stage, step: Step) -> Option<(String, String)> {
    let (channel, id) = pick(&stage.known.messages, step.a)?;
    Some((format!("/channels/{channel}/messages/{id}"), channel))
}

fn edit(stage: &Stage, step: Step) -> Option<Call> {
    let (path, channel) = message_path(stage, step)?;
    let body = match step.b % 4 {
        0 => json!({ "embeds": [{ "description": format!("more {}", step.c) }] }),
        1 => json!({ "flags": 4 }),
        _ => json!({ "content": format!("edited {}", step.c) }),
    };
    let right = at_least(Right::In(channel, 0));
    Some(Call::new(Method::PATCH, path, body).needs(right))
}

fn delete(stage: &Stage, step: Step) -> Option<Call> {
    let (path, channel) = message_path(stage, step)?;
    Some(
        Call::new(Method::DELETE, path, Value::Null)
            .needs(at_least(Right::In(channel, 0)))
            .audited(Audit::AtMost(72)),
    )
}

fn bulk_delete(stage: &Stage, step: Step) -> Option<Call> {
    let (channel, _) = pick(&stage.known.messages, step.a)?;
    let here = stage
        .known
        .messages
        .iter()
        .filter(|(place, _)| *place == channel);
    let ids: Vec<_> = here
        .map(|(_, id)| id)
        .rev()
        .take(2 + usize::from(step.b % 4))
        .collect();
    let path = format!("/channels/{channel}/messages/bulk-delete");
    Some(
        Call::new(Method::POST, path, json!({ "messages": ids }))
            .needs(Right::In(channel, bits::MANAGE_MESSAGES))
            .audited(Audit::AtMost(73)),
    )
}

fn emoji(stage: &Stage, step: Step) -> String {
    let own = pick(&stage.known.emojis, step.b).filter(|_| step.b.is_multiple_of(3));
    own.map_or_else(
        || ["%F0%9F%91%8D", "%F0%9F%8D%9E"][usize::from(step.b) % 2].to_owned(),
        |id| format!("some:{id}"),
    )
}

fn react(stage: &Stage, step: Step) -> Option<Call> {
    let (path, channel) = message_path(stage, step)?;
    let path = format!("{path}/reactions/{}/@me", emoji(stage, step));
    let right = at_least(Right::In(channel, bits::READ_MESSAGE_HISTORY));
    Some(Call::new(Method::PUT, path, Value::Null).needs(right))
}

fn unreact(stage: &Stage, step: Step) -> Option<Call> {
    let (path, channel) = message_path(stage, step)?;
    let own = step.c.is_multiple_of(2);
    let whose = if own {
        "@me".to_owned()
    } else {
        stage.user(step.c)
    };
    let path = format!("{path}/reactions/{}/{whose}", emoji(stage, step));
    let needed = if own || whose == stage.user(step.actor) {
        0
    } else {
        bits::MANAGE_MESSAGES
    };
    Some(Call::new(Method::DELETE, path, Value::Null).needs(at_least(Right::In(channel, needed))))
}

fn clear_reactions(stage: &Stage, step: Step) -> Option<Call> {
    let (path, channel) = message_path(stage, step)?;
    // Through the control API, the reactions of one emoji are one's own.
    let path = if step.c.is_multiple_of(2) || !stage.is_bot(step.actor) {
        format!("{path}/reactions")
    } else {
        format!("{path}/reactions/{}", emoji(stage, step))
    };
    let right = Right::In(channel, bits::MANAGE_MESSAGES);
    Some(Call::new(Method::DELETE, path, Value::Null).needs(at_least(right)))
}

fn pinning(stage: &Stage, step: Step, method: Method, kind: u64) -> Option<Call> {
    let (channel, id) = pick(&stage.known.messages, step.a)?;
    let path = format!("/channels/{channel}/messages/pins/{id}");
    let right = Right::AnyIn(channel, bits::PIN_MESSAGES | bits::MANAGE_MESSAGES);
    Some(
        Call::new(method, path, Value::Null)
            .needs(at_least(right))
            .audited(Audit::AtMost(kind)),
    )
}

fn pin(stage: &Stage, step: Step) -> Option<Call> {
    pinning(stage, step, Method::PUT, 74)
}

fn unpin(stage: &Stage, step: Step) -> Option<Call> {
    pinning(stage, step, Method::DELETE, 75)
}

fn poll(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let answer = |text: &str| json!({ "poll_media": { "text": text } });
    let body = json!({ "poll": {
        "question": { "text": "Tea?" }, "duration": 1, "allow_multiselect": step.b.is_multiple_of(2),
        "answers": [answer("yes"), answer("no")],
    }});
    let right = Right::All(vec![
        sending(stage, &channel),
        Right::In(channel.clone(), bits::SEND_POLLS),
    ]);
    Some(
        Call::new(Method::POST, format!("/channels/{channel}/messages"), body)
            .needs(at_least(right))
            .learns(Learns::Message),
    )
}

fn vote(stage: &Stage, step: Step) -> Option<Call> {
    let (channel, id) = pick(&stage.known.messages, step.a)?;
    let path = format!(
        "/channels/{channel}/polls/{id}/answers/@me?as={}",
        stage.user(step.actor)
    );
    let answers = if step.b.is_multiple_of(3) {
        json!([])
    } else {
        json!([step.b % 3])
    };
    Some(Call::new(Method::PUT, path, json!({ "answer_ids": answers })).by_control())
}

fn end_poll(stage: &Stage, step: Step) -> Option<Call> {
    let (channel, id) = pick(&stage.known.messages, step.a)?;
    let path = format!("/channels/{channel}/polls/{id}/expire");
    Some(Call::new(Method::POST, path, Value::Null))
}

fn crosspost(stage: &Stage, step: Step) -> Option<Call> {
    let (path, channel) = message_path(stage, step)?;
    let path = format!("{path}/crosspost");
    let right = at_least(Right::In(channel, 0));
    Some(Call::new(Method::POST, path, Value::Null).needs(right))
}

fn thread_from_message(stage: &Stage, step: Step) -> Option<Call> {
    let (path, channel) = message_path(stage, step)?;
    let body = json!({ "name": format!("thread {}", step.b), "auto_archive_duration": 60 });
    let right = at_least(Right::In(channel, bits::CREATE_PUBLIC_THREADS));
    Some(
        Call::new(Method::POST, format!("{path}/threads"), body)
            .needs(right)
            .audited(Audit::One(110))
            .learns(Learns::Channel),
    )
}

fn thread_alone(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let mut body = json!({ "name": format!("thread {}", step.b) });
    let needed = match step.c % 4 {
        0 => {
            body["type"] = json!(12);
            bits::CREATE_PRIVATE_THREADS
        }
        1 => {
            body["message"] = json!({ "content": "a post" });
            0
        }
        2 => {
            body["type"] = json!(10);
            bits::CREATE_PUBLIC_THREADS
        }
        _ => {
            body["type"] = json!(11);
            bits::CREATE_PUBLIC_THREADS
        }
    };
    // In a forum the type does not count, and sending is what one needs.
    let path = format!("/channels/{channel}/threads");
    let _ = needed;
    Some(
        Call::new(Method::POST, path, body)
            .needs(at_least(Right::In(channel, 0)))
            .audited(Audit::One(110))
            .learns(Learns::Channel),
    )
}

fn edit_thread(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    if !stage.look().1.is_thread(&channel) {
        return None;
    }
    let body = match step.b % 5 {
        0 => json!({ "archived": true }),
        1 => json!({ "archived": false }),
        2 => json!({ "locked": step.c.is_multiple_of(2) }),
        3 => json!({ "name": format!("thread {}", step.c) }),
        _ => json!({ "auto_archive_duration": 60, "archived": step.c.is_multiple_of(2) }),
    };
    let path = format!("/channels/{channel}");
    Some(Call::new(Method::PATCH, path, body).audited(Audit::AtMost(111)))
}

fn thread_member(stage: &Stage, step: Step, method: Method, who: &str) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let path = format!("/channels/{channel}/thread-members/{who}");
    Some(Call::new(method, path, Value::Null).needs(at_least(Right::In(channel, 0))))
}

fn join_thread(stage: &Stage, step: Step) -> Option<Call> {
    thread_member(stage, step, Method::PUT, "@me")
}

fn leave_thread(stage: &Stage, step: Step) -> Option<Call> {
    thread_member(stage, step, Method::DELETE, "@me")
}

fn add_to_thread(stage: &Stage, step: Step) -> Option<Call> {
    thread_member(stage, step, Method::PUT, &stage.user(step.b))
}

fn remove_from_thread(stage: &Stage, step: Step) -> Option<Call> {
    thread_member(stage, step, Method::DELETE, &stage.user(step.b))
}

fn create_webhook(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let path = format!("/channels/{channel}/webhooks");
    Some(
        Call::new(
            Method::POST,
            path,
            json!({ "name": format!("hook {}", step.b) }),
        )
        .needs(Right::In(channel, bits::MANAGE_WEBHOOKS))
        .audited(Audit::One(50))
        .learns(Learns::Webhook),
    )
}

fn edit_webhook(stage: &Stage, step: Step) -> Option<Call> {
    let (id, _) = pick(&stage.known.webhooks, step.a)?;
    let body = if step.b.is_multiple_of(2) {
        json!({ "name": format!("hook {}", step.c % 3) })
    } else {
        json!({ "channel_id": pick(&stage.known.channels, step.c)? })
    };
    let call = Call::new(Method::PATCH, format!("/webhooks/{id}"), body);
    Some(call.audited(Audit::AtMost(51)))
}

fn delete_webhook(stage: &Stage, step: Step) -> Option<Call> {
    let (id, _) = pick(&stage.known.webhooks, step.a)?;
    let call = Call::new(Method::DELETE, format!("/webhooks/{id}"), Value::Null);
    Some(call.audited(Audit::One(52)))
}

fn execute_webhook(stage: &Stage, step: Step) -> Option<Call> {
    let (id, token) = pick(&stage.known.webhooks, step.a)?;
    let path = format!("/webhooks/{id}/{token}?wait=true");
    let body = json!({ "content": format!("cry {}", step.b), "username": "crier" });
    Some(Call::new(Method::POST, path, body).learns(Learns::Message))
}

fn invite(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let body =
        json!({ "max_uses": step.b % 3, "max_age": 60 * u64::from(step.c % 3), "unique": true });
    Some(
        Call::new(Method::POST, format!("/channels/{channel}/invites"), body)
            .needs(Right::In(channel, bits::CREATE_INSTANT_INVITE))
            .audited(Audit::One(40))
            .learns(Learns::Invite),
    )
}

fn delete_invite(stage: &Stage, step: Step) -> Option<Call> {
    let code = pick(&stage.known.invites, step.a)?;
    let call = Call::new(Method::DELETE, format!("/invites/{code}"), Value::Null);
    Some(call.audited(Audit::One(42)))
}

fn accept_invite(stage: &Stage, step: Step) -> Option<Call> {
    let code = pick(&stage.known.invites, step.a)?;
    let body = json!({ "as": stage.user(step.actor) });
    let call = Call::new(Method::POST, format!("/invites/{code}"), body).by_control();
    Some(call.audited(Audit::Unjudged))
}

fn create_emoji(stage: &Stage, step: Step) -> Option<Call> {
    let mut body = json!({
        "name": format!("emoji_{}", step.a), "image": "data:image/png;base64,iVBORw0KGgo=",
    });
    if step.b.is_multiple_of(3) {
        body["roles"] = json!([pick(&stage.known.roles, step.b)?]);
    }
    let path = format!("/guilds/{}/emojis", stage.guild);
    Some(
        Call::new(Method::POST, path, body)
            .needs(Right::InGuild(bits::CREATE_EXPRESSIONS))
            .audited(Audit::One(60))
            .learns(Learns::Emoji),
    )
}

fn edit_emoji(stage: &Stage, step: Step) -> Option<Call> {
    let id = pick(&stage.known.emojis, step.a)?;
    let body = json!({ "name": format!("other_{}", step.b % 3) });
    let path = format!("/guilds/{}/emojis/{id}", stage.guild);
    Some(Call::new(Method::PATCH, path, body).audited(Audit::IfChanged(&[61])))
}

fn delete_emoji(stage: &Stage, step: Step) -> Option<Call> {
    let id = pick(&stage.known.emojis, step.a)?;
    let path = format!("/guilds/{}/emojis/{id}", stage.guild);
    Some(Call::new(Method::DELETE, path, Value::Null).audited(Audit::One(62)))
}

fn typing(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let path = format!("/channels/{channel}/typing");
    let right = at_least(Right::In(channel, 0));
    Some(Call::new(Method::POST, path, Value::Null).needs(right))
}

/// Seconds, or hours in which polls end and threads fall asleep.
pub(super) fn wait(stage: &Stage, step: Step) -> Option<Call> {
    stage.pass(if step.a.is_multiple_of(4) {
        3_700_000
    } else {
        u64::from(step.b) * 1_000
    });
    None
}
