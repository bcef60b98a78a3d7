//! What people do on the page. A form becomes one request to the control API, made as the person
//! whose page it is; the page itself changes nothing. Then the browser is sent back to the channel,
//! or shown what Discord refused.

mod fill;
mod form;
mod interact;
mod send;
mod talk;

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(super) use form::Form;

use super::html::Told;
use super::{Page, show};
use crate::snowflake::Snowflake;

/// The largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Wrong fields that are told.
const MAX_DETAILS: usize = 8;

/// What the control API answered.
pub(super) enum Answered {
    Done(Value),
    Refused {
        status: StatusCode,
        message: String,
        /// Wrong fields.
        details: Vec<String>,
    },
}

/// A request to the control API.
struct Step {
    method: Method,
    path: String,
    body: Payload,
    /// Where the browser goes when it is done.
    then: Then,
}

enum Payload {
    Json(Value),
    /// A message or interaction with files.
    Files(Value, Vec<form::File>),
}

/// Where to go afterwards.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Then {
    /// Back to the channel of the form.
    Back,
    /// To the channel or thread that was answered.
    Answered,
    /// To the person's first channel.
    Home,
    /// To the channel that a field names.
    Field(&'static str),
    /// To where the bot's answer can be seen, once there is one.
    Interaction,
}

impl Step {
    fn new(method: Method, path: String, body: Value) -> Self {
        Self {
            method,
            path,
            body: Payload::Json(body),
            then: Then::Back,
        }
    }

    fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}

/// `POST /as/{user}/do/{verb}`
pub(super) async fn perform(
    State(page): State<Arc<Page>>,
    Path((user, verb)): Path<(Snowflake, String)>,
    form: Form,
) -> Response {
    if !form.is_from(&page) {
        return forbidden();
    }
    let channel = form.id("channel");
    let draft = form.text("content").to_owned();
    if verb == "person" {
        return join(&page, &form).await;
    }
    if verb == "complete" {
        return complete(&page, user, form).await;
    }
    let step = talk::step(user, &verb, &form)
        .or_else(|| send::step(&verb, &form))
        .or_else(|| {
            page.desk
                .shared
                .read(|world| interact::step(world, user, &verb, &form))
        });
    let Some(step) = step else {
        let notice = "That form was not complete.".to_owned();
        return told(
            &page,
            user,
            channel,
            StatusCode::BAD_REQUEST,
            Told {
                notice: Some(notice),
                draft,
                ..Told::default()
            },
        );
    };
    let then = step.then;
    let to = match then {
        Then::Field(name) => form.id(name),
        _ => channel,
    };
    match page.run(user, step, form).await {
        Answered::Done(answer) => done(&page, user, to, then, &answer).await,
        Answered::Refused {
            status,
            message,
            details,
        } => {
            let told_now = Told {
                notice: Some(message),
                details,
                draft,
            };
            told(&page, user, channel, status, told_now)
        }
    }
}

/// Sends the browser on.
async fn done(
    page: &Page,
    user: Snowflake,
    channel: Option<Snowflake>,
    then: Then,
    answer: &Value,
) -> Response {
    let at = |channel: Snowflake| format!("/as/{user}/channels/{channel}");
    let here = channel.map_or_else(|| format!("/as/{user}"), at);
    let target = match then {
        Then::Answered => super::view::id(answer, "id").map_or(here, at),
        Then::Home => format!("/as/{user}"),
        Then::Interaction => {
            let id = super::view::id(answer, "id").unwrap_or_default();
            match interact::outcome(page, id).await {
                interact::Outcome::Answered => here,
                interact::Outcome::Modal => format!("{here}?modal={id}"),
                interact::Outcome::Silence => format!("{here}?notice=no-answer"),
            }
        }
        Then::Back | Then::Field(_) => here,
    };
    Redirect::to(&target).into_response()
}

/// Somebody new, who joins the guild that is open.
async fn join(page: &Page, form: &Form) -> Response {
    let created = page
        .ask(
            Method::POST,
            "/users",
            &json!({ "username": form.text("username") }),
        )
        .await;
    let user = match created {
        Answered::Done(user) => super::view::id(&user, "id").unwrap_or_default(),
        Answered::Refused {
            status, message, ..
        } => return (status, message).into_response(),
    };
    if let Some(guild) = form.id("guild") {
        let path = format!("/guilds/{guild}/members");
        page.ask(Method::POST, &path, &json!({ "user_id": user }))
            .await;
    }
    Redirect::to(&format!("/as/{user}")).into_response()
}

/// What a bot proposes for the option that is being typed, for the script.
async fn complete(page: &Page, user: Snowflake, form: Form) -> Response {
    let shared = &page.desk.shared;
    let step = shared.read(|world| interact::step(world, user, "complete", &form));
    let Some(step) = step else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match page.run(user, step, form).await {
        Answered::Done(answer) => {
            let id = super::view::id(&answer, "id").unwrap_or_default();
            interact::outcome(page, id).await;
            let seen = shared
                .read(|world| world.seen_interaction(id))
                .unwrap_or_default();
            let choices = super::view::list(&seen["response"], "choices");
            Json(json!(choices)).into_response()
        }
        Answered::Refused { status, .. } => status.into_response(),
    }
}

/// The channel again, with what was refused.
fn told(
    page: &Page,
    user: Snowflake,
    channel: Option<Snowflake>,
    status: StatusCode,
    told: Told,
) -> Response {
    match channel {
        Some(channel) => show::screen(page, user, channel, &show::Wish::default(), &told, status),
        None => (status, told.notice.unwrap_or_default()).into_response(),
    }
}

/// A form without our token.
pub(super) fn forbidden() -> Response {
    let why = "the form is not from this page, or the sandbox was started anew: load it again";
    (StatusCode::FORBIDDEN, why).into_response()
}

impl Page {
    /// Asks the control API; a null body is none.
    pub(super) async fn ask(&self, method: Method, path: &str, body: &Value) -> Answered {
        let bytes = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.request(method, path, "application/json", bytes).await
    }

    async fn run(&self, user: Snowflake, step: Step, mut form: Form) -> Answered {
        match step.body {
            Payload::Json(Value::Null) => {
                let path = format!("{}?as={user}", step.path);
                self.ask(step.method, &path, &Value::Null).await
            }
            Payload::Json(mut body) => {
                body["as"] = json!(user);
                self.ask(step.method, &step.path, &body).await
            }
            Payload::Files(body, mut files) => {
                files.append(&mut form.files);
                let (kind, bytes) = send::multipart(&body, &files);
                let path = format!("{}?as={user}", step.path);
                self.request(step.method, &path, &kind, Body::from(bytes))
                    .await
            }
        }
    }

    async fn request(&self, method: Method, path: &str, kind: &str, body: Body) -> Answered {
        let request = Request::builder()
            .method(method)
            .uri(format!("/control{path}"))
            .header(header::CONTENT_TYPE, kind)
            .body(body);
        let request = match request {
            Ok(request) => request,
            Err(error) => return refused(StatusCode::BAD_REQUEST, error.to_string()),
        };
        let response = match self.control.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = to_bytes(response.into_body(), MAX_ANSWER_BYTES).await;
        let answer: Value = serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
        if status.is_success() {
            return Answered::Done(answer);
        }
        let message = answer["message"]
            .as_str()
            .unwrap_or("refused without a word");
        let code = answer["code"].as_u64().filter(|code| *code > 0);
        let mut details = Vec::new();
        wrong_fields(&answer["errors"], "", &mut details);
        Answered::Refused {
            status,
            message: match code {
                Some(code) => format!("{message} ({code})"),
                None => message.to_owned(),
            },
            details,
        }
    }
}

fn refused(status: StatusCode, message: String) -> Answered {
    Answered::Refused {
        status,
        message,
        details: Vec::new(),
    }
}

/// Nested errors of a form as lines.
fn wrong_fields(errors: &Value, path: &str, lines: &mut Vec<String>) {
    for (key, inner) in errors.as_object().into_iter().flatten() {
        if lines.len() >= MAX_DETAILS {
            return;
        }
        if key == "_errors" {
            let messages = inner.as_array().into_iter().flatten();
            let messages = messages.filter_map(|error| error["message"].as_str());
            lines.extend(messages.map(|message| format!("{path}: {message}")));
        } else {
            let inside = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            wrong_fields(inner, &inside, lines);
        }
    }
}
