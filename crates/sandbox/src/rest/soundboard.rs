//! Soundboards: the sounds of a guild, the default ones, playing them, and their files.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};

use super::call::Call;
use super::reply::Reply;
use crate::snowflake::Snowflake;
use crate::world::Shared;
use crate::world::guild::soundboard::default_sounds;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/soundboard-default-sounds", get(defaults))
        .route("/channels/{channel}/send-soundboard-sound", post(play))
        .route("/guilds/{guild}/soundboard-sounds", get(list).post(create))
        .route(
            "/guilds/{guild}/soundboard-sounds/{sound}",
            get(get_one).patch(modify).delete(delete),
        )
}

async fn defaults(_call: Call) -> Reply {
    Reply::ok(Ok(default_sounds()))
}

async fn play(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::done(
        channel.and_then(|id| call.write(|world, by| world.play_sound(by, id, call.body()))),
    )
}

async fn list(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.list_sounds(by, guild))))
}

async fn create(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::created(
        guild.and_then(|id| call.write(|world, by| world.create_sound(by, id, call.body()))),
    )
}

async fn get_one(call: Call) -> Reply {
    let answer = || {
        let (guild, sound) = (call.id("guild")?, call.id("sound")?);
        call.read(|world, by| world.get_sound(by, guild, sound))
    };
    Reply::ok(answer())
}

async fn modify(call: Call) -> Reply {
    let answer = || {
        let (guild, sound) = (call.id("guild")?, call.id("sound")?);
        call.write(|world, by| world.modify_sound(by, guild, sound, call.body()))
    };
    Reply::ok(answer())
}

async fn delete(call: Call) -> Reply {
    let answer = || {
        let (guild, sound) = (call.id("guild")?, call.id("sound")?);
        call.write(|world, by| world.delete_sound(by, guild, sound))
    };
    Reply::done(answer())
}

/// The file of a sound, which anyone may hear.
pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    Path(sound): Path<Snowflake>,
) -> Response {
    match shared.read(|world| world.sound_file(sound)) {
        Some((kind, bytes)) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
