//! Invites. Source: Discord documentation, *Invite* and *Channel › Create Channel Invite*.

use model::{ChannelId, GuildId, Permissions, Request, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::show::name;
use crate::{
    ArgumentError, Change, On, ReadPlan, View, WritePlan, limits,
    text::{Because, InviteCode, Reason},
    tool::{Needs, Tool, destructive, read, write},
    view::{Fields, each},
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        write(
            "discord_create_invite",
            "Create an invite",
            &["create_channel_invite"],
            Needs::channel(Permissions::CREATE_INSTANT_INVITE),
            create,
        ),
        read(
            "discord_list_invites",
            "List invites",
            &["list_channel_invites", "list_guild_invites"],
            Needs {
                scope: On::Channel,
                ..Needs::NOTHING
            },
            list,
        )
        .naming_channels("invites", "/channel/id"),
        read(
            "discord_get_invite",
            "Get an invite",
            &["invite_resolve"],
            Needs::NOTHING,
            get,
        ),
        destructive(
            "discord_delete_invite",
            "Delete an invite",
            &["invite_revoke"],
            Needs::channel(Permissions::MANAGE_CHANNELS),
            delete,
        )
        .repeatable(),
    ]
}

const ONE: &[&str] = &["guild.name", "channel.name", "inviter.name"];
const LIST: &[&str] = &[
    "invites[].guild.name",
    "invites[].channel.name",
    "invites[].inviter.name",
];

fn show(invite: &Value) -> Value {
    let place = |of: &Value| -> Value { Fields::new().keep(of, &["id", "name"]).into() };
    let inviter = &invite["inviter"];
    let url = invite["code"]
        .as_str()
        .map(|code| format!("https://discord.gg/{code}"));
    Fields::new()
        .keep(invite, &["code"])
        .with("url", url)
        .with("guild", place(&invite["guild"]))
        .with("channel", place(&invite["channel"]))
        .with(
            "inviter",
            Value::from(
                Fields::new()
                    .keep(inviter, &["id"])
                    .with("name", name(inviter)),
            ),
        )
        .keep(
            invite,
            &["uses", "max_uses", "temporary", "created_at", "expires_at"],
        )
        .copy("max_age_seconds", &invite["max_age"])
        .copy("members", &invite["approximate_member_count"])
        .copy("online", &invite["approximate_presence_count"])
        .into()
}

fn one(answer: &Value) -> View {
    View {
        value: show(answer),
        untrusted: ONE,
    }
}

/// Create an invite to a channel.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateInvite {
    channel_id: ChannelId,
    /// Seconds; 0 for ever.
    #[serde(default = "one_day")]
    #[schemars(range(max = limits::INVITE_AGE))]
    max_age: u32,
    /// 0 for any number.
    #[serde(default)]
    #[schemars(range(max = limits::INVITE_USES))]
    max_uses: u32,
    /// Only until they disconnect.
    #[serde(default)]
    temporary: bool,
    /// A new one each time.
    #[serde(default)]
    unique: bool,
    reason: Option<Reason>,
}

fn one_day() -> u32 {
    86_400
}

fn create(args: &CreateInvite) -> WritePlan {
    let channel = args.channel_id;
    let body = json!({
        "max_age": args.max_age,
        "max_uses": args.max_uses,
        "temporary": args.temporary,
        "unique": args.unique,
    });
    let after = body.clone();
    let request = Request::post(path!(
        "/channels/{channel_id}/invites",
        channel_id = channel
    ))
    .json(body)
    .because(args.reason.as_ref());
    let change =
        move |_: &[Value]| Change::creates(format!("create an invite to {channel}"), after.clone());
    WritePlan::new(request, change, one)
}

/// List invites of a channel or of a whole guild, with their uses.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListInvites {
    channel_id: Option<ChannelId>,
    guild_id: Option<GuildId>,
}

fn list(args: &ListInvites) -> Result<ReadPlan, ArgumentError> {
    let (path, needs) = match (args.channel_id, args.guild_id) {
        (Some(channel), None) => (
            path!("/channels/{channel_id}/invites", channel_id = channel),
            Permissions::MANAGE_CHANNELS,
        ),
        (None, Some(guild)) => (
            path!("/guilds/{guild_id}/invites", guild_id = guild),
            Permissions::MANAGE_GUILD,
        ),
        _ => {
            return Err(ArgumentError::together(
                "give either `channel_id` or `guild_id`",
            ));
        }
    };
    Ok(ReadPlan::new(Request::get(path), |answer| {
        View::of(Fields::new().always("invites", each(answer, show)), LIST)
    })
    .needing(needs))
}

/// See where an invite leads.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetInvite {
    /// The code or the whole link.
    code: InviteCode,
}

fn get_request(code: &InviteCode) -> Request {
    Request::get(path!("/invites/{code}", code = code.clone())).query("with_counts", Some(true))
}

fn get(args: &GetInvite) -> ReadPlan {
    ReadPlan::new(get_request(&args.code), one)
}

/// Delete an invite, so that nobody can use it any more. Cannot be undone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteInvite {
    /// The code or the whole link.
    code: InviteCode,
    reason: Option<Reason>,
}

fn delete(args: &DeleteInvite) -> WritePlan {
    let request = Request::delete(get_request(&args.code).path).because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        Change::removes(
            "delete an invite",
            show(live.first().unwrap_or(&Value::Null)),
        )
    };
    let view = |answer: &Value| {
        let fields = Fields::new()
            .always("deleted", true)
            .keep(answer, &["code"]);
        View::of(fields, &[])
    };
    WritePlan::new(request, change, view)
        .live(vec![get_request(&args.code)])
        .cannot_be_undone()
}
