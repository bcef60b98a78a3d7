//! Links of Discord's where ids belong: people paste `https://discord.com/channels/G/C/M`, and a
//! model passes it on. They become ids before anything is judged; what a link says of a guild is a
//! claim that somebody else has to look into.

use model::{ChannelId, GuildId, MessageId, WebhookId};
use serde_json::{Map, Value};

use crate::{Tool, argument::ArgumentError};

/// Hosts under which Discord's clients make links.
const HOSTS: [&str; 6] = [
    "discord.com",
    "ptb.discord.com",
    "canary.discord.com",
    "discordapp.com",
    "ptb.discordapp.com",
    "canary.discordapp.com",
];

/// Longest text that is looked at; a link has at most 100 characters, a webhook's address 170.
const LONGEST: usize = 256;

/// Arguments that are points in a channel's messages, where the tool takes a channel.
const POINTS: [&str; 4] = ["reply_to", "before", "after", "around"];

/// A link said that this channel is in this guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub channel: ChannelId,
    pub guild: GuildId,
}

/// Put ids in the place of links: a message's link for `message_id` and its like brings its channel
/// along, a channel's for `channel_id` and its like, a webhook's address for `webhook_id`, whose
/// token is dropped here. Gives what the links claim of guilds.
///
/// # Errors
/// A link that is none of Discord's, is of a direct message, names a message where a channel is
/// wanted or the other way round, or contradicts another argument.
pub fn resolve(
    tool: &Tool,
    arguments: &mut Map<String, Value>,
) -> Result<Vec<Claim>, ArgumentError> {
    let mut claims = Vec::new();
    let names: Vec<&str> = tool.argument_names().collect();
    let takes_channel = names.contains(&"channel_id");
    let mut of_messages = Vec::new();
    for name in &names {
        let Some(value) = arguments.get_mut(*name) else {
            continue;
        };
        if *name == "webhook_id" {
            webhook(name, value)?;
        } else if is_channel(name) {
            if let Some(link) = link(name, value)? {
                if link.message.is_some() {
                    let wrong = "is a link to a message, and a channel's is needed: the same without \
                                 its last part";
                    return Err(ArgumentError::at(*name, wrong));
                }
                *value = link.channel.to_string().into();
                claims.push(link.claim());
            }
        } else if *name == "message_id" || (takes_channel && POINTS.contains(name)) {
            if let Some(link) = link(name, value)? {
                *value = link.message(name)?.to_string().into();
                of_messages.push((*name, link));
            }
        } else if *name == "message_ids" {
            for item in value.as_array_mut().into_iter().flatten() {
                if let Some(link) = link(name, item)? {
                    *item = link.message(name)?.to_string().into();
                    of_messages.push((*name, link));
                }
            }
        }
    }
    for (name, link) in of_messages {
        in_its_channel(&names, arguments, name, &link)?;
        claims.push(link.claim());
    }
    if let Some(guild) = arguments.get("guild_id").and_then(Value::as_str)
        && let Some(other) = claims.iter().find(|it| it.guild.to_string() != guild)
    {
        return Err(disagree(&format!(
            "a link names guild {}, and `guild_id` another",
            other.guild
        )));
    }
    claims.dedup();
    Ok(claims)
}

/// A message's link says in which channel it is: that is taken where none is given, and must be the
/// same where one is.
fn in_its_channel(
    names: &[&str],
    arguments: &mut Map<String, Value>,
    name: &str,
    link: &Link,
) -> Result<(), ArgumentError> {
    let channel = link.channel.to_string();
    let given = ["thread_id", "channel_id"]
        .into_iter()
        .find(|argument| arguments.get(*argument).is_some_and(|it| !it.is_null()));
    match given {
        Some(argument) if arguments[argument] == channel.as_str() => Ok(()),
        Some(argument) => Err(disagree(&format!(
            "the link in `{name}` leads to channel {channel}, and `{argument}` is another"
        ))),
        None if names.contains(&"channel_id") => {
            arguments.insert("channel_id".to_owned(), channel.into());
            Ok(())
        }
        None => Err(ArgumentError::at(
            name,
            "is a link, and this tool takes the message's id alone",
        )),
    }
}

fn disagree(message: &str) -> ArgumentError {
    ArgumentError::together(message)
}

fn is_channel(name: &str) -> bool {
    name == "parent_id" || name == "thread_id" || name == "channel_id" || {
        name.ends_with("_channel_id")
    }
}

/// What a link names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    guild: GuildId,
    channel: ChannelId,
    message: Option<MessageId>,
}

impl Link {
    fn claim(&self) -> Claim {
        Claim {
            channel: self.channel,
            guild: self.guild,
        }
    }

    fn message(&self, name: &str) -> Result<MessageId, ArgumentError> {
        self.message.ok_or_else(|| {
            let wrong = "is a link to a channel, and a message's is needed";
            ArgumentError::at(name, wrong)
        })
    }
}

/// The link in an argument; `None` where it looks like none, which the schema judges.
fn link(name: &str, value: &Value) -> Result<Option<Link>, ArgumentError> {
    let Some(path) = path_of(name, value)? else {
        return Ok(None);
    };
    let wrong = || {
        let wrong = "is not a link to a channel or message in Discord, such as \
                     \"https://discord.com/channels/1/2/3\"";
        ArgumentError::at(name, wrong)
    };
    let mut parts = path.split('/');
    if parts.next() != Some("channels") {
        return Err(wrong());
    }
    let (guild, channel, message) = (parts.next(), parts.next(), parts.next());
    if parts.next().is_some() {
        return Err(wrong());
    }
    if guild == Some("@me") {
        let wrong = "is a link into direct messages, which lead nowhere from here";
        return Err(ArgumentError::at(name, wrong));
    }
    let message = message
        .map(|id| canonical(id).ok_or_else(wrong))
        .transpose()?;
    match (guild.and_then(canonical), channel.and_then(canonical)) {
        (Some(guild), Some(channel)) => Ok(Some(Link {
            guild,
            channel,
            message,
        })),
        _ => Err(wrong()),
    }
}

/// `https://discord.com/api/webhooks/ID/TOKEN`, also with a version: its id.
fn webhook(name: &str, value: &mut Value) -> Result<(), ArgumentError> {
    let id = {
        let Some(path) = path_of(name, value)? else {
            return Ok(());
        };
        let rest = path.strip_prefix("api/").map(|rest| {
            rest.split_once('/')
                .filter(|(version, _)| version.starts_with('v'))
                .map_or(rest, |(_, rest)| rest)
        });
        let mut parts = rest.unwrap_or_default().split('/');
        let is_webhook = parts.next() == Some("webhooks");
        let id: Option<WebhookId> = parts.next().and_then(canonical);
        let (_token, more) = (parts.next(), parts.next());
        id.filter(|_| is_webhook && more.is_none())
    };
    let id = id.ok_or_else(|| {
        // What was given may hold a token, and is not repeated.
        let wrong = "is not the address of a webhook, such as \
                     \"https://discord.com/api/webhooks/1/…\"; its id alone is enough";
        ArgumentError::at(name, wrong)
    })?;
    *value = id.to_string().into();
    Ok(())
}

/// The path of a link to Discord; `None` where it is no link.
fn path_of<'a>(name: &str, value: &'a Value) -> Result<Option<&'a str>, ArgumentError> {
    let Some(text) = value.as_str() else {
        return Ok(None);
    };
    // People write `<link>` where no preview is wanted.
    let text = text
        .strip_prefix('<')
        .and_then(|text| text.strip_suffix('>'))
        .unwrap_or(text);
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(None);
    };
    let host_and_path = rest
        .split_once('/')
        .filter(|(host, _)| text.len() <= LONGEST && scheme == "https" && HOSTS.contains(host));
    match host_and_path {
        Some((_, path)) => Ok(Some(path.strip_suffix('/').unwrap_or(path))),
        None => {
            let wrong = "is a link, but not one of Discord's";
            Err(ArgumentError::at(name, wrong))
        }
    }
}

/// An id as Discord writes it, and in no other way.
fn canonical<K>(text: &str) -> Option<model::Id<K>> {
    let id: model::Id<K> = text.parse().ok()?;
    (id.to_string() == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue;

    fn resolved(tool: &str, arguments: Value) -> Result<(Value, Vec<Claim>), String> {
        let tool = catalogue().get(tool).unwrap();
        let Value::Object(mut arguments) = arguments else {
            panic!("arguments are an object");
        };
        let claims = resolve(tool, &mut arguments).map_err(|error| error.to_string())?;
        Ok((Value::Object(arguments), claims))
    }

    fn claim(channel: u64, guild: u64) -> Claim {
        Claim {
            channel: ChannelId::new(channel).unwrap(),
            guild: GuildId::new(guild).unwrap(),
        }
    }

    #[test]
    fn a_message_s_link_brings_its_channel_along() {
        for host in HOSTS {
            let link = format!("https://{host}/channels/1/2/3");
            let (arguments, claims) =
                resolved("discord_get_message", json!({"message_id": link})).unwrap();
            assert_eq!(arguments, json!({"message_id": "3", "channel_id": "2"}));
            assert_eq!(claims, [claim(2, 1)]);
        }
        let link = "<https://discord.com/channels/1/2/3/>";
        let given = json!({"message_id": link, "channel_id": "https://discord.com/channels/1/2"});
        let (arguments, claims) = resolved("discord_get_message", given).unwrap();
        assert_eq!(arguments, json!({"message_id": "3", "channel_id": "2"}));
        assert_eq!(claims, [claim(2, 1)]);
    }

    #[test]
    fn lists_replies_and_threads_understand_links_too() {
        let one = "https://discord.com/channels/1/2/3";
        let given = json!({"message_ids": [one, "4", "https://discord.com/channels/1/2/5"]});
        let (arguments, _) = resolved("discord_bulk_delete_messages", given).unwrap();
        let wanted = json!({"channel_id": "2", "message_ids": ["3", "4", "5"]});
        assert_eq!(arguments, wanted);
        let given = json!({"channel_id": "9", "thread_id": "2", "reply_to": one, "content": "x"});
        let (arguments, _) = resolved("discord_send_message", given).unwrap();
        assert_eq!(arguments["reply_to"], "3");
        let given = json!({"around": one});
        let (arguments, _) = resolved("discord_get_messages", given).unwrap();
        assert_eq!(arguments, json!({"channel_id": "2", "around": "3"}));
        let given = json!({"thread_id": "https://discord.com/channels/1/2"});
        let (arguments, claims) = resolved("discord_acquire_thread", given).unwrap();
        assert_eq!(arguments, json!({"thread_id": "2"}));
        assert_eq!(claims, [claim(2, 1)]);
    }

    #[test]
    fn parts_that_disagree_are_refused() {
        let link = "https://discord.com/channels/1/2/3";
        for (tool, given) in [
            (
                "discord_get_message",
                json!({"message_id": link, "channel_id": "9"}),
            ),
            (
                "discord_send_message",
                json!({"channel_id": "2", "thread_id": "9", "reply_to": link}),
            ),
            (
                "discord_bulk_delete_messages",
                json!({"message_ids": [link, "https://discord.com/channels/1/9/4"]}),
            ),
            (
                "discord_list_invites",
                json!({"guild_id": "9", "channel_id": "https://discord.com/channels/1/2"}),
            ),
        ] {
            let error = resolved(tool, given).unwrap_err();
            assert!(error.contains("another"), "{tool}: {error}");
        }
    }

    #[test]
    fn what_is_no_such_link_is_refused_and_a_plain_id_is_left_alone() {
        for bad in [
            "https://discord.com/channels/@me/2/3",
            "https://discord.com/channels/1/2",
            "https://discord.com/channels/1/2/3/4",
            "https://discord.com/channels/1/2/03",
            "https://discord.com/channels/1/2/3?x=1",
            "https://discord.com/channels/1/../3",
            "https://discord.com/guilds/1/2/3",
            "https://discord.com.evil.example/channels/1/2/3",
            "https://evil.example/channels/1/2/3",
            "https://discord.com@evil.example/channels/1/2/3",
            "http://discord.com/channels/1/2/3",
            "discord://discord.com/channels/1/2/3",
        ] {
            let error = resolved("discord_get_message", json!({"message_id": bad}));
            let error = error.unwrap_err();
            assert!(error.starts_with("`message_id` is"), "{bad}: {error}");
        }
        let plain = json!({"channel_id": "2", "message_id": "3"});
        let (arguments, claims) = resolved("discord_get_message", plain.clone()).unwrap();
        assert_eq!((arguments, claims), (plain, Vec::new()));
        let channel = json!({"channel_id": "https://discord.com/channels/1/2/3"});
        let error = resolved("discord_get_channel", channel).unwrap_err();
        assert!(error.contains("a channel's is needed"), "{error}");
    }

    #[test]
    fn of_a_webhook_s_address_the_id_is_left_and_the_token_is_repeated_nowhere() {
        for address in [
            "https://discord.com/api/webhooks/7/t0ken-secret",
            "https://canary.discord.com/api/v10/webhooks/7/t0ken-secret",
            "https://discord.com/api/webhooks/7",
        ] {
            let given = json!({"webhook_id": address});
            let (arguments, claims) = resolved("discord_get_webhook", given).unwrap();
            assert_eq!(arguments, json!({"webhook_id": "7"}));
            assert!(claims.is_empty());
        }
        for bad in [
            "https://discord.com/api/webhooks/7/t0ken-secret/messages/3",
            "https://discord.com/api/webhooks/x/t0ken-secret",
            "https://evil.example/api/webhooks/7/t0ken-secret",
        ] {
            let error = resolved("discord_get_webhook", json!({"webhook_id": bad}));
            let error = error.unwrap_err();
            assert!(!error.contains("t0ken"), "{error}");
        }
    }
}
