//! Lobbies and their members.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/lobbies", post(create).put(enter))
        .route("/lobbies/{lobby}", get(one).patch(modify).delete(remove))
        .route("/lobbies/{lobby}/members/@me", delete(leave))
        .route("/lobbies/{lobby}/members/bulk", post(bulk))
        .route(
            "/lobbies/{lobby}/members/{user}",
            put(put_member).delete(remove_member),
        )
}

async fn create(call: Call) -> Reply {
    Reply::created(call.write(|world, by| world.create_lobby(by, call.body())))
}

async fn enter(call: Call) -> Reply {
    Reply::ok(call.write(|world, by| world.enter_lobby(by, call.body())))
}

async fn one(call: Call) -> Reply {
    let lobby = call.id("lobby");
    Reply::ok(lobby.and_then(|lobby| call.read(|world, by| world.get_lobby(by, lobby))))
}

async fn modify(call: Call) -> Reply {
    let answer = || {
        let lobby = call.id("lobby")?;
        call.write(|world, by| world.modify_lobby(by, lobby, call.body()))
    };
    Reply::ok(answer())
}

async fn remove(call: Call) -> Reply {
    let lobby = call.id("lobby");
    Reply::done(lobby.and_then(|lobby| call.write(|world, by| world.delete_lobby(by, lobby))))
}

async fn leave(call: Call) -> Reply {
    let answer = || {
        let lobby = call.id("lobby")?;
        call.write(|world, by| world.remove_lobby_member(by, lobby, by.id))
    };
    Reply::done(answer())
}

async fn bulk(call: Call) -> Reply {
    let answer = || {
        let lobby = call.id("lobby")?;
        call.write(|world, by| world.bulk_lobby_members(by, lobby, call.body()))
    };
    Reply::ok(answer())
}

async fn put_member(call: Call) -> Reply {
    let answer = || {
        let (lobby, user) = (call.id("lobby")?, call.id("user")?);
        call.write(|world, by| world.put_lobby_member(by, lobby, user, call.body()))
    };
    Reply::ok(answer())
}

async fn remove_member(call: Call) -> Reply {
    let answer = || {
        let (lobby, user) = (call.id("lobby")?, call.id("user")?);
        call.write(|world, by| world.remove_lobby_member(by, lobby, user))
    };
    Reply::done(answer())
}
