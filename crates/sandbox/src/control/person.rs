//! A person who acts through the REST routes, as tests in Rust play one.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{Method, Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::actor::ActAs;
use crate::snowflake::Snowflake;
use crate::world::Refusal;

/// The largest answer that is read back, in bytes.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// A user of the world who can be made to act. Every act answers Discord's JSON or its refusal.
#[derive(Clone, Debug)]
pub struct Person {
    id: Snowflake,
    routes: Router,
}

impl Person {
    pub(crate) fn new(id: Snowflake, routes: Router) -> Self {
        Self { id, routes }
    }

    /// Who it is.
    pub fn id(&self) -> Snowflake {
        self.id
    }

    /// Writes a message.
    pub async fn says(&self, channel: Snowflake, content: &str) -> Result<Value, Refusal> {
        let path = format!("/channels/{channel}/messages");
        self.does(Method::POST, &path, &json!({ "content": content }))
            .await
    }

    /// Answers a message.
    pub async fn replies(
        &self,
        channel: Snowflake,
        message: Snowflake,
        content: &str,
    ) -> Result<Value, Refusal> {
        let path = format!("/channels/{channel}/messages");
        let body = json!({ "content": content, "message_reference": { "message_id": message } });
        self.does(Method::POST, &path, &body).await
    }

    /// Changes an own message.
    pub async fn edits(
        &self,
        channel: Snowflake,
        message: Snowflake,
        content: &str,
    ) -> Result<Value, Refusal> {
        let path = format!("/channels/{channel}/messages/{message}");
        self.does(Method::PATCH, &path, &json!({ "content": content }))
            .await
    }

    /// Deletes a message.
    pub async fn deletes(&self, channel: Snowflake, message: Snowflake) -> Result<(), Refusal> {
        let path = format!("/channels/{channel}/messages/{message}");
        self.does(Method::DELETE, &path, &Value::Null)
            .await
            .map(drop)
    }

    /// Reacts; `emoji` is a character, or `name:id`.
    pub async fn reacts(
        &self,
        channel: Snowflake,
        message: Snowflake,
        emoji: &str,
    ) -> Result<(), Refusal> {
        let emoji = encoded(emoji);
        let path = format!("/channels/{channel}/messages/{message}/reactions/{emoji}/@me");
        self.does(Method::PUT, &path, &Value::Null).await.map(drop)
    }

    /// Shows as typing.
    pub async fn types(&self, channel: Snowflake) -> Result<(), Refusal> {
        let path = format!("/channels/{channel}/typing");
        self.does(Method::POST, &path, &Value::Null).await.map(drop)
    }

    /// Presses a button of a message.
    pub async fn presses(
        &self,
        channel: Snowflake,
        message: Snowflake,
        custom_id: &str,
    ) -> Result<(), Refusal> {
        let body = json!({
            "type": 3,
            "channel_id": channel,
            "message_id": message,
            "data": { "component_type": 2, "custom_id": custom_id },
        });
        self.does(Method::POST, "/interactions", &body)
            .await
            .map(drop)
    }

    /// Picks in a select of a message; answers the interaction's `{id}`.
    pub async fn picks(
        &self,
        channel: Snowflake,
        message: Snowflake,
        custom_id: &str,
        values: &[&str],
    ) -> Result<Value, Refusal> {
        let body = json!({
            "type": 3,
            "channel_id": channel,
            "message_id": message,
            "data": { "custom_id": custom_id, "values": values },
        });
        self.does(Method::POST, "/interactions", &body).await
    }

    /// Runs a command: `name` with its subcommands, `options` as an object of names and values;
    /// answers the interaction's `{id}`.
    pub async fn runs(
        &self,
        channel: Snowflake,
        name: &str,
        options: &Value,
    ) -> Result<Value, Refusal> {
        let data = json!({ "name": name, "options": options });
        let body = json!({ "type": 2, "channel_id": channel, "data": data });
        self.does(Method::POST, "/interactions", &body).await
    }

    /// Has an option of a command completed while it is typed; answers the interaction's `{id}`.
    pub async fn completes(
        &self,
        channel: Snowflake,
        name: &str,
        options: &Value,
        focused: &str,
    ) -> Result<Value, Refusal> {
        let data = json!({ "name": name, "options": options, "focused": focused });
        let body = json!({ "type": 4, "channel_id": channel, "data": data });
        self.does(Method::POST, "/interactions", &body).await
    }

    /// Fills in the modal that answered an interaction; `fields` are values by custom id.
    pub async fn fills(
        &self,
        channel: Snowflake,
        interaction: Snowflake,
        fields: &Value,
    ) -> Result<Value, Refusal> {
        let body = json!({
            "type": 5,
            "channel_id": channel,
            "interaction_id": interaction,
            "data": { "fields": fields },
        });
        self.does(Method::POST, "/interactions", &body).await
    }

    /// Leaves a guild.
    pub async fn leaves(&self, guild: Snowflake) -> Result<(), Refusal> {
        let path = format!("/users/@me/guilds/{guild}");
        self.does(Method::DELETE, &path, &Value::Null)
            .await
            .map(drop)
    }

    /// Makes any request of Discord's API; `path` is without `/api/v10`, a null body is none.
    pub async fn does(&self, method: Method, path: &str, body: &Value) -> Result<Value, Refusal> {
        let bytes = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v10{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(bytes)
            .map_err(|error| refusal(400, &error.to_string()))?;
        let response = act(&self.routes, self.id, request).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), MAX_ANSWER_BYTES)
            .await
            .map_err(|error| refusal(500, &error.to_string()))?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(answer);
        }
        Err(Refusal {
            status: status.as_u16(),
            code: answer["code"]
                .as_u64()
                .and_then(|code| u32::try_from(code).ok())
                .unwrap_or(0),
            message: answer["message"]
                .as_str()
                .unwrap_or("no message")
                .to_owned(),
            errors: answer.get("errors").cloned(),
            retry_after_ms: waiting_ms(&answer),
        })
    }
}

/// Makes a request as a user.
pub(super) async fn act(routes: &Router, user: Snowflake, mut request: Request<Body>) -> Response {
    request.extensions_mut().insert(ActAs(user));
    match routes.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Percent-encodes one segment of a path.
pub(crate) fn encoded(segment: &str) -> String {
    percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// `retry_after` of a 429, which is in seconds.
fn waiting_ms(answer: &Value) -> Option<u64> {
    let wait = Duration::try_from_secs_f64(answer["retry_after"].as_f64()?).ok()?;
    u64::try_from(wait.as_millis()).ok()
}

fn refusal(status: u16, message: &str) -> Refusal {
    Refusal {
        status,
        code: 0,
        message: message.to_owned(),
        errors: None,
        retry_after_ms: None,
    }
}
