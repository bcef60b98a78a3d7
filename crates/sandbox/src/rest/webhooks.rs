//! Webhooks, with a bot or with the token in the path.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::HeaderMap;

use super::call::{Call, OpenCall};
use super::reply::Reply;
use crate::world::guild::webhook::WebhookTarget;
use crate::world::interaction::Interaction;
use crate::world::{Answer, MessageEdit, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/webhooks/{webhook}", get(one).patch(modify).delete(remove))
        .route(
            "/webhooks/{webhook}/{token}",
            get(one_by_token)
                .patch(modify_by_token)
                .delete(remove_by_token)
                .post(execute),
        )
        .route("/webhooks/{webhook}/{token}/slack", post(slack))
        .route("/webhooks/{webhook}/{token}/github", post(github))
        .route(
            "/webhooks/{webhook}/{token}/messages/{message}",
            get(get_message).patch(edit_message).delete(delete_message),
        )
}

async fn one(call: Call) -> Reply {
    let webhook = call.id("webhook");
    Reply::ok(webhook.and_then(|id| call.read(|world, by| world.get_webhook(by, id))))
}

async fn modify(call: Call) -> Reply {
    let webhook = call.id("webhook");
    let answer = webhook
        .and_then(|id| call.write(|world, by| world.modify_webhook(Some(by), id, call.body())));
    Reply::ok(answer)
}

async fn remove(call: Call) -> Reply {
    let webhook = call.id("webhook");
    Reply::done(webhook.and_then(|id| call.write(|world, by| world.delete_webhook(Some(by), id))))
}

async fn one_by_token(call: OpenCall) -> Reply {
    let answer = || {
        let id = call.id("webhook")?;
        call.shared
            .read(|world| world.get_webhook_by_token(id, call.text("token")))
    };
    Reply::ok(answer())
}

async fn modify_by_token(call: OpenCall) -> Reply {
    let answer = || {
        let id = call.id("webhook")?;
        call.shared.write(|world| {
            world.webhook_by_token(id, call.text("token"))?;
            world.modify_webhook(None, id, &call.body)
        })
    };
    Reply::ok(answer())
}

async fn remove_by_token(call: OpenCall) -> Reply {
    let answer = || {
        let id = call.id("webhook")?;
        call.shared.write(|world| {
            world.webhook_by_token(id, call.text("token"))?;
            world.delete_webhook(None, id)
        })
    };
    Reply::done(answer())
}

fn target(call: &OpenCall) -> Answer<WebhookTarget> {
    Ok(WebhookTarget {
        thread: call.query_id("thread_id")?,
    })
}

/// The interaction, when the path names an application instead of a webhook.
fn interaction(call: &OpenCall) -> Option<Answer<Interaction>> {
    let id = call.id("webhook").ok()?;
    let token = call.text("token");
    call.shared.read(|world| {
        world.application_of(id)?;
        Some(world.followed_interaction(id, token).cloned())
    })
}

/// Answers the message only when asked to `wait`; followups always do.
async fn execute(mut call: OpenCall) -> Reply {
    let files = std::mem::take(&mut call.files);
    if let Some(found) = interaction(&call) {
        let follow = |it: Interaction| {
            call.shared
                .write(|world| world.follow_up(&it, &call.body, files))
        };
        return Reply::ok(found.and_then(follow));
    }
    let answer = || {
        let (id, target) = (call.id("webhook")?, target(&call)?);
        let token = call.text("token");
        call.shared
            .write(|world| world.execute_webhook(id, token, target, &call.body, files))
    };
    if call.flag("wait") {
        Reply::ok(answer())
    } else {
        Reply::done(answer().map(drop))
    }
}

async fn slack(call: OpenCall) -> Reply {
    let answer = || {
        let (id, target) = (call.id("webhook")?, target(&call)?);
        let token = call.text("token");
        call.shared
            .write(|world| world.execute_slack_webhook(id, token, target, &call.body))
    };
    Reply::ok(answer())
}

async fn github(headers: HeaderMap, call: OpenCall) -> Reply {
    let event = headers
        .get("x-github-event")
        .and_then(|event| event.to_str().ok());
    let event = event.unwrap_or_default();
    let answer = || {
        let (id, target) = (call.id("webhook")?, target(&call)?);
        let token = call.text("token");
        call.shared
            .write(|world| world.execute_github_webhook(id, token, target, event, &call.body))
    };
    Reply::done(answer())
}

async fn get_message(call: OpenCall) -> Reply {
    if let Some(found) = interaction(&call) {
        let name = call.text("message");
        let get = |it: Interaction| call.shared.read(|world| world.get_answer(&it, name));
        return Reply::ok(found.and_then(get));
    }
    let answer = || {
        let (id, message, target) = (call.id("webhook")?, call.id("message")?, target(&call)?);
        let token = call.text("token");
        call.shared
            .read(|world| world.get_webhook_message(id, token, target, message))
    };
    Reply::ok(answer())
}

async fn edit_message(mut call: OpenCall) -> Reply {
    let files = std::mem::take(&mut call.files);
    if let Some(found) = interaction(&call) {
        let (name, body) = (call.text("message"), &call.body);
        let edit = |it: Interaction| {
            call.shared
                .write(|world| world.edit_answer(&it, name, body, files))
        };
        return Reply::ok(found.and_then(edit));
    }
    let answer = || {
        let (id, message, target) = (call.id("webhook")?, call.id("message")?, target(&call)?);
        let edit = MessageEdit::parse(&call.body, files)?;
        let token = call.text("token");
        call.shared
            .write(|world| world.edit_webhook_message(id, token, target, message, edit))
    };
    Reply::ok(answer())
}

async fn delete_message(call: OpenCall) -> Reply {
    if let Some(found) = interaction(&call) {
        let name = call.text("message");
        let delete = |it: Interaction| call.shared.write(|world| world.delete_answer(&it, name));
        return Reply::done(found.and_then(delete));
    }
    let answer = || {
        let (id, message, target) = (call.id("webhook")?, call.id("message")?, target(&call)?);
        let token = call.text("token");
        call.shared
            .write(|world| world.delete_webhook_message(id, token, target, message))
    };
    Reply::done(answer())
}
