//! Shows the world and what was asked of it.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::Control;
use crate::snowflake::Snowflake;
use crate::world::World;

/// `GET /control/state`
pub(super) async fn show(State(control): State<Control>) -> Json<Value> {
    let desk = &control.desk;
    let mut state = desk.shared.read(|world| {
        let users: Vec<Value> = world.users.keys().map(|id| user(world, *id)).collect();
        let guilds: Vec<Value> = world.guilds.keys().map(|id| guild(world, *id)).collect();
        json!({ "now_ms": world.now_ms(), "users": users, "guilds": guilds })
    });
    state["sessions"] = json!(desk.hub.views());
    state["limits"] = json!(desk.limiter().limits());
    state["faults"] = desk.faults.with(|faults| json!(faults.all()));
    state["panics"] = json!(desk.panics.count());
    state["invalid_requests"] = json!(desk.invalid_requests());
    Json(state)
}

/// `GET /control/requests`
pub(super) async fn requests(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "requests": control.desk.requests() }))
}

/// `DELETE /control/requests`
pub(super) async fn forget_requests(State(control): State<Control>) -> StatusCode {
    control.desk.forget_requests();
    StatusCode::NO_CONTENT
}

/// Tokens are shown: the sandbox's bots have nothing to hide.
fn user(world: &World, id: Snowflake) -> Value {
    let mut user = world.user_payload(id);
    if let Some(application) = world.application_of(id) {
        user["token"] = json!(application.token);
        user["privileged_intents"] = json!(application.privileged_intents);
        // More than 0 means that it started too many sessions and has a new token.
        user["token_resets"] = json!(world.session_starts.resets_of(id));
    }
    user
}

/// As its owner sees it.
fn guild(world: &World, id: Snowflake) -> Value {
    let Some(guild) = world.guilds.get(&id) else {
        return Value::Null;
    };
    let members: Vec<Value> = guild
        .members
        .keys()
        .filter_map(|user| world.member_payload(id, *user))
        .collect();
    let channels: Vec<Value> = world
        .channels_of(id)
        .into_iter()
        .chain(world.threads_of(id).map(|(channel, _)| channel))
        .filter_map(|channel| world.channel_payload(channel.id, guild.owner_id))
        .collect();
    let roles: Vec<Value> = guild
        .roles_by_position()
        .iter()
        .map(|role| role.payload())
        .collect();
    json!({
        "id": id,
        "name": guild.name,
        "owner_id": guild.owner_id,
        "roles": roles,
        "members": members,
        "channels": channels,
    })
}
