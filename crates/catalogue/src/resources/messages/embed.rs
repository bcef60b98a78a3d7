//! Embeds as arguments, with every limit that Discord documents.
//! Source: Discord documentation, *Message › Embed Object* and *Embed Limits*.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ArgumentError, limits,
    text::is_timestamp,
    view::{Fields, each, items},
};

#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Embed {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::EMBED_TITLE))]
    pub(crate) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::EMBED_DESCRIPTION))]
    pub(crate) description: Option<String>,
    /// Makes the title a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL), example = "https://example.com")]
    pub(crate) url: Option<String>,
    /// Red, green and blue as one number: 0xff0000 is 16711680.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = limits::COLOR))]
    pub(crate) color: Option<u32>,
    /// Like 2026-01-31T12:00:00Z.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "2026-01-31T12:00:00Z")]
    pub(crate) timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<Footer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<Media>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thumbnail: Option<Media>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<Author>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::EMBED_FIELDS))]
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Footer {
    #[schemars(length(min = 1, max = limits::EMBED_FOOTER))]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL), example = "https://example.com/icon.png")]
    pub(crate) icon_url: Option<String>,
}

/// A picture: a link, or `attachment://filename` of a file in the same message.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Media {
    #[schemars(length(min = 1, max = limits::URL), example = "https://example.com/picture.png")]
    pub(crate) url: String,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Author {
    #[schemars(length(min = 1, max = limits::EMBED_AUTHOR))]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL), example = "https://example.com")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL), example = "https://example.com/icon.png")]
    pub(crate) icon_url: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    #[schemars(length(min = 1, max = limits::EMBED_FIELD_NAME))]
    pub(crate) name: String,
    #[schemars(length(min = 1, max = limits::EMBED_FIELD_VALUE))]
    pub(crate) value: String,
    #[serde(default)]
    pub(crate) inline: bool,
}

/// The embeds of Discord's message object as arguments write them. Previews of links, which Discord
/// makes by itself, are left out.
pub(super) fn told(embeds: &Value) -> Value {
    let pick = |from: &Value, names: &[&str]| Fields::new().keep(from, names);
    let ours = |embed: &&Value| embed["type"].as_str().is_none_or(|kind| kind == "rich");
    let lean = |embed: &Value| -> Value {
        let fields = each(&embed["fields"], |field| {
            pick(field, &["name", "value", "inline"]).into()
        });
        pick(
            embed,
            &["title", "description", "url", "color", "timestamp"],
        )
        .with(
            "footer",
            Value::from(pick(&embed["footer"], &["text", "icon_url"])),
        )
        .with("image", Value::from(pick(&embed["image"], &["url"])))
        .with(
            "thumbnail",
            Value::from(pick(&embed["thumbnail"], &["url"])),
        )
        .with(
            "author",
            Value::from(pick(&embed["author"], &["name", "url", "icon_url"])),
        )
        .with("fields", fields)
        .into()
    };
    items(embeds).iter().filter(ours).map(lean).collect()
}

/// What no schema says: links are links, no embed is empty, and all texts together fit.
pub(crate) fn check(embeds: &[Embed]) -> Result<(), ArgumentError> {
    let mut total = 0;
    for (index, embed) in embeds.iter().enumerate() {
        let at = format!("embeds[{index}]");
        links(&at, embed)?;
        let text = length(embed);
        total += text;
        if text == 0 && embed.image.is_none() && embed.thumbnail.is_none() {
            return Err(ArgumentError::at(
                at,
                "is empty: give it a title, description, field, image, author or footer",
            ));
        }
        if let Some(timestamp) = &embed.timestamp
            && !is_timestamp(timestamp)
        {
            return Err(ArgumentError::at(
                format!("{at}.timestamp"),
                "is not a time like 2026-01-31T12:00:00Z",
            ));
        }
    }
    if total > limits::EMBED_TOTAL {
        return Err(ArgumentError::at(
            "embeds",
            format_args!(
                "have {total} characters of text together; the limit is {}: shorten them or send \
                 several messages",
                limits::EMBED_TOTAL
            ),
        ));
    }
    Ok(())
}

fn length(embed: &Embed) -> usize {
    let texts = [
        embed.title.as_deref(),
        embed.description.as_deref(),
        embed.footer.as_ref().map(|footer| footer.text.as_str()),
        embed.author.as_ref().map(|author| author.name.as_str()),
    ];
    let fields = embed
        .fields
        .iter()
        .flat_map(|field| [field.name.as_str(), field.value.as_str()]);
    texts
        .into_iter()
        .flatten()
        .chain(fields)
        .map(|text| text.chars().count())
        .sum()
}

fn links(at: &str, embed: &Embed) -> Result<(), ArgumentError> {
    let author = embed.author.as_ref();
    let footer = embed.footer.as_ref();
    let pages = [
        ("url", embed.url.as_ref()),
        ("author.url", author.and_then(|author| author.url.as_ref())),
    ];
    let pictures = [
        ("image.url", embed.image.as_ref().map(|image| &image.url)),
        (
            "thumbnail.url",
            embed.thumbnail.as_ref().map(|image| &image.url),
        ),
        (
            "author.icon_url",
            author.and_then(|author| author.icon_url.as_ref()),
        ),
        (
            "footer.icon_url",
            footer.and_then(|footer| footer.icon_url.as_ref()),
        ),
    ];
    for (name, url) in pages {
        if let Some(url) = url
            && !is_web(url)
        {
            return Err(ArgumentError::at(
                format!("{at}.{name}"),
                "must start with https:// or http://",
            ));
        }
    }
    for (name, url) in pictures {
        if let Some(url) = url
            && !is_web(url)
            && attachment(url).is_none()
        {
            return Err(ArgumentError::at(
                format!("{at}.{name}"),
                "must start with https://, http:// or attachment:// (a file of this message)",
            ));
        }
    }
    Ok(())
}

/// Filenames that embeds refer to as `attachment://…`.
pub(crate) fn attachments(embeds: &[Embed]) -> impl Iterator<Item = &str> {
    embeds.iter().flat_map(|embed| {
        [
            embed.image.as_ref().map(|image| image.url.as_str()),
            embed.thumbnail.as_ref().map(|image| image.url.as_str()),
            embed
                .author
                .as_ref()
                .and_then(|author| author.icon_url.as_deref()),
            embed
                .footer
                .as_ref()
                .and_then(|footer| footer.icon_url.as_deref()),
        ]
        .into_iter()
        .flatten()
        .filter_map(attachment)
    })
}

/// The filename of an `attachment://` link.
pub(crate) fn attachment(url: &str) -> Option<&str> {
    url.strip_prefix("attachment://")
        .filter(|name| !name.is_empty())
}

/// Whether it is a link to the web.
pub(crate) fn is_web(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        url.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    })
}
