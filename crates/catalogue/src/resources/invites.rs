//! Invites. Source: Discord documentation, *Invite* and *Channel › Create Channel Invite*.

use model::{ChannelId, GuildId, Permissions, Request, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::show::name;
use crate::{
    ArgumentError, Change, On, ReadPlan, View, WritePlan, limits,
    text::{Because, InviteCode, Reason, milliseconds},
    tool::{Needs, Tool, destructive, read, write},
    trace::{Found, Sought, Trace, audit_log, entry, first},
    undo::{Inverse, Step, Undoing},
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
        )
        .undoing(Undoing::By(&["discord_delete_invite"])),
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
        .undoing(Undoing::Never(ANOTHER))
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
    let trace = Trace::made(&["code", "created_at"], vec!["code".to_owned()], |made| {
        Some(Request::get(path!(
            "/invites/{code}",
            code = made["code"].as_str()?
        )))
    })
    .sought(
        move |sought| {
            let list = path!("/channels/{channel_id}/invites", channel_id = channel);
            let log = sought.guild.map(|guild| audit_log(guild, INVITE_CREATE));
            std::iter::once(Request::get(list)).chain(log).collect()
        },
        judge,
    );
    WritePlan::new(request, change, one)
        .traced(trace)
        .undone(Inverse::new(|kept, _| {
            // Without `unique` Discord may give an invite that is there already.
            let made_at = kept.made["created_at"].as_str().and_then(milliseconds);
            if made_at.is_none_or(|at| at < kept.at - SKEW_MS) {
                return Err("Discord gave an invite that was there before".to_owned());
            }
            let arguments = json!({"code": kept.made["code"]});
            Ok(vec![Step::new("discord_delete_invite", arguments)])
        }))
}

/// Action *invite create* of the audit log.
const INVITE_CREATE: u32 = 40;
/// Discord's clock may differ from this machine's by this much.
const SKEW_MS: model::Millis = 30_000;

/// Its entry in the audit log names the new invite's code.
fn judge(sought: &Sought, answers: &[Value]) -> Found {
    let (list, log) = (first(answers), answers.get(1).unwrap_or(&Value::Null));
    let Some(invites) = list.as_array() else {
        return Found::CannotTell;
    };
    let code = entry(sought, log).and_then(|entry| {
        let changes = entry["changes"].as_array()?;
        let code = changes.iter().find(|change| change["key"] == "code")?;
        Some(code["new_value"].clone())
    });
    if let Some(code) = code {
        let found = invites.iter().find(|invite| invite["code"] == code);
        return Found::Happened(found.cloned().unwrap_or_else(|| json!({ "code": code })));
    }
    let bot = sought.bot.to_string();
    let new = |invite: &Value| {
        let made_at = invite["created_at"].as_str().and_then(milliseconds);
        invite["inviter"]["id"] == bot && made_at.is_none_or(|at| at >= sought.since - SKEW_MS)
    };
    if invites.iter().any(new) {
        Found::CannotTell
    } else {
        Found::DidNotHappen
    }
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
        .traced(Trace::gone(|_| json!({"exists": true})))
        .cannot_be_undone(ANOTHER)
}

const ANOTHER: &str = "a new invite has another code";
