//! What REST has no word for: people and bots are made, come online, join, and enter voice.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{Control, Problem, id_of, parse};
use crate::gateway::parse_presence;
use crate::seed::{self, GuildSpec};
use crate::snowflake::Snowflake;
use crate::world::guild::VoiceWish;
use crate::world::{Actor, Refusal, World};

/// Discord's limits for a username.
const USERNAME_LENGTH: std::ops::RangeInclusive<usize> = 2..=32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    username: String,
    #[serde(default)]
    bot: bool,
}

/// `POST /control/users`
pub(super) async fn create_user(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Response, Problem> {
    let new: NewUser = parse(&body)?;
    if !USERNAME_LENGTH.contains(&new.username.chars().count()) {
        return Err(Problem::bad("username must be 2 to 32 characters long"));
    }
    let created = control.desk.shared.write(|world| {
        if world
            .users
            .values()
            .any(|user| user.username == new.username)
        {
            return Err(Problem::bad(format!(
                "username {:?} is taken",
                new.username
            )));
        }
        if new.bot {
            let id = world.create_bot(&new.username, None);
            let token = world
                .application_of(id)
                .map(|application| application.token.clone());
            let mut user = world.user_payload(id);
            user["token"] = json!(token);
            return Ok(user);
        }
        let id = world.create_user(&new.username);
        Ok(world.user_payload(id))
    })?;
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedIntents {
    privileged: u64,
}

/// `PUT /control/users/{id}/intents`
pub(super) async fn allow_intents(
    State(control): State<Control>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let bot = id_of(&id)?;
    let allowed: AllowedIntents = parse(&body)?;
    control.desk.shared.write(|world| {
        if world.application_of(bot).is_none() {
            return Err(Problem::not_found(format!("user {bot} is no bot")));
        }
        world.set_privileged_intents(bot, allowed.privileged);
        Ok(StatusCode::NO_CONTENT)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectMessages {
    accepted: bool,
}

/// `PUT /control/users/{id}/direct-messages`
pub(super) async fn accept_dms(
    State(control): State<Control>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let user = id_of(&id)?;
    let wanted: DirectMessages = parse(&body)?;
    control.desk.shared.write(|world| {
        let user = world.users.get_mut(&user);
        let user = user.ok_or_else(|| Problem::not_found(format!("there is no user {id}")))?;
        user.accepts_dms = wanted.accepted;
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `POST /control/guilds`
pub(super) async fn create_guild(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Response, Problem> {
    let spec: GuildSpec = parse(&body)?;
    let created = control.desk.shared.write(|world| {
        let announce = |world: &mut World, guild: Snowflake, bots: &[Snowflake]| {
            for bot in bots {
                world.tell_joined(guild, *bot);
            }
        };
        let guild = seed::add_guild(world, &spec, announce)
            .map_err(|error| Problem::bad(error.to_string()))?;
        world
            .guild_payload(guild)
            .ok_or_else(|| Problem::not_found("the guild is gone"))
    })?;
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Joining {
    user_id: Snowflake,
    /// A bot's own role gets these bits.
    #[serde(default)]
    permissions: u64,
}

/// `POST /control/guilds/{id}/members`
pub(super) fn join(
    control: &Control,
    guild: Snowflake,
    joining: &Joining,
) -> Result<Response, Problem> {
    let user = joining.user_id;
    let member = control.desk.shared.write(|world| {
        world.join_guild(user, guild, joining.permissions)?;
        Ok::<_, Refusal>(world.member_payload(guild, user))
    })?;
    Ok((StatusCode::CREATED, Json(member)).into_response())
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "Discord's voice state has these switches"
)]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnteringVoice {
    channel_id: Option<Snowflake>,
    #[serde(default)]
    self_mute: bool,
    #[serde(default)]
    self_deaf: bool,
    #[serde(default)]
    self_video: bool,
    #[serde(default)]
    self_stream: bool,
    /// Away from the keyboard: after a while the guild's AFK channel takes them.
    #[serde(default)]
    idle: bool,
}

/// `PUT /control/guilds/{id}/members/{user}/voice`
pub(super) fn enter_voice(
    control: &Control,
    guild: Snowflake,
    user: Snowflake,
    entering: &EnteringVoice,
) -> Result<Response, Problem> {
    let wish = VoiceWish {
        self_mute: entering.self_mute,
        self_deaf: entering.self_deaf,
        self_video: entering.self_video,
        self_stream: entering.self_stream,
        idle: entering.idle,
    };
    control.desk.shared.write(|world| {
        world.set_voice_state(&Actor::from(user), guild, entering.channel_id, wish)
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /control/users/{id}/presence`
pub(super) async fn show_presence(
    State(control): State<Control>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let user = id_of(&id)?;
    let presence = parse_presence(&parse(&body)?)
        .ok_or_else(|| Problem::bad("status must be online, idle, dnd, invisible or offline"))?;
    control.desk.shared.write(|world| {
        if !world.users.contains_key(&user) {
            return Err(Problem::not_found(format!("no user {user}")));
        }
        world.set_presence(user, presence);
        Ok(StatusCode::NO_CONTENT)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepting {
    #[serde(rename = "as")]
    user: Snowflake,
}

/// `POST /control/invites/{code}`
pub(super) async fn accept_invite(
    State(control): State<Control>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let accepting: Accepting = parse(&body)?;
    control
        .desk
        .shared
        .write(|world| world.accept_invite(accepting.user, &code))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /control/interactions/{id}`
pub(super) async fn seen_interaction(
    State(control): State<Control>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let seen = control
        .desk
        .shared
        .read(|world| world.seen_interaction(id))?;
    Ok(Json(seen).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSku {
    application_id: Snowflake,
    name: String,
    #[serde(rename = "type")]
    kind: u64,
}

/// `POST /control/skus`
pub(super) async fn create_sku(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Response, Problem> {
    let new: NewSku = parse(&body)?;
    let shared = &control.desk.shared;
    let made = shared.write(|world| world.create_sku(new.application_id, &new.name, new.kind))?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Buying {
    #[serde(rename = "as")]
    user: Snowflake,
    #[serde(default)]
    guild_id: Option<Snowflake>,
}

/// `POST /control/skus/{id}/purchases`
pub(super) async fn purchase(
    State(control): State<Control>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let (sku, buying): (_, Buying) = (id_of(&id)?, parse(&body)?);
    let shared = &control.desk.shared;
    let made = shared.write(|world| world.purchase(buying.user, sku, buying.guild_id))?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}
