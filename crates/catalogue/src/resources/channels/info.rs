//! A channel together with what surrounds it: category, siblings' count, threads, whose overwrites.

use model::{ChannelId, GuildId, Permissions, Request, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{get_request, list_request, show};
use crate::{
    ReadPlan, View,
    tool::{Needs, Tool, read},
    view::{Fields, items},
};

pub(super) fn tool() -> Tool {
    read(
        "discord_channel_info",
        "Look at a channel",
        &[
            "get_channel",
            "list_guild_channels",
            "list_guild_roles",
            "get_active_guild_threads",
        ],
        Needs::channel(Permissions::NONE),
        info,
    )
    .listing_channels(&["channels", "active_threads"])
}

/// A channel with its category, active threads and who may do what there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChannelInfo {
    channel_id: ChannelId,
}

fn info(args: &ChannelInfo) -> ReadPlan {
    ReadPlan::several(vec![get_request(args.channel_id)], view).then(|answers| match answers {
        [channel] => guild_requests(channel),
        _ => Vec::new(),
    })
}

/// A DM has no guild and needs nothing more.
fn guild_requests(channel: &Value) -> Vec<Request> {
    let Some(guild) = channel["guild_id"]
        .as_str()
        .and_then(|id| id.parse::<GuildId>().ok())
    else {
        return Vec::new();
    };
    vec![
        list_request(guild),
        Request::get(path!("/guilds/{guild_id}/roles", guild_id = guild)),
        Request::get(path!("/guilds/{guild_id}/threads/active", guild_id = guild)),
    ]
}

fn view(answers: &[Value]) -> View {
    let at = |index: usize| answers.get(index).unwrap_or(&Value::Null);
    let (channel, channels, roles, active) = (at(0), at(1), at(2), at(3));
    let id = &channel["id"];
    let named = |list: &Value, id: &Value| {
        items(list)
            .iter()
            .find(|item| item["id"] == *id && id.is_string())
            .map(|item| item["name"].clone())
    };
    let overwrites: Vec<Value> = items(&channel["permission_overwrites"])
        .iter()
        .map(|overwrite| {
            let mut shown = show::overwrite(overwrite);
            if let Some(name) = named(roles, &overwrite["id"]) {
                shown["name"] = name;
            }
            shown
        })
        .collect();
    let inside: Vec<Value> = items(channels)
        .iter()
        .filter(|other| other["parent_id"] == *id && id.is_string())
        .map(show::brief)
        .collect();
    let threads: Vec<Value> = items(&active["threads"])
        .iter()
        .filter(|thread| thread["parent_id"] == *id && id.is_string())
        .map(|thread| {
            Fields::new()
                .keep(thread, &["id", "name", "owner_id"])
                .into()
        })
        .collect();
    let fields = show::fields(channel)
        .with("overwrites", overwrites)
        .with("parent_name", named(channels, &channel["parent_id"]))
        .with("channels", inside)
        .with("active_threads", threads);
    View::of(
        fields,
        &[
            "name",
            "topic",
            "parent_name",
            "tags[].name",
            "tags[].emoji",
            "overwrites[].name",
            "channels[].name",
            "channels[].topic",
            "active_threads[].name",
            "recipients[].name",
        ],
    )
}
