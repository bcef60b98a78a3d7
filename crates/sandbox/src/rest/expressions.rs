//! Stickers, packs of them, and the emojis of applications.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::call::{Call, OpenCall};
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stickers/{sticker}", get(any_sticker))
        .route("/sticker-packs", get(packs))
        .route("/sticker-packs/{pack}", get(pack))
        .route(
            "/guilds/{guild}/stickers",
            get(list_stickers).post(create_sticker),
        )
        .route(
            "/guilds/{guild}/stickers/{sticker}",
            get(get_sticker)
                .patch(modify_sticker)
                .delete(delete_sticker),
        )
        .route(
            "/applications/{application}/emojis",
            get(list_emojis).post(create_emoji),
        )
        .route(
            "/applications/{application}/emojis/{emoji}",
            get(get_emoji).patch(modify_emoji).delete(delete_emoji),
        )
}

async fn any_sticker(call: Call) -> Reply {
    let sticker = call.id("sticker");
    Reply::ok(sticker.and_then(|sticker| call.read(|world, _| world.get_sticker(sticker))))
}

/// Needs no token.
async fn packs(call: OpenCall) -> Reply {
    Reply::ok(Ok(call.shared.read(crate::world::World::sticker_packs)))
}

async fn pack(call: Call) -> Reply {
    let pack = call.id("pack");
    Reply::ok(pack.and_then(|pack| call.read(|world, _| world.sticker_pack(pack))))
}

async fn list_stickers(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.list_stickers(by, guild))))
}

async fn create_sticker(mut call: Call) -> Reply {
    let files = std::mem::take(&mut call.open.files);
    let answer = || {
        let guild = call.id("guild")?;
        call.write(|world, by| world.create_sticker(by, guild, call.body(), &files))
    };
    Reply::created(answer())
}

async fn get_sticker(call: Call) -> Reply {
    let answer = || {
        let (guild, sticker) = (call.id("guild")?, call.id("sticker")?);
        call.read(|world, by| world.get_guild_sticker(by, guild, sticker))
    };
    Reply::ok(answer())
}

async fn modify_sticker(call: Call) -> Reply {
    let answer = || {
        let (guild, sticker) = (call.id("guild")?, call.id("sticker")?);
        call.write(|world, by| world.modify_sticker(by, guild, sticker, call.body()))
    };
    Reply::ok(answer())
}

async fn delete_sticker(call: Call) -> Reply {
    let answer = || {
        let (guild, sticker) = (call.id("guild")?, call.id("sticker")?);
        call.write(|world, by| world.delete_sticker(by, guild, sticker))
    };
    Reply::done(answer())
}

async fn list_emojis(call: Call) -> Reply {
    let application = call.id("application");
    Reply::ok(application.and_then(|id| call.read(|world, by| world.application_emojis(by, id))))
}

async fn create_emoji(call: Call) -> Reply {
    let answer = || {
        let id = call.id("application")?;
        call.write(|world, by| world.create_application_emoji(by, id, call.body()))
    };
    Reply::created(answer())
}

async fn get_emoji(call: Call) -> Reply {
    let answer = || {
        let (application, emoji) = (call.id("application")?, call.id("emoji")?);
        call.read(|world, by| world.get_application_emoji(by, application, emoji))
    };
    Reply::ok(answer())
}

async fn modify_emoji(call: Call) -> Reply {
    let answer = || {
        let (application, emoji) = (call.id("application")?, call.id("emoji")?);
        let body = call.body();
        call.write(|world, by| world.modify_application_emoji(by, application, emoji, body))
    };
    Reply::ok(answer())
}

async fn delete_emoji(call: Call) -> Reply {
    let answer = || {
        let (application, emoji) = (call.id("application")?, call.id("emoji")?);
        call.write(|world, by| world.delete_application_emoji(by, application, emoji))
    };
    Reply::done(answer())
}
