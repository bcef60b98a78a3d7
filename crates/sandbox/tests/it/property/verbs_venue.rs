//! Everything that a story can arrange: events, stages, sounds, rules of AutoMod, a welcome.
#![expect(
    clippy::unnecessary_wraps,
    reason = "verbs are rows of one table, and some find nothing to act on"
)]

use reqwest::Method;
use serde_json::{Value, json};

use super::call::{Audit, Call, Learns, Step};
use super::facts::{self as bits, Right};
use super::stage::Stage;
use super::verbs::pick;

type Verb = fn(&Stage, Step) -> Option<Call>;

pub(super) const VERBS: &[Verb] = &[
    create_event,
    edit_event,
    delete_event,
    interest,
    open_stage,
    close_stage,
    create_sound,
    edit_sound,
    delete_sound,
    create_rule,
    edit_rule,
    delete_rule,
    welcome,
    create_template,
];

fn create_event(stage: &Stage, step: Step) -> Option<Call> {
    let mut body = json!({
        "name": format!("event {}", step.b), "privacy_level": 2,
        "scheduled_start_time": "2026-01-01T02:00:00Z",
    });
    if step.c.is_multiple_of(2) {
        body["entity_type"] = json!(3);
        body["scheduled_end_time"] = json!("2026-01-01T05:00:00Z");
        body["entity_metadata"] = json!({ "location": "the old market" });
    } else {
        body["entity_type"] = json!(if step.c % 4 == 1 { 2 } else { 1 });
        body["channel_id"] = json!(pick(&stage.known.channels, step.a)?);
    }
    let path = format!("/guilds/{}/scheduled-events", stage.guild);
    let call = Call::new(Method::POST, path, body).audited(Audit::One(100));
    Some(call.learns(Learns::Event))
}

fn event_path(stage: &Stage, step: Step) -> Option<String> {
    let id = pick(&stage.known.events, step.a)?;
    Some(format!("/guilds/{}/scheduled-events/{id}", stage.guild))
}

fn edit_event(stage: &Stage, step: Step) -> Option<Call> {
    let body = match step.b % 4 {
        0 => json!({ "name": format!("event {}", step.c % 3) }),
        1 => json!({ "status": 2 }),
        2 => json!({ "status": 3 }),
        _ => json!({ "description": format!("about {}", step.c % 3) }),
    };
    let call = Call::new(Method::PATCH, event_path(stage, step)?, body);
    // An event that starts or ends takes its stage with it.
    Some(call.audited(Audit::Unjudged))
}

fn delete_event(stage: &Stage, step: Step) -> Option<Call> {
    let call = Call::new(Method::DELETE, event_path(stage, step)?, Value::Null);
    Some(call.audited(Audit::One(102)))
}

fn interest(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.actor);
    let path = format!("{}/users/@me?as={user}", event_path(stage, step)?);
    let method = if step.b.is_multiple_of(3) {
        Method::DELETE
    } else {
        Method::PUT
    };
    Some(Call::new(method, path, Value::Null).by_control())
}

fn open_stage(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let body = json!({ "channel_id": channel, "topic": format!("topic {}", step.b) });
    let call = Call::new(Method::POST, "/stage-instances".into(), body);
    Some(call.audited(Audit::One(83)))
}

fn close_stage(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let path = format!("/stage-instances/{channel}");
    let call = Call::new(Method::DELETE, path, Value::Null);
    Some(call.audited(Audit::Unjudged))
}

fn create_sound(stage: &Stage, step: Step) -> Option<Call> {
    let sound = "data:audio/ogg;base64,T2dnUwAAwKgAAAAAAABPcHVzSGVhZA==";
    let body = json!({ "name": format!("sound {}", step.b), "sound": sound });
    let path = format!("/guilds/{}/soundboard-sounds", stage.guild);
    Some(
        Call::new(Method::POST, path, body)
            .needs(Right::InGuild(bits::CREATE_EXPRESSIONS))
            .audited(Audit::One(130))
            .learns(Learns::Sound),
    )
}

fn sound_path(stage: &Stage, step: Step) -> Option<String> {
    let id = pick(&stage.known.sounds, step.a)?;
    Some(format!("/guilds/{}/soundboard-sounds/{id}", stage.guild))
}

fn edit_sound(stage: &Stage, step: Step) -> Option<Call> {
    let body = json!({ "name": format!("sound {}", step.b % 3), "emoji_name": "🔔" });
    let call = Call::new(Method::PATCH, sound_path(stage, step)?, body);
    Some(call.audited(Audit::IfChanged(&[131])))
}

fn delete_sound(stage: &Stage, step: Step) -> Option<Call> {
    let call = Call::new(Method::DELETE, sound_path(stage, step)?, Value::Null);
    Some(call.audited(Audit::One(132)))
}

fn create_rule(stage: &Stage, step: Step) -> Option<Call> {
    let mut body = json!({
        "name": format!("rule {}", step.b), "event_type": 1, "trigger_type": 1, "enabled": true,
        "trigger_metadata": { "keyword_filter": ["forbidden"] }, "actions": [{ "type": 1 }],
    });
    if step.c.is_multiple_of(2) {
        let channel = pick(&stage.known.channels, step.a)?;
        body["actions"] = json!([{ "type": 2, "metadata": { "channel_id": channel } }]);
        body["exempt_roles"] = json!([pick(&stage.known.roles, step.b)?]);
    }
    let path = format!("/guilds/{}/auto-moderation/rules", stage.guild);
    Some(
        Call::new(Method::POST, path, body)
            .needs(Right::AtLeast(Box::new(Right::InGuild(bits::MANAGE_GUILD))))
            .audited(Audit::One(140))
            .learns(Learns::Rule),
    )
}

fn rule_path(stage: &Stage, step: Step) -> Option<String> {
    let id = pick(&stage.known.rules, step.a)?;
    Some(format!(
        "/guilds/{}/auto-moderation/rules/{id}",
        stage.guild
    ))
}

fn edit_rule(stage: &Stage, step: Step) -> Option<Call> {
    let body =
        json!({ "name": format!("rule {}", step.b % 3), "enabled": step.c.is_multiple_of(2) });
    Some(
        Call::new(Method::PATCH, rule_path(stage, step)?, body)
            .needs(Right::InGuild(bits::MANAGE_GUILD))
            .audited(Audit::AtMost(141)),
    )
}

fn delete_rule(stage: &Stage, step: Step) -> Option<Call> {
    Some(
        Call::new(Method::DELETE, rule_path(stage, step)?, Value::Null)
            .needs(Right::InGuild(bits::MANAGE_GUILD))
            .audited(Audit::One(142)),
    )
}

fn welcome(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let body = json!({ "enabled": true, "description": format!("welcome {}", step.b % 3),
        "welcome_channels": [{ "channel_id": channel, "description": "here" }] });
    let path = format!("/guilds/{}/welcome-screen", stage.guild);
    let right = Right::InGuild(bits::MANAGE_GUILD);
    let call = Call::new(Method::PATCH, path, body).needs(Right::AtLeast(Box::new(right)));
    Some(call.audited(Audit::Unjudged))
}

fn create_template(stage: &Stage, step: Step) -> Option<Call> {
    let body = json!({ "name": format!("template {}", step.b) });
    let path = format!("/guilds/{}/templates", stage.guild);
    let right = Right::InGuild(bits::MANAGE_GUILD);
    let call = Call::new(Method::POST, path, body).needs(Right::AtLeast(Box::new(right)));
    Some(call.audited(Audit::Unjudged))
}
