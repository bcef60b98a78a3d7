//! Guilds, channels and messages as resources. Each read is a call of a tool, so that it is
//! judged and recorded like any other.

use std::borrow::Cow;

use model::{ChannelId, GuildId};
use rmcp::{
    ErrorData,
    model::{
        CacheScope, ListResourceTemplatesResult, ListResourcesResult, MetaObject,
        PaginatedRequestParams, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
    },
};
use serde_json::{Map, Value, json};

use crate::{
    hall::Declined,
    listing,
    prompts::Kind,
    reader::Reader,
    render,
    untrusted::{self, Boundary},
};

const LIST: &str = "resources";

const GUILD: &str = "discord://guild/{id}";
const CHANNEL: &str = "discord://channel/{id}";
const CHANNEL_MESSAGES: &str = "discord://channel/{id}/messages";

/// Guilds whose channels stand on one page: each costs a request to Discord.
const GUILDS_PER_PAGE: usize = 5;

/// Messages that the messages resource holds.
const MESSAGES: u32 = 50;

/// How long a resource may be kept, in milliseconds: not at all, it lives in Discord.
const READ_TTL_MS: u64 = 0;

/// The text of a resource is JSON within a boundary, so it is not pure JSON.
const MIME: &str = "text/plain";

/// What a URI names.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    Guild(GuildId),
    Channel(ChannelId),
    Messages(ChannelId),
}

impl Address {
    fn parse(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("discord://")?;
        let mut parts = rest.split('/');
        let address = match (parts.next()?, parts.next()?, parts.next()) {
            ("guild", id, None) => Self::Guild(id.parse().ok()?),
            ("channel", id, None) => Self::Channel(id.parse().ok()?),
            ("channel", id, Some("messages")) => Self::Messages(id.parse().ok()?),
            _ => return None,
        };
        parts.next().is_none().then_some(address)
    }

    /// The tool that reads it.
    fn call(&self) -> (&'static str, Value) {
        match self {
            Self::Guild(id) => ("discord_get_guild", json!({"guild_id": id})),
            Self::Channel(id) => ("discord_get_channel", json!({"channel_id": id})),
            Self::Messages(id) => (
                "discord_get_messages",
                json!({"channel_id": id, "limit": MESSAGES}),
            ),
        }
    }
}

impl Reader<'_> {
    /// `resources/list`: guilds and their channels, a few guilds to a page.
    pub(crate) async fn list(
        &self,
        request: Option<&PaginatedRequestParams>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let start = listing::start(LIST, request)?;
        let guilds = self.guilds().await.map_err(|it| refused(&it))?;
        let (guilds, next) = listing::page(LIST, guilds, start, GUILDS_PER_PAGE)?;
        let mut resources = Vec::new();
        for guild in guilds {
            let Some(id) = guild.get("id").and_then(Value::as_str) else {
                continue;
            };
            resources.push(resource(
                &format!("discord://guild/{id}"),
                "guild",
                id,
                &guild,
            ));
            // A guild that may not be looked into is still a guild that is there.
            let Ok(channels) = self.channels(id).await else {
                continue;
            };
            for channel in &channels {
                if let Some(id) = channel.get("id").and_then(Value::as_str) {
                    let uri = format!("discord://channel/{id}");
                    resources.push(resource(&uri, "channel", id, channel));
                }
            }
        }
        let mut result = ListResourcesResult::with_all_items(resources)
            .with_ttl_ms(listing::TTL_MS)
            .with_cache_scope(CacheScope::Private);
        result.next_cursor = next;
        result.meta = Some(mark(&["resources[].title".into()]));
        Ok(result)
    }

    /// `resources/read`.
    pub(crate) async fn resource(&self, uri: &str) -> Result<ReadResourceResult, ErrorData> {
        let Some(address) = Address::parse(uri) else {
            return Err(not_found(uri));
        };
        let (tool, arguments) = address.call();
        let done = match self.read(tool, arguments).await {
            Ok(done) => done,
            // Discord's words for "there is no such thing": 10003 unknown channel, 10004 guild.
            Err(declined)
                if declined.code.contains("not_found") || declined.code.contains("unknown_") =>
            {
                return Err(not_found(uri));
            }
            Err(declined) => return Err(refused(&declined)),
        };
        let text = serde_json::to_string(&done.value).expect("a JSON value always has a text");
        let contents = if done.untrusted.is_empty() {
            ResourceContents::text(text, uri).with_mime_type("application/json")
        } else {
            let boundary = Boundary::new();
            let mut meta = MetaObject::default();
            meta.0.insert(
                untrusted::MEMBER.to_owned(),
                boundary.member(&done.untrusted),
            );
            ResourceContents::text(boundary.wrap(&text), uri)
                .with_mime_type(MIME)
                .with_meta(meta)
        };
        Ok(ReadResourceResult::new(vec![contents])
            .with_ttl_ms(READ_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }
}

/// What the parameter of a template names.
pub(crate) fn parameter(template: &str, name: &str) -> Option<Kind> {
    match (template, name) {
        (GUILD, "id") => Some(Kind::Guild),
        (CHANNEL | CHANNEL_MESSAGES, "id") => Some(Kind::Channel),
        _ => None,
    }
}

/// `resources/templates/list`.
pub(crate) fn templates() -> ListResourceTemplatesResult {
    let template = |uri: &str, name: &str, description: &str| {
        ResourceTemplate::new(uri, name)
            .with_description(description)
            .with_mime_type(MIME)
    };
    ListResourceTemplatesResult::with_all_items(vec![
        template(GUILD, "guild", "A guild (server) by its id."),
        template(CHANNEL, "channel", "A channel or thread by its id."),
        template(
            CHANNEL_MESSAGES,
            "channel messages",
            "The latest messages of a channel or thread.",
        ),
    ])
    .with_ttl_ms(listing::TTL_MS)
    .with_cache_scope(CacheScope::Private)
}

fn resource(uri: &str, kind: &str, id: &str, item: &Map<String, Value>) -> Resource {
    let resource = Resource::new(uri, format!("{kind} {id}")).with_mime_type(MIME);
    match item.get("name").and_then(Value::as_str) {
        Some(name) => resource.with_title(name),
        None => resource,
    }
}

fn mark(fields: &[Cow<'static, str>]) -> MetaObject {
    let mut meta = MetaObject::default();
    meta.0
        .insert(untrusted::MEMBER.to_owned(), Boundary::new().member(fields));
    meta
}

fn not_found(uri: &str) -> ErrorData {
    let shown: String = uri.chars().take(200).collect();
    ErrorData::resource_not_found("resource not found", Some(json!({"uri": shown})))
}

/// Reads have no error results, so a refusal is a protocol error with the reason as its data.
fn refused(declined: &Declined) -> ErrorData {
    let mut data = json!({"error": render::error_object(declined)});
    let mut message = format!("{} [{}]", declined.message, declined.code);
    if declined.quotes_others {
        let boundary = Boundary::new();
        message = boundary.wrap(&message);
        data[untrusted::MEMBER] = boundary.member(&render::QUOTING.map(Cow::Borrowed));
    }
    if declined.stage.is_some() {
        ErrorData::invalid_params(message, Some(data))
    } else {
        ErrorData::internal_error(message, Some(data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_forms_of_address_are_known() {
        assert!(matches!(
            Address::parse("discord://guild/1"),
            Some(Address::Guild(_))
        ));
        assert!(matches!(
            Address::parse("discord://channel/1"),
            Some(Address::Channel(_))
        ));
        assert!(matches!(
            Address::parse("discord://channel/1/messages"),
            Some(Address::Messages(_))
        ));
        for bad in [
            "discord://guild/",
            "discord://guild/0",
            "discord://guild/a",
            "discord://guild/1/",
            "discord://channel/1/messages/2",
            "discord://channel/1/files",
            "https://guild/1",
            "discord:/guild/1",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }
}
