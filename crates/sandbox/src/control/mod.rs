//! The control API: people act, the world is looked at, limits and faults are set. It is JSON under
//! `/control`, needs no token, and is for the machine that the sandbox runs on.
//!
//! People act through the very routes that bots use, with their own permissions and Discord's own
//! errors: any request to `/control/channels/…` or `/control/guilds/…` is made as
//! `/api/v10/channels/…` or `/api/v10/guilds/…` by the user whom `as` names (a field of the JSON
//! body, or of the query for other bodies). Without `as`, the guild's owner acts.
//!
//! | request | what |
//! |---|---|
//! | `POST /control/channels/{id}/messages` `{as, content, reply_to?, …}` | a person writes |
//! | `PATCH`, `DELETE /control/channels/{id}/messages/{id}` `{as, …}` | edits, deletes |
//! | `PUT`, `DELETE /control/channels/{id}/messages/{id}/reactions/{emoji}` `{as}` | reacts |
//! | `POST /control/channels/{id}/typing` `{as}` | types |
//! | `PUT /control/channels/{id}/permissions/{id}` `{allow, deny, type}` | sets an overwrite |
//! | `POST /control/guilds/{id}/channels`, `/roles` | makes a channel, a role |
//! | `PUT`, `DELETE /control/guilds/{id}/members/{id}/roles/{id}` | gives, takes a role |
//! | `POST /control/guilds/{id}/members` `{user_id, permissions?}`, `DELETE …/members/{id}` | joins, leaves |
//! | `POST /control/guilds` (a [`crate::GuildSpec`]) | a whole guild, with new people and bots |
//! | `POST /control/users/@me/channels` `{as, recipient_id}` | opens a direct message |
//! | `GET /control/channels/{id}/application-command-index?as=` | the commands that a person may use there |
//! | `POST /control/interactions` `{as, type: 2, channel_id, data: {name, options}}` | runs a command; `"name": "role add"`, `"options": {"who": "1"}` will do |
//! | the same with `type: 4` and `data.focused` | has an option completed |
//! | `{as, type: 3, channel_id, message_id, data: {custom_id, values?}}` | presses, picks |
//! | `{as, type: 5, channel_id, interaction_id, data: {fields: {custom_id: value}}}` | fills in a modal |
//! | `GET /control/interactions/{id}` | what the bot answered: ephemeral message, choices, modal |
//! | `PUT /control/applications/{id}/guilds/{id}/commands/{id}/permissions` `{as, permissions}` | says who may use a command |
//! | `PATCH /control/users/@me` `{as, username?, global_name?, avatar?}` | renames, and shows another picture |
//! | `POST /control/skus` `{application_id, name, type}` | puts something up for sale: 2 lasts, 3 is used up, 5 is a subscription |
//! | `POST /control/skus/{id}/purchases` `{as, guild_id?}` | buys it |
//! | `POST /control/users` `{username, bot?}` | a person, or a bot with its token |
//! | `PUT /control/users/{id}/presence` `{status, activities?}` | shows as online, idle, … |
//! | `PUT /control/guilds/{id}/members/{id}/voice` `{channel_id, self_mute?, self_deaf?, self_video?, self_stream?, idle?}` | enters voice; null leaves; the idle end in the AFK channel |
//! | `PUT /control/guilds/{id}/features` `{features?, premium_tier?}` | grants what Discord or its payments would |
//! | `PATCH /control/guilds/{id}/vanity-url` `{as, code}` | chooses the vanity URL |
//! | `POST /control/guilds/templates/{code}` `{as, name}` | starts a guild from a template |
//! | `POST /control/guilds/{id}/onboarding-responses` `{as, onboarding_responses}` | answers the questions of onboarding |
//! | `PUT /control/guilds/{id}/new-member-welcome` `{as, enabled, …}` | writes the server guide |
//! | `POST /control/guilds/{id}/requests` `{as, form_responses?}` | asks to be let in |
//! | `PATCH /control/guilds/{id}/voice-states/@me` `{as, suppress?, request_to_speak_timestamp?}` | asks to speak on a stage, accepts, goes back |
//! | `POST /control/stage-instances` `{as, channel_id, topic}`, `DELETE …/{channel}` `{as}` | opens, closes a stage |
//! | `PUT`, `DELETE /control/guilds/{id}/scheduled-events/{id}/users/@me` `{as}` | is interested in an event, or no more |
//! | `POST /control/invites/{code}` `{as}` | joins by an invite |
//! | `PUT /control/users/{id}/direct-messages` `{accepted}` | whether DMs reach somebody |
//! | `PUT /control/channels/{id}/polls/{id}/answers/@me` `{as, answer_ids}` | votes for these |
//! | `PUT /control/users/{id}/intents` `{privileged}` | privileged intents that a bot may use |
//! | `GET /control/state` | the world, sessions, limits, faults |
//! | `GET`, `PUT /control/snapshot` | the whole world as a document, and back to it |
//! | `GET`, `POST /control/snapshots` `{name}` | named snapshots in memory: all, a new one |
//! | `POST /control/snapshots/{name}/restore`, `DELETE /control/snapshots/{name}` | back to one; forgets it |
//! | `GET`, `DELETE /control/requests` | the last 1,000 REST requests |
//! | `POST /control/clock/advance` `{ms}` | moves the clock forward |
//! | `GET`, `PUT /control/limits` (a [`crate::Limits`]) | rate limits; windows start anew |
//! | `GET`, `POST`, `DELETE /control/faults` (a [`crate::Fault`]) | faults of REST and Gateway |
//! | `DELETE /control/faults/{id}` | switches one off |
//! | `POST /control/gateway/disconnect` `{code?, resumable?}` | closes every websocket |
//! | `POST /control/gateway/drop` `{resumable?}` | cuts every websocket without a close frame |
//! | `POST /control/gateway/reconnect` | op 7 to every session |
//! | `POST /control/gateway/invalidate` `{resumable?}` | op 9 to every session |
//! | `POST /control/gateway/heartbeat` | op 1 to every session |
//! | `PUT /control/gateway/outage` `{guild_id, unavailable}` | a guild is gone for a while |
//! | `POST /control/gateway/silence` | present websockets hear nothing more |

mod act;
mod grant;
mod operate;
mod people;
mod person;
mod snapshots;
mod state;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

pub use person::Person;
pub(crate) use snapshots::router as snapshot_router;

use crate::desk::Desk;
use crate::snowflake::Snowflake;
use crate::world::Refusal;

/// What every handler needs.
#[derive(Clone)]
struct Control {
    desk: Arc<Desk>,
    /// REST without its front: people are neither limited nor faulted.
    people: Router,
}

/// The routes of the control API. `people` is the REST router.
pub(crate) fn router(desk: Arc<Desk>, people: Router) -> Router {
    Router::new()
        .route("/control/state", get(state::show))
        .route(
            "/control/requests",
            get(state::requests).delete(state::forget_requests),
        )
        .route("/control/users", post(people::create_user))
        .route(
            "/control/users/{id}/direct-messages",
            put(people::accept_dms),
        )
        .route("/control/users/{id}/intents", put(people::allow_intents))
        .route("/control/users/@me", axum::routing::patch(act::forward))
        .route("/control/users/@me/{*rest}", any(act::forward))
        .route("/control/users/{id}/presence", put(people::show_presence))
        .route("/control/invites/{code}", post(people::accept_invite))
        .route("/control/guilds", post(people::create_guild))
        .route("/control/guilds/{*rest}", any(act::in_guild))
        .route("/control/channels/{*rest}", any(act::forward))
        .route("/control/skus", post(people::create_sku))
        .route("/control/skus/{id}/purchases", post(people::purchase))
        .route("/control/applications/{*rest}", any(act::forward))
        .route("/control/interactions", post(act::forward))
        .route("/control/stage-instances", post(act::forward))
        .route("/control/stage-instances/{*rest}", any(act::forward))
        .route("/control/interactions/{id}", get(people::seen_interaction))
        .route("/control/clock/advance", post(operate::advance_clock))
        .route(
            "/control/limits",
            get(operate::show_limits).put(operate::set_limits),
        )
        .route(
            "/control/faults",
            get(operate::show_faults)
                .post(operate::add_fault)
                .delete(operate::clear_faults),
        )
        .route("/control/faults/{id}", delete(operate::remove_fault))
        .route("/control/gateway/outage", put(operate::set_outage))
        .route("/control/gateway/{fault}", post(operate::gateway_fault))
        .route("/control/{*rest}", any(unknown))
        .merge(snapshots::named())
        .with_state(Control { desk, people })
}

async fn unknown() -> Problem {
    Problem::not_found("no such route; the control API is described in the sandbox's documentation")
}

/// Why the control API refuses: a status and a sentence.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    message: String,
}

impl Problem {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: message.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self {
            status,
            message: refusal.message,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "message": self.message }))).into_response()
    }
}

/// Reads a JSON body; an empty one counts as `{}`.
fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Problem::bad(format!("invalid body: {error}")))
}

fn id_of(text: &str) -> Result<Snowflake, Problem> {
    text.parse()
        .map_err(|_| Problem::bad(format!("{text:?} is no id")))
}
