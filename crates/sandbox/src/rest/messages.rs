//! Messages, reactions, pins and polls.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};

use super::call::Call;
use super::reply::Reply;
use crate::snowflake::Snowflake;
use crate::world::message::edit::read_bulk_ids;
use crate::world::message::page::Page;
use crate::world::message::search::MessageSearch;
use crate::world::{Answer, MessageEdit, NewMessage, Refusal, Shared};

/// Discord: Search Guild Messages.
const MAX_SEARCHED_TEXT: usize = 1_024;
const MAX_SEARCH_OFFSET: u64 = 9_975;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/channels/{channel}/messages", get(list).post(create))
        .route("/guilds/{guild}/messages/search", get(search))
        .route(
            "/channels/{channel}/messages/bulk-delete",
            post(bulk_delete),
        )
        .route("/channels/{channel}/messages/pins", get(list_pins))
        .route(
            "/channels/{channel}/messages/pins/{message}",
            put(pin).delete(unpin),
        )
        .route("/channels/{channel}/pins", get(list_pins_old))
        .route("/channels/{channel}/pins/{message}", put(pin).delete(unpin))
        .route(
            "/channels/{channel}/messages/{message}",
            get(one).patch(edit).delete(remove),
        )
        .route(
            "/channels/{channel}/messages/{message}/crosspost",
            post(crosspost),
        )
        .route(
            "/channels/{channel}/messages/{message}/reactions",
            delete(clear_reactions),
        )
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}",
            get(list_reactions).delete(clear_emoji),
        )
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}/@me",
            put(react).delete(remove_own_reaction),
        )
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}/{user}",
            delete(remove_reaction),
        )
        .route(
            "/channels/{channel}/polls/{message}/answers/{answer}",
            get(poll_voters),
        )
        .route("/channels/{channel}/polls/{message}/expire", post(end_poll))
}

/// Both ids of a message's path.
fn place(call: &Call) -> Answer<(Snowflake, Snowflake)> {
    Ok((call.id("channel")?, call.id("message")?))
}

async fn list(call: Call) -> Reply {
    let answer = || {
        let channel = call.id("channel")?;
        let limit = call.open.limit(50, 100)?;
        let around = call.open.query_id("around")?;
        let before = call.open.query_id("before")?;
        let after = call.open.query_id("after")?;
        if [around, before, after].iter().flatten().count() > 1 {
            let message = "The before, after, and around parameters are mutually exclusive.";
            return Err(Refusal::field("before", "MUTUALLY_EXCLUSIVE", message));
        }
        let page = match (around, before, after) {
            (Some(id), _, _) => Page::Around(id),
            (_, Some(id), _) => Page::Before(id),
            (_, _, Some(id)) => Page::After(id),
            _ => Page::Newest,
        };
        call.read(|world, by| world.list_messages(by, channel, page, limit))
    };
    Reply::ok(answer())
}

async fn search(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        let query = &call.open;
        let content = query.query("content").unwrap_or_default();
        if content.chars().count() > MAX_SEARCHED_TEXT {
            let message = format!("Must be {MAX_SEARCHED_TEXT} or fewer in length.");
            return Err(Refusal::field("content", "BASE_TYPE_MAX_LENGTH", &message));
        }
        let search = MessageSearch {
            content: content.to_owned(),
            authors: query.query_ids("author_id")?,
            author_types: query.query_all("author_type"),
            channels: query.query_ids("channel_id")?,
            mentions: query.query_ids("mentions")?,
            mentioned_roles: query.query_ids("mentions_role_id")?,
            mention_everyone: query.switch("mention_everyone"),
            replied_users: query.query_ids("replied_to_user_id")?,
            replied_messages: query.query_ids("replied_to_message_id")?,
            has: query.query_all("has"),
            link_hosts: query.query_all("link_hostname"),
            embed_types: query.query_all("embed_type"),
            embed_providers: query.query_all("embed_provider"),
            extensions: query.query_all("attachment_extension"),
            filenames: query.query_all("attachment_filename"),
            pinned: query.switch("pinned"),
            age_restricted: query.flag("include_nsfw"),
            min: query.query_id("min_id")?,
            max: query.query_id("max_id")?,
            oldest_first: query.query("sort_order") == Some("asc"),
            limit: query.limit(25, 25)?,
            offset: query.offset(MAX_SEARCH_OFFSET)?,
        };
        call.read(|world, by| world.search_messages(by, guild, &search))
    };
    Reply::ok(answer())
}

async fn create(mut call: Call) -> Reply {
    let files = std::mem::take(&mut call.open.files);
    let answer = || {
        let channel = call.id("channel")?;
        let new = NewMessage::parse(call.body(), files)?;
        call.write(|world, by| world.create_message(by, channel, new))
    };
    Reply::ok(answer())
}

async fn one(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.read(|world, by| world.get_message(by, channel, message))
    };
    Reply::ok(answer())
}

async fn edit(mut call: Call) -> Reply {
    let files = std::mem::take(&mut call.open.files);
    let answer = || {
        let (channel, message) = place(&call)?;
        let edit = MessageEdit::parse(call.body(), files)?;
        call.write(|world, by| world.edit_message(by, channel, message, edit))
    };
    Reply::ok(answer())
}

async fn remove(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.write(|world, by| world.delete_message(by, channel, message))
    };
    Reply::done(answer())
}

async fn bulk_delete(call: Call) -> Reply {
    let answer = || {
        let channel = call.id("channel")?;
        let ids = read_bulk_ids(call.body())?;
        call.write(|world, by| world.bulk_delete(by, channel, &ids))
    };
    Reply::done(answer())
}

async fn crosspost(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.write(|world, by| world.crosspost(by, channel, message))
    };
    Reply::ok(answer())
}

async fn list_pins(call: Call) -> Reply {
    let answer = || {
        let channel = call.id("channel")?;
        let (before, limit) = (call.open.moment("before")?, call.open.limit(50, 50)?);
        call.read(|world, by| world.list_pins(by, channel, before, limit))
    };
    Reply::ok(answer())
}

async fn list_pins_old(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::ok(channel.and_then(|id| call.read(|world, by| world.list_pins_old(by, id))))
}

async fn pin(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.write(|world, by| world.set_pinned(by, channel, message, true))
    };
    Reply::done(answer())
}

async fn unpin(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.write(|world, by| world.set_pinned(by, channel, message, false))
    };
    Reply::done(answer())
}

async fn react(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.write(|world, by| world.add_reaction(by, channel, message, call.text("emoji")))
    };
    Reply::done(answer())
}

async fn remove_own_reaction(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        let emoji = call.text("emoji");
        call.write(|world, by| world.remove_reaction(by, channel, message, emoji, by.id))
    };
    Reply::done(answer())
}

async fn remove_reaction(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        let (emoji, user) = (call.text("emoji"), call.id("user")?);
        call.write(|world, by| world.remove_reaction(by, channel, message, emoji, user))
    };
    Reply::done(answer())
}

async fn clear_reactions(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.write(|world, by| world.clear_reactions(by, channel, message, None))
    };
    Reply::done(answer())
}

async fn clear_emoji(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        let emoji = Some(call.text("emoji"));
        call.write(|world, by| world.clear_reactions(by, channel, message, emoji))
    };
    Reply::done(answer())
}

async fn list_reactions(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        let (after, limit) = (call.open.query_id("after")?, call.open.limit(25, 100)?);
        let emoji = call.text("emoji");
        // Nobody reacts in bursts here.
        let limit = if call.open.query("type") == Some("1") {
            0
        } else {
            limit
        };
        call.read(|world, by| world.list_reactions(by, channel, message, emoji, after, limit))
    };
    Reply::ok(answer())
}

async fn poll_voters(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        let answer = call.text("answer").parse().unwrap_or_default();
        let (after, limit) = (call.open.query_id("after")?, call.open.limit(25, 100)?);
        call.read(|world, by| world.poll_voters(by, channel, message, answer, after, limit))
    };
    Reply::ok(answer())
}

async fn end_poll(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = place(&call)?;
        call.write(|world, by| world.end_poll(by, channel, message))
    };
    Reply::ok(answer())
}
