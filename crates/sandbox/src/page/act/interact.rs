//! Acts that a bot answers: buttons, selects, commands, modals. The browser waits as long as
//! Discord would, so that it can be shown the modal that a bot opens.

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::fill::filled;
use super::form::Form;
use super::{Payload, Step, Then};
use crate::page::Page;
use crate::page::view::{self, Parameter};
use crate::snowflake::Snowflake;
use crate::world::World;

/// A bot has three seconds; a little more for the way.
const PATIENCE: Duration = Duration::from_millis(3_200);
/// How often the world is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Discord: Interaction Type.
const COMMAND: u64 = 2;
const COMPONENT: u64 = 3;
const AUTOCOMPLETE: u64 = 4;
const MODAL: u64 = 5;

/// The request of a verb; `None` for another verb, or without what it needs.
pub(super) fn step(world: &World, user: Snowflake, verb: &str, form: &Form) -> Option<Step> {
    let channel = form.id("channel")?;
    let mut body = match verb {
        "press" => json!({
            "type": COMPONENT,
            "message_id": form.id("message")?,
            "data": { "component_type": 2, "custom_id": form.text("custom_id") },
        }),
        "choose" => json!({
            "type": COMPONENT,
            "message_id": form.id("message")?,
            "data": {
                "component_type": 3,
                "custom_id": form.text("custom_id"),
                "values": form.all("values"),
            },
        }),
        "fill" => {
            let interaction = form.id("interaction")?;
            let modal = view::open_modal(world, user, interaction)?;
            json!({ "type": MODAL, "interaction_id": interaction, "data": filled(&modal, form) })
        }
        "menu" => {
            let (application, name) = form.text("command").split_once(':')?;
            json!({
                "type": COMMAND,
                "application_id": application,
                "data": { "type": 3, "name": name, "target_id": form.id("message")? },
            })
        }
        "run" | "complete" => {
            let application = form.id("application")?;
            let known = view::chat_commands(world, user, channel);
            let command = known.into_iter().find(|command| {
                command.application == application && command.path.join(" ") == form.text("path")
            })?;
            let mut body = json!({
                "type": COMMAND,
                "application_id": application,
                "data": {
                    "type": 1,
                    "name": command.path.join(" "),
                    "options": options(&command.parameters, form),
                },
            });
            if verb == "complete" {
                body["type"] = json!(AUTOCOMPLETE);
                body["data"]["focused"] = json!(form.text("focused"));
            }
            body
        }
        _ => return None,
    };
    body["channel_id"] = json!(channel);
    Some(Step {
        method: Method::POST,
        path: "/interactions".into(),
        body: if form.files.is_empty() {
            Payload::Json(body)
        } else {
            Payload::Files(body, Vec::new())
        },
        then: Then::Interaction,
    })
}

/// What was filled in, by name; the world reads each as the command's parameter asks for it.
fn options(parameters: &[Parameter], form: &Form) -> Value {
    let mut options = Map::new();
    for parameter in parameters {
        let field = format!("o:{}", parameter.name);
        let file = form.files.iter().position(|file| file.field == field);
        let text = form.text(&field);
        match file {
            Some(index) => options.insert(parameter.name.clone(), json!(index.to_string())),
            None if text.is_empty() => continue,
            None => options.insert(parameter.name.clone(), json!(text)),
        };
    }
    Value::Object(options)
}

/// What a bot made of an interaction.
pub(super) enum Outcome {
    Answered,
    Modal,
    Silence,
}

/// Waits for the bot's first answer.
pub(super) async fn outcome(page: &Page, interaction: Snowflake) -> Outcome {
    let looks = PATIENCE.as_millis() / LOOK_EVERY.as_millis();
    for _ in 0..looks {
        let shared = &page.desk.shared;
        let seen = shared.read(|world| world.seen_interaction(interaction));
        let seen = seen.unwrap_or_default();
        if seen["response"]["modal"].is_object() {
            return Outcome::Modal;
        }
        if seen["status"] != "waiting" {
            let answered = seen["status"] == "answered";
            return if answered {
                Outcome::Answered
            } else {
                Outcome::Silence
            };
        }
        if page.cancel.is_cancelled() {
            break;
        }
        sleep(LOOK_EVERY).await;
    }
    Outcome::Silence
}
