//! Threads: starting, listing, members.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;
use crate::world::channel::thread_list::{Archived, ArchivedBefore};
use crate::world::channel::thread_search::{ThreadOrder, ThreadSearch};

/// How far the pages of a search go (Discord: Search Threads).
const MAX_SEARCH_OFFSET: u64 = 9_975;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/channels/{channel}/messages/{message}/threads",
            post(start_from_message),
        )
        .route("/channels/{channel}/threads", post(start))
        .route("/guilds/{guild}/threads/active", get(active))
        .route(
            "/channels/{channel}/threads/archived/public",
            get(archived_public),
        )
        .route(
            "/channels/{channel}/threads/archived/private",
            get(archived_private),
        )
        .route(
            "/channels/{channel}/users/@me/threads/archived/private",
            get(archived_joined),
        )
        .route("/channels/{channel}/threads/search", get(search))
        .route("/channels/{channel}/thread-members", get(members))
        .route(
            "/channels/{channel}/thread-members/@me",
            put(join).delete(leave),
        )
        .route(
            "/channels/{channel}/thread-members/{user}",
            get(member).put(add).delete(remove),
        )
}

async fn start_from_message(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = (call.id("channel")?, call.id("message")?);
        call.write(|world, by| world.start_thread_from_message(by, channel, message, call.body()))
    };
    Reply::created(answer())
}

async fn start(mut call: Call) -> Reply {
    let files = std::mem::take(&mut call.open.files);
    let answer = || {
        let channel = call.id("channel")?;
        call.write(|world, by| world.start_thread(by, channel, call.body(), files))
    };
    Reply::created(answer())
}

async fn active(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.active_threads(by, guild))))
}

async fn archived_public(call: Call) -> Reply {
    archived(&call, Archived::Public)
}

async fn archived_private(call: Call) -> Reply {
    archived(&call, Archived::Private)
}

async fn archived_joined(call: Call) -> Reply {
    archived(&call, Archived::JoinedPrivate)
}

fn archived(call: &Call, which: Archived) -> Reply {
    let answer = || {
        let channel = call.id("channel")?;
        let before = if which == Archived::JoinedPrivate {
            ArchivedBefore {
                ms: None,
                id: call.open.query_id("before")?,
            }
        } else {
            ArchivedBefore {
                ms: call.open.moment("before")?,
                id: None,
            }
        };
        let limit = call.open.limit(50, 100)?;
        call.read(|world, by| world.archived_threads(by, channel, which, before, limit))
    };
    Reply::ok(answer())
}

async fn search(call: Call) -> Reply {
    let answer = || {
        let channel = call.id("channel")?;
        let query = &call.open;
        let search = ThreadSearch {
            name: query.query("name").unwrap_or_default().to_owned(),
            tags: query.query_ids("tag")?,
            any_tag: query.query("tag_setting") == Some("match_some"),
            archived: query.switch("archived"),
            min: query.query_id("min_id")?,
            max: query.query_id("max_id")?,
            order: match query.query("sort_by") {
                Some("creation_time") => ThreadOrder::Creation,
                Some("archive_time") => ThreadOrder::Archive,
                _ => ThreadOrder::LastMessage,
            },
            ascending: query.query("sort_order") == Some("asc"),
            limit: query.limit(25, 25)?,
            offset: query.offset(MAX_SEARCH_OFFSET)?,
        };
        call.read(|world, by| world.search_threads(by, channel, &search))
    };
    Reply::ok(answer())
}

async fn members(call: Call) -> Reply {
    let answer = || {
        let channel = call.id("channel")?;
        let (after, limit) = (call.open.query_id("after")?, call.open.limit(100, 100)?);
        let with_member = call.open.flag("with_member");
        call.read(|world, by| world.thread_members(by, channel, after, limit, with_member))
    };
    Reply::ok(answer())
}

async fn member(call: Call) -> Reply {
    let answer = || {
        let (channel, user) = (call.id("channel")?, call.id("user")?);
        let with_member = call.open.flag("with_member");
        call.read(|world, by| world.thread_member(by, channel, user, with_member))
    };
    Reply::ok(answer())
}

async fn join(call: Call) -> Reply {
    let channel = call.id("channel");
    let answer =
        channel.and_then(|id| call.write(|world, by| world.add_thread_member(by, id, by.id)));
    Reply::done(answer)
}

async fn leave(call: Call) -> Reply {
    let channel = call.id("channel");
    let answer =
        channel.and_then(|id| call.write(|world, by| world.remove_thread_member(by, id, by.id)));
    Reply::done(answer)
}

async fn add(call: Call) -> Reply {
    let answer = || {
        let (channel, user) = (call.id("channel")?, call.id("user")?);
        call.write(|world, by| world.add_thread_member(by, channel, user))
    };
    Reply::done(answer())
}

async fn remove(call: Call) -> Reply {
    let answer = || {
        let (channel, user) = (call.id("channel")?, call.id("user")?);
        call.write(|world, by| world.remove_thread_member(by, channel, user))
    };
    Reply::done(answer())
}
