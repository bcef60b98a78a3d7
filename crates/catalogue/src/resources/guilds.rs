//! Guilds: list, look, modify, count. Source: Discord documentation, *Guild*.

use model::{ChannelId, GuildId, Permissions, Request, path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    channels::{self, show::kind},
    roles,
};
use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    patch::{BodyFields, Patch},
    text::{Because, Reason, timestamp},
    tool::{Needs, Tool, read, write},
    trace::Trace,
    undo::{Setting, Undoing, set_back},
    view::{Fields, each, items},
};

const HERE: Needs = Needs::guild(Permissions::NONE);

pub(super) fn tools() -> Vec<Tool> {
    vec![
        read(
            "discord_server_stats",
            "Count a server",
            &[
                "get_guild",
                "list_guild_channels",
                "list_guild_roles",
                "get_active_guild_threads",
            ],
            HERE,
            stats,
        ),
        read(
            "discord_list_guilds",
            "List guilds",
            &["list_my_guilds"],
            Needs::NOTHING,
            list,
        )
        .listing_guilds("guilds"),
        read(
            "discord_get_guild",
            "Get a guild",
            &["get_guild"],
            HERE,
            get,
        ),
        write(
            "discord_modify_guild",
            "Modify a guild",
            &["update_guild"],
            Needs::guild(Permissions::MANAGE_GUILD),
            modify,
        )
        .undoing(Undoing::By(&["discord_modify_guild"]))
        .repeatable(),
    ]
}

/// `GET` of one guild with its approximate counts.
pub(super) fn get_request(guild: GuildId) -> Request {
    Request::get(path!("/guilds/{guild_id}", guild_id = guild)).query("with_counts", Some(true))
}

/// List the guilds (servers) the bot is in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListGuilds {
    #[serde(default = "most_guilds")]
    #[schemars(range(min = 1, max = limits::GUILDS))]
    limit: u32,
    /// Only ids above this.
    after: Option<GuildId>,
}

fn most_guilds() -> u32 {
    limits::GUILDS
}

fn list(args: &ListGuilds) -> ReadPlan {
    let limit = args.limit as usize;
    let request = Request::get(path!("/users/@me/guilds"))
        .query("limit", Some(args.limit))
        .query("after", args.after)
        .query("with_counts", Some(true));
    ReadPlan::new(request, move |answer| {
        let guilds = each(answer, |guild| {
            Fields::new()
                .keep(guild, &["id", "name"])
                .copy("owner", &guild["owner"])
                .copy("members", &guild["approximate_member_count"])
                .copy("online", &guild["approximate_presence_count"])
                .into()
        });
        let next = (items(answer).len() >= limit)
            .then(|| items(answer).last().map(|guild| guild["id"].clone()))
            .flatten();
        let fields = Fields::new()
            .always("guilds", guilds)
            .with("continue_after", next);
        View::of(fields, &["guilds[].name"])
    })
}

/// Get a guild's settings.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetGuild {
    guild_id: GuildId,
}

fn get(args: &GetGuild) -> ReadPlan {
    ReadPlan::new(get_request(args.guild_id), one)
}

const ONE: &[&str] = &["name", "description", "vanity_url_code"];

fn one(answer: &Value) -> View {
    View::of(show(answer), ONE)
}

/// A guild as callers see it.
fn show(guild: &Value) -> Fields {
    let created = guild["id"]
        .as_str()
        .and_then(|id| id.parse::<GuildId>().ok())
        .and_then(|id| timestamp(id.created_at_ms()));
    Fields::new()
        .keep(guild, &["id", "name", "description", "owner_id"])
        .with("created_at", created)
        .copy("members", &guild["approximate_member_count"])
        .copy("online", &guild["approximate_presence_count"])
        .with(
            "verification",
            word(&VERIFICATION, &guild["verification_level"]),
        )
        .with(
            "notifications",
            word(&NOTIFICATIONS, &guild["default_message_notifications"]),
        )
        .with(
            "content_filter",
            word(&CONTENT_FILTER, &guild["explicit_content_filter"]),
        )
        .keep(
            guild,
            &[
                "system_channel_id",
                "rules_channel_id",
                "public_updates_channel_id",
                "afk_channel_id",
                "afk_timeout",
                "preferred_locale",
                "vanity_url_code",
            ],
        )
        .with(
            "boost_tier",
            guild["premium_tier"].as_u64().filter(|tier| *tier > 0),
        )
        .with(
            "boosts",
            guild["premium_subscription_count"]
                .as_u64()
                .filter(|count| *count > 0),
        )
        .copy("features", &guild["features"])
}

/// *Verification Level*, *Default Message Notification Level*, *Explicit Content Filter Level*.
const VERIFICATION: [&str; 5] = ["none", "low", "medium", "high", "very_high"];
const NOTIFICATIONS: [&str; 2] = ["all", "mentions"];
const CONTENT_FILTER: [&str; 3] = ["off", "without_roles", "all"];

fn word(words: &[&'static str], number: &Value) -> Option<&'static str> {
    let index = usize::try_from(number.as_u64()?).ok()?;
    words.get(index).copied()
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verification {
    None,
    Low,
    Medium,
    High,
    VeryHigh,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Notifications {
    All,
    Mentions,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ContentFilter {
    Off,
    WithoutRoles,
    All,
}

/// Modify a guild's settings. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ModifyGuild {
    guild_id: GuildId,
    #[schemars(length(min = limits::GUILD_NAME_MIN, max = limits::GUILD_NAME))]
    name: Option<String>,
    /// Null clears it.
    #[serde(default)]
    #[schemars(length(max = limits::GUILD_DESCRIPTION))]
    description: Patch<String>,
    verification: Option<Verification>,
    notifications: Option<Notifications>,
    content_filter: Option<ContentFilter>,
    /// Null: none.
    #[serde(default)]
    system_channel_id: Patch<ChannelId>,
    /// Null: none.
    #[serde(default)]
    rules_channel_id: Patch<ChannelId>,
    /// Null: none.
    #[serde(default)]
    afk_channel_id: Patch<ChannelId>,
    reason: Option<Reason>,
}

fn modify(args: &ModifyGuild) -> Result<WritePlan, ArgumentError> {
    let body = BodyFields::new()
        .given("name", args.name.clone())
        .patch("description", &args.description)
        .given(
            "verification_level",
            args.verification.map(|level| level as u8),
        )
        .given(
            "default_message_notifications",
            args.notifications.map(|level| level as u8),
        )
        .given(
            "explicit_content_filter",
            args.content_filter.map(|level| level as u8),
        )
        .patch_id("system_channel_id", &args.system_channel_id)
        .patch_id("rules_channel_id", &args.rules_channel_id)
        .patch_id("afk_channel_id", &args.afk_channel_id);
    if body.is_empty() {
        return Err(ArgumentError::together(
            "nothing to modify: give at least one setting",
        ));
    }
    let body: Value = body.into();
    let (wanted, trace) = (body.clone(), Trace::settings(&body));
    let guild = args.guild_id;
    let request = Request::patch(path!("/guilds/{guild_id}", guild_id = guild))
        .json(body)
        .because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        Change::edits(
            format!("modify guild {guild}"),
            live.first().unwrap_or(&Value::Null),
            &wanted,
        )
    };
    let inverse = set_back(
        "discord_modify_guild",
        json!({"guild_id": guild}),
        SETTINGS,
        NULLABLE,
    );
    Ok(WritePlan::new(request, change, one)
        .live(vec![get_request(guild)])
        .traced(trace)
        .undone(inverse))
}

/// Settings as arguments name them.
const SETTINGS: &[Setting] = &[
    Setting::new("name", "name"),
    Setting::new("description", "description"),
    Setting {
        told: |level| word(&VERIFICATION, level).into(),
        ..Setting::new("verification_level", "verification")
    },
    Setting {
        told: |level| word(&NOTIFICATIONS, level).into(),
        ..Setting::new("default_message_notifications", "notifications")
    },
    Setting {
        told: |level| word(&CONTENT_FILTER, level).into(),
        ..Setting::new("explicit_content_filter", "content_filter")
    },
    Setting::new("system_channel_id", "system_channel_id"),
    Setting::new("rules_channel_id", "rules_channel_id"),
    Setting::new("afk_channel_id", "afk_channel_id"),
];

/// What can be set back to nothing.
const NULLABLE: &[&str] = &[
    "description",
    "system_channel_id",
    "rules_channel_id",
    "afk_channel_id",
];

/// A server in numbers: members, online, channels by kind, roles, threads, boosts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ServerStats {
    guild_id: GuildId,
}

fn stats(args: &ServerStats) -> ReadPlan {
    let guild = args.guild_id;
    let requests = vec![
        get_request(guild),
        channels::list_request(guild),
        roles::list_request(guild),
        Request::get(path!("/guilds/{guild_id}/threads/active", guild_id = guild)),
    ];
    ReadPlan::several(requests, |answers| {
        let at = |index: usize| answers.get(index).unwrap_or(&Value::Null);
        let (guild, channels, roles, threads) = (at(0), at(1), at(2), at(3));
        let mut kinds = Map::new();
        for channel in items(channels) {
            let count = kinds.entry(kind(&channel["type"])).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap_or_default() + 1);
        }
        let bots = items(roles)
            .iter()
            .filter(|role| role["tags"]["bot_id"].is_string())
            .count();
        let fields = show(guild)
            .always("channels", items(channels).len())
            .with("channels_by_kind", Value::Object(kinds))
            .always("roles", items(roles).len())
            .with("bot_roles", bots)
            .always("active_threads", items(&threads["threads"]).len())
            .always("emojis", items(&guild["emojis"]).len())
            .always("stickers", items(&guild["stickers"]).len());
        View::of(fields, ONE)
    })
}
