//! Webhooks. Their tokens are never shown: whoever has one can post without the gate.
//! Source: Discord documentation, *Webhook*.

use model::{ChannelId, GuildId, Permissions, Request, WebhookId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::{
    self,
    components::Components,
    compose::{self, Parts},
    embed::{Embed, is_web},
    parts::{AllowedMentions, File, Poll},
};
use crate::{
    ArgumentError, Change, On, ReadPlan, View, WritePlan, limits,
    patch::BodyFields,
    text::{Because, Reason},
    tool::{Needs, Tool, destructive, read, write},
    trace::{Sought, Trace, among, audit_log, first},
    undo::{Inverse, Setting, Step, Undoing, set_back},
    view::{Fields, each},
};

const MANAGE: Needs = Needs {
    permissions: Permissions::MANAGE_WEBHOOKS,
    in_threads: None,
    scope: On::Channel,
    aim: None,
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        write(
            "discord_create_webhook",
            "Create a webhook",
            &["create_webhook"],
            MANAGE,
            create,
        )
        .undoing(Undoing::By(&["discord_delete_webhook"])),
        read(
            "discord_list_webhooks",
            "List webhooks",
            &["list_channel_webhooks", "get_guild_webhooks"],
            MANAGE,
            list,
        )
        .naming_channels("webhooks", "/channel_id"),
        read(
            "discord_get_webhook",
            "Get a webhook",
            &["get_webhook"],
            MANAGE,
            get,
        ),
        write(
            "discord_modify_webhook",
            "Modify a webhook",
            &["update_webhook"],
            MANAGE,
            modify,
        )
        .undoing(Undoing::By(&["discord_modify_webhook"]))
        .repeatable(),
        destructive(
            "discord_delete_webhook",
            "Delete a webhook",
            &["delete_webhook"],
            MANAGE,
            delete,
        )
        .undoing(Undoing::Never(ANOTHER))
        .repeatable(),
        write(
            "discord_execute_webhook",
            "Post through a webhook",
            &["execute_webhook", "get_webhook"],
            MANAGE,
            execute,
        )
        .undoing(Undoing::By(&["discord_delete_message"]))
        .speaking(),
    ]
}

fn get_request(webhook: WebhookId) -> Request {
    Request::get(path!("/webhooks/{webhook_id}", webhook_id = webhook))
}

const ONE: &[&str] = &["name", "created_by.name"];

/// A webhook without its token and URL.
fn show(webhook: &Value) -> Value {
    let kind = match webhook["type"].as_u64() {
        Some(1) => "incoming",
        Some(2) => "channel_follower",
        Some(3) => "application",
        _ => "unknown",
    };
    let creator = &webhook["user"];
    Fields::new()
        .keep(
            webhook,
            &["id", "name", "channel_id", "guild_id", "application_id"],
        )
        .with("kind", kind)
        .with(
            "created_by",
            Value::from(
                Fields::new()
                    .keep(creator, &["id"])
                    .with("name", messages::show::name(creator)),
            ),
        )
        .into()
}

fn one(answer: &Value) -> View {
    View {
        value: show(answer),
        untrusted: ONE,
    }
}

/// Create a webhook in a channel. Post with it by discord_execute_webhook.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateWebhook {
    channel_id: ChannelId,
    /// Without "discord" or "clyde" in it.
    #[schemars(length(min = 1, max = limits::WEBHOOK_NAME))]
    name: String,
    reason: Option<Reason>,
}

/// Discord refuses these words in webhooks' names. *Create Webhook*.
fn check_name(field: &str, name: &str) -> Result<(), ArgumentError> {
    let lower = name.to_lowercase();
    match ["discord", "clyde"]
        .into_iter()
        .find(|word| lower.contains(word))
    {
        Some(word) => Err(ArgumentError::at(
            field,
            format_args!("may not contain \"{word}\""),
        )),
        None => Ok(()),
    }
}

fn create(args: &CreateWebhook) -> Result<WritePlan, ArgumentError> {
    check_name("name", &args.name)?;
    let channel = args.channel_id;
    let body = json!({"name": args.name});
    let after = body.clone();
    let request = Request::post(path!(
        "/channels/{channel_id}/webhooks",
        channel_id = channel
    ))
    .json(body)
    .because(args.reason.as_ref());
    let change =
        move |_: &[Value]| Change::creates(format!("create a webhook in {channel}"), after.clone());
    let seek = move |sought: &Sought| {
        let list = path!("/channels/{channel_id}/webhooks", channel_id = channel);
        let log = sought.guild.map(|guild| audit_log(guild, WEBHOOK_CREATE));
        std::iter::once(Request::get(list)).chain(log).collect()
    };
    let trace = Trace::made(
        &["id"],
        vec!["name".to_owned(), "channel_id".to_owned()],
        |made| Some(get_request(made["id"].as_str()?.parse().ok()?)),
    )
    .sought(seek, |sought, answers| {
        among(
            sought,
            first(answers),
            answers.get(1).unwrap_or(&Value::Null),
        )
    });
    Ok(WritePlan::new(request, change, one)
        .traced(trace)
        .undone(Inverse::new(|kept, _| {
            let arguments = json!({"webhook_id": kept.made["id"]});
            Ok(vec![Step::new("discord_delete_webhook", arguments)])
        })))
}

/// Action *webhook create* of the audit log.
const WEBHOOK_CREATE: u32 = 50;

/// List webhooks of a channel or of a whole guild.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListWebhooks {
    channel_id: Option<ChannelId>,
    guild_id: Option<GuildId>,
}

fn list(args: &ListWebhooks) -> Result<ReadPlan, ArgumentError> {
    let path = match (args.channel_id, args.guild_id) {
        (Some(channel), None) => path!("/channels/{channel_id}/webhooks", channel_id = channel),
        (None, Some(guild)) => path!("/guilds/{guild_id}/webhooks", guild_id = guild),
        _ => {
            return Err(ArgumentError::together(
                "give either `channel_id` or `guild_id`",
            ));
        }
    };
    Ok(ReadPlan::new(Request::get(path), |answer| {
        View::of(
            Fields::new().always("webhooks", each(answer, show)),
            &["webhooks[].name", "webhooks[].created_by.name"],
        )
    }))
}

/// Get a webhook, without its token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetWebhook {
    webhook_id: WebhookId,
}

fn get(args: &GetWebhook) -> ReadPlan {
    ReadPlan::new(get_request(args.webhook_id), one)
}

/// Rename a webhook or move it to another channel.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ModifyWebhook {
    webhook_id: WebhookId,
    #[schemars(length(min = 1, max = limits::WEBHOOK_NAME))]
    name: Option<String>,
    /// Channel to move it to.
    channel_id: Option<ChannelId>,
    reason: Option<Reason>,
}

fn modify(args: &ModifyWebhook) -> Result<WritePlan, ArgumentError> {
    if let Some(name) = &args.name {
        check_name("name", name)?;
    }
    let body = BodyFields::new()
        .given("name", args.name.clone())
        .given("channel_id", args.channel_id.map(|id| id.to_string()));
    if body.is_empty() {
        return Err(ArgumentError::together(
            "nothing to modify: give `name` or `channel_id`",
        ));
    }
    let body: Value = body.into();
    let (wanted, trace) = (body.clone(), Trace::settings(&body));
    let webhook = args.webhook_id;
    let request = Request::patch(get_request(webhook).path)
        .json(body)
        .because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        Change::edits(
            format!("modify webhook {webhook}"),
            live.first().unwrap_or(&Value::Null),
            &wanted,
        )
    };
    Ok(WritePlan::new(request, change, one)
        .live(vec![get_request(webhook)])
        .traced(trace)
        .undone(set_back(
            "discord_modify_webhook",
            json!({"webhook_id": webhook}),
            SETTINGS,
            &[],
        ))
        .also(args.channel_id))
}

/// Delete a webhook; whatever posts through it stops. Cannot be undone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteWebhook {
    webhook_id: WebhookId,
    reason: Option<Reason>,
}

fn delete(args: &DeleteWebhook) -> WritePlan {
    let webhook = args.webhook_id;
    let request = Request::delete(get_request(webhook).path).because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        let before = show(live.first().unwrap_or(&Value::Null));
        Change::removes(format!("delete webhook {webhook}"), before)
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("deleted", true)
                .with("webhook_id", json!(webhook)),
            &[],
        )
    };
    WritePlan::new(request, change, view)
        .live(vec![get_request(webhook)])
        .traced(Trace::gone(|_| json!({"exists": true})))
        .cannot_be_undone(ANOTHER)
}

const ANOTHER: &str =
    "a new webhook has another token, which whoever posted through it does not know";

const SETTINGS: &[Setting] = &[
    Setting::new("name", "name"),
    Setting::new("channel_id", "channel_id"),
];

/// Post a message through a webhook, under a name and picture of its own.
///
/// The parts of the message are those of discord_send_message. The webhook's token is fetched when it is
/// sent and never shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExecuteWebhook {
    webhook_id: WebhookId,
    /// At most 2000 characters.
    #[schemars(length(max = limits::CONTENT), extend("x-remedy" = "split the text into several messages"))]
    content: Option<String>,
    #[schemars(length(min = 1, max = limits::WEBHOOK_NAME))]
    username: Option<String>,
    #[schemars(length(max = limits::URL), example = "https://example.com/face.png")]
    avatar_url: Option<String>,
    #[serde(default)]
    #[schemars(length(max = limits::EMBEDS))]
    embeds: Vec<Embed>,
    #[serde(default)]
    components: Components,
    #[serde(default)]
    #[schemars(length(max = limits::FILES))]
    files: Vec<File>,
    poll: Option<Poll>,
    allowed_mentions: Option<AllowedMentions>,
    #[serde(default)]
    silent: bool,
    thread_id: Option<ChannelId>,
    /// New forum post's name.
    #[schemars(length(min = 1, max = limits::CHANNEL_NAME))]
    thread_name: Option<String>,
}

/// Stands for the token in previews.
const PENDING: &str = "token-fetched-when-sent";

fn execute(args: &ExecuteWebhook) -> Result<WritePlan, ArgumentError> {
    if let Some(name) = &args.username {
        check_name("username", name)?;
    }
    if args.avatar_url.as_ref().is_some_and(|url| !is_web(url)) {
        return Err(ArgumentError::at(
            "avatar_url",
            "must start with https:// or http://",
        ));
    }
    if args.thread_id.is_some() && args.thread_name.is_some() {
        return Err(ArgumentError::together(
            "give `thread_id` or `thread_name`, not both",
        ));
    }
    let composed = Parts {
        content: args.content.as_deref(),
        embeds: &args.embeds,
        components: Some(&args.components),
        files: &args.files,
        poll: args.poll.as_ref(),
        allowed_mentions: args.allowed_mentions.as_ref(),
        silent: args.silent,
        ..Parts::default()
    }
    .compose()?;
    let body: Value = composed
        .body
        .given("username", args.username.clone())
        .given("avatar_url", args.avatar_url.clone())
        .given("thread_name", args.thread_name.clone())
        .into();
    let after = compose::preview(&body, &composed.files);
    // Discord lets every webhook notify everyone; here it is no way around the bot's own lack.
    let needs = composed.needs & Permissions::MENTION_EVERYONE;
    let webhook = args.webhook_id;
    let with_components = (!args.components.is_empty()).then_some(true);
    let request = Request::post(execute_path(webhook, PENDING))
        .query("wait", Some(true))
        .query("thread_id", args.thread_id)
        .query("with_components", with_components)
        .json(body)
        .files(composed.files)
        .without_bot_token();
    let change = move |_: &[Value]| {
        Change::creates(format!("post through webhook {webhook}"), after.clone())
    };
    let splice = move |mut request: Request, answers: &[Value]| {
        let token = answers
            .first()
            .and_then(|webhook| webhook["token"].as_str());
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err(ArgumentError::at(
                "webhook_id",
                "is a webhook that this bot cannot post through: only incoming ones of its own or \
                 of people have a token it may use",
            ));
        };
        request.path = execute_path(webhook, token);
        Ok(request)
    };
    Ok(
        messages::posted(WritePlan::new(request, change, messages::one))
            .needing(needs)
            .also(args.thread_id)
            .fetch(vec![get_request(webhook)], splice),
    )
}

fn execute_path(webhook: WebhookId, token: &str) -> model::Path {
    path!(
        "/webhooks/{webhook_id}/{webhook_token}",
        webhook_id = webhook,
        webhook_token = token
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_only_in_the_request_that_is_sent() {
        let args = serde_json::from_value(json!({"webhook_id": "77", "content": "hello"})).unwrap();
        let plan = execute(&args).unwrap();
        assert_eq!(plan.request.path.text, format!("/webhooks/77/{PENDING}"));
        let answer = json!({"id": "77", "token": "very-secret", "url": "https://x/very-secret"});
        let sent = plan.with_fetched(std::slice::from_ref(&answer)).unwrap();
        assert_eq!(sent.path.text, "/webhooks/77/very-secret");
        assert_eq!(sent.auth, model::RequestAuth::InPath);
        assert!(!one(&answer).value.to_string().contains("very-secret"));
        assert!(plan.with_fetched(&[json!({"id": "77"})]).is_err());
    }

    #[test]
    fn notifying_everyone_takes_the_bots_own_permission() {
        let needs = |mentions: Value| {
            let args = json!({"webhook_id": "77", "content": "x", "allowed_mentions": mentions});
            execute(&serde_json::from_value(args).unwrap())
                .unwrap()
                .needs
        };
        assert_eq!(
            needs(json!({"everyone": true})),
            Permissions::MENTION_EVERYONE
        );
        assert_eq!(needs(json!({"users": ["1"]})), Permissions::NONE);
    }
}
