//! Channels: list, look, create, edit, delete, and who may do what in them.
//! Source: Discord documentation, *Channel* and *Guild › Create Guild Channel*.

use model::{ChannelId, GuildId, Permissions, Request, path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    patch::{BodyFields, Patch},
    text::{Because, Reason},
    tool::{Needs, Tool, destructive, read, write},
    trace::{Trace, names_of},
    undo::{Undoing, set_back},
    view::{Fields, items},
};

mod back;
mod info;
mod overwrites;
pub(super) mod show;

pub(super) use self::back::{delete_made, found_by_id};

const MANAGE: Needs = Needs::channel(Permissions::MANAGE_CHANNELS);

pub(super) fn tools() -> Vec<Tool> {
    vec![
        info::tool(),
        read(
            "discord_list_channels",
            "List channels",
            &["list_guild_channels"],
            Needs::guild(Permissions::NONE),
            list,
        )
        .listing_channels(&["channels"]),
        read(
            "discord_get_channel",
            "Get a channel",
            &["get_channel"],
            Needs::channel(Permissions::NONE),
            get,
        ),
        write(
            "discord_create_channel",
            "Create a channel",
            &["create_guild_channel"],
            Needs::guild(Permissions::MANAGE_CHANNELS),
            create,
        )
        .undoing(Undoing::By(&["discord_delete_channel"])),
        write(
            "discord_edit_channel",
            "Edit a channel",
            &["update_channel"],
            MANAGE,
            edit,
        )
        .undoing(Undoing::By(&["discord_edit_channel"]))
        .repeatable(),
        destructive(
            "discord_delete_channel",
            "Delete a channel",
            &["delete_channel"],
            MANAGE,
            delete,
        )
        .undoing(Undoing::Partly {
            by: &["discord_create_channel", "discord_set_channel_permissions"],
            lost: back::LOST,
        })
        .repeatable(),
        overwrites::set_tool(),
        overwrites::delete_tool(),
    ]
}

/// `GET` of one channel.
pub(super) fn get_request(channel: ChannelId) -> Request {
    Request::get(path!("/channels/{channel_id}", channel_id = channel))
}

/// `GET` of a guild's channels.
pub(super) fn list_request(guild: GuildId) -> Request {
    Request::get(path!("/guilds/{guild_id}/channels", guild_id = guild))
}

/// List a guild's channels and categories in their order.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListChannels {
    guild_id: GuildId,
}

fn list(args: &ListChannels) -> ReadPlan {
    ReadPlan::new(list_request(args.guild_id), |answer| {
        let mut channels: Vec<&Value> = items(answer).iter().collect();
        channels.sort_by_key(|channel| channel["position"].as_i64());
        let shown: Vec<Value> = channels.into_iter().map(show::brief).collect();
        View::of(
            Fields::new().always("channels", shown),
            &["channels[].name", "channels[].topic"],
        )
    })
}

/// Get a channel's, category's or thread's settings.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetChannel {
    channel_id: ChannelId,
}

fn get(args: &GetChannel) -> ReadPlan {
    ReadPlan::new(get_request(args.channel_id), one)
}

fn one(answer: &Value) -> View {
    View {
        value: show::whole(answer),
        untrusted: show::WORDS,
    }
}

/// What a new channel is. *Channel Types*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Text,
    Voice,
    Category,
    Announcement,
    Stage,
    Forum,
}

impl Kind {
    fn number(self) -> u64 {
        match self {
            Self::Text => 0,
            Self::Voice => 2,
            Self::Category => 4,
            Self::Announcement => 5,
            Self::Stage => 13,
            Self::Forum => 15,
        }
    }
}

/// Create a channel or category.
///
/// Without overwrites it takes those of its category; add others afterwards with
/// discord_set_channel_permissions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateChannel {
    guild_id: GuildId,
    #[schemars(length(min = 1, max = limits::CHANNEL_NAME))]
    name: String,
    #[serde(default)]
    kind: Kind,
    #[schemars(length(max = limits::TOPIC))]
    topic: Option<String>,
    /// Category.
    parent_id: Option<ChannelId>,
    position: Option<u32>,
    nsfw: Option<bool>,
    /// Seconds between a user's messages.
    #[schemars(range(max = limits::SLOWMODE))]
    slowmode: Option<u32>,
    /// Voice; 0 for no limit.
    #[schemars(range(max = limits::USER_LIMIT))]
    user_limit: Option<u32>,
    /// Voice.
    #[schemars(range(min = limits::BITRATE_MIN, max = limits::BITRATE))]
    bitrate: Option<u32>,
    reason: Option<Reason>,
}

fn create(args: &CreateChannel) -> WritePlan {
    let body: Value = BodyFields::new()
        .set("name", args.name.clone())
        .set("type", args.kind.number())
        .given("topic", args.topic.clone())
        .given("parent_id", args.parent_id.map(|id| id.to_string()))
        .given("position", args.position)
        .given("nsfw", args.nsfw)
        .given("rate_limit_per_user", args.slowmode)
        .given("user_limit", args.user_limit)
        .given("bitrate", args.bitrate)
        .into();
    let (after, named) = (body.clone(), names_of(&body));
    let guild = args.guild_id;
    let request = Request::post(list_request(guild).path)
        .json(body)
        .because(args.reason.as_ref());
    let change = move |_: &[Value]| {
        Change::creates(format!("create a channel in guild {guild}"), after.clone())
    };
    WritePlan::new(request, change, one)
        .traced(back::made(named))
        .undone(delete_made())
        .also(args.parent_id)
}

/// Edit a channel, category or thread. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditChannel {
    channel_id: ChannelId,
    #[schemars(length(min = 1, max = limits::CHANNEL_NAME))]
    name: Option<String>,
    /// Null clears it.
    #[serde(default)]
    #[schemars(length(max = limits::FORUM_TOPIC))]
    topic: Patch<String>,
    /// Category; null takes it out.
    #[serde(default)]
    parent_id: Patch<ChannelId>,
    position: Option<u32>,
    nsfw: Option<bool>,
    /// Seconds between a user's messages.
    #[schemars(range(max = limits::SLOWMODE))]
    slowmode: Option<u32>,
    /// Voice; 0 for no limit.
    #[schemars(range(max = limits::USER_LIMIT))]
    user_limit: Option<u32>,
    /// Voice.
    #[schemars(range(min = limits::BITRATE_MIN, max = limits::BITRATE))]
    bitrate: Option<u32>,
    reason: Option<Reason>,
}

fn edit(args: &EditChannel) -> Result<WritePlan, ArgumentError> {
    let parent = match args.parent_id {
        Patch::Set(id) => Some(id),
        Patch::Keep | Patch::Clear => None,
    };
    let body = BodyFields::new()
        .given("name", args.name.clone())
        .patch("topic", &args.topic)
        .patch_id("parent_id", &args.parent_id)
        .given("position", args.position)
        .given("nsfw", args.nsfw)
        .given("rate_limit_per_user", args.slowmode)
        .given("user_limit", args.user_limit)
        .given("bitrate", args.bitrate);
    if body.is_empty() {
        return Err(ArgumentError::together(
            "nothing to edit: give at least one setting",
        ));
    }
    let body: Value = body.into();
    let (wanted, trace) = (body.clone(), Trace::settings(&body));
    let channel = args.channel_id;
    let request = Request::patch(get_request(channel).path)
        .json(body)
        .because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        Change::edits(
            format!("edit channel {channel}"),
            live.first().unwrap_or(&Value::Null),
            &wanted,
        )
    };
    Ok(WritePlan::new(request, change, one)
        .live(vec![get_request(channel)])
        .traced(trace)
        .undone(set_back(
            "discord_edit_channel",
            json!({"channel_id": channel}),
            back::SETTINGS,
            back::NULLABLE,
        ))
        .also(parent))
}

/// Delete a channel, category or thread with all its messages, or close a DM. The messages cannot be brought back.
///
/// To hide a channel from a role, use discord_set_channel_permissions instead. The channels of a
/// deleted category stay.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteChannel {
    channel_id: ChannelId,
    reason: Option<Reason>,
}

fn delete(args: &DeleteChannel) -> WritePlan {
    let channel = args.channel_id;
    let request = Request::delete(get_request(channel).path).because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        let before = show::whole(live.first().unwrap_or(&Value::Null));
        Change::removes(
            format!("delete channel {channel} and all its messages"),
            before,
        )
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("deleted", true)
                .with("id", json!(channel)),
            &[],
        )
    };
    WritePlan::new(request, change, view)
        .live(vec![get_request(channel)])
        .traced(back::gone())
        .undone(back::make_again())
}
