//! Embeds of a message: limits and the shape that Discord answers with.

use serde_json::{Map, Value, json};

use super::form::{Form, Patch};
use crate::world::clock::{iso8601, parse_iso8601};

/// Discord: Message › Embed Limits.
const TOTAL_CHARACTERS: usize = 6_000;
const URL_LENGTH: usize = 2_048;
pub(crate) const MAX_EMBEDS: usize = 10;

/// Reads `embeds`; each comes back as Discord would render it.
pub(crate) fn read(form: &mut Form<'_>) -> Patch<Vec<Value>> {
    let mut total = 0;
    let embeds = form.objects("embeds", 0..=MAX_EMBEDS, |embed| one(embed, &mut total));
    if total > TOTAL_CHARACTERS {
        let message = format!("Embed size exceeds maximum size of {TOTAL_CHARACTERS}");
        form.error("embeds", "MAX_EMBED_SIZE_EXCEEDED", &message);
    }
    embeds
}

fn one(form: &mut Form<'_>, total: &mut usize) -> Value {
    let mut embed = Map::new();
    embed.insert("type".into(), json!("rich"));
    text(form, &mut embed, "title", 256, total);
    text(form, &mut embed, "description", 4_096, total);
    url(form, &mut embed, "url", false);
    if let Some(color) = form.integer("color", 0..=0x00FF_FFFF).value() {
        embed.insert("color".into(), json!(color));
    }
    if let Some(moment) = form.text("timestamp", 0..=64).value() {
        match parse_iso8601(&moment) {
            Some(ms) => drop(embed.insert("timestamp".into(), json!(iso8601(ms)))),
            None => form.error("timestamp", "DATE_TIME_TYPE_PARSE", &unparsable(&moment)),
        }
    }
    let author = form.object("author", |author| {
        let mut map = Map::new();
        required_text(author, &mut map, "name", 256, total);
        url(author, &mut map, "url", false);
        url(author, &mut map, "icon_url", true);
        map
    });
    put(&mut embed, "author", author);
    let footer = form.object("footer", |footer| {
        let mut map = Map::new();
        required_text(footer, &mut map, "text", 2_048, total);
        url(footer, &mut map, "icon_url", true);
        map
    });
    put(&mut embed, "footer", footer);
    for key in ["image", "thumbnail"] {
        let picture = form.object(key, |picture| {
            let mut map = Map::new();
            url(picture, &mut map, "url", true);
            map
        });
        put(&mut embed, key, picture);
    }
    let fields = form.objects("fields", 0..=25, |field| {
        let mut map = Map::new();
        required_text(field, &mut map, "name", 256, total);
        required_text(field, &mut map, "value", 1_024, total);
        map.insert(
            "inline".into(),
            json!(field.flag("inline").value().unwrap_or(false)),
        );
        Value::Object(map)
    });
    if let Some(fields) = fields.value().filter(|fields| !fields.is_empty()) {
        embed.insert("fields".into(), Value::Array(fields));
    }
    if form.is_clean() && embed.len() == 1 {
        form.error(
            "description",
            "BASE_TYPE_REQUIRED",
            "This field is required",
        );
    }
    Value::Object(embed)
}

fn put(embed: &mut Map<String, Value>, key: &str, value: Patch<Map<String, Value>>) {
    if let Some(map) = value.value() {
        embed.insert(key.to_owned(), Value::Object(map));
    }
}

fn text(
    form: &mut Form<'_>,
    target: &mut Map<String, Value>,
    key: &str,
    max: usize,
    total: &mut usize,
) {
    if let Some(text) = form
        .text(key, 0..=max)
        .value()
        .filter(|text| !text.is_empty())
    {
        *total += text.chars().count();
        target.insert(key.to_owned(), json!(text));
    }
}

fn required_text(
    form: &mut Form<'_>,
    target: &mut Map<String, Value>,
    key: &str,
    max: usize,
    total: &mut usize,
) {
    text(form, target, key, max, total);
    if form.is_clean() && !target.contains_key(key) {
        form.error(key, "BASE_TYPE_REQUIRED", "This field is required");
    }
}

fn url(form: &mut Form<'_>, target: &mut Map<String, Value>, key: &str, attachment_too: bool) {
    let Some(url) = form
        .text(key, 0..=URL_LENGTH)
        .value()
        .filter(|url| !url.is_empty())
    else {
        return;
    };
    if !is_url(&url, attachment_too) {
        form.error(key, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
        return;
    }
    target.insert(key.to_owned(), json!(url));
}

/// `http` and `https` with a host; `attachment://name` where files may be shown.
pub(crate) fn is_url(url: &str, attachment_too: bool) -> bool {
    if attachment_too && let Some(name) = url.strip_prefix("attachment://") {
        return !name.is_empty();
    }
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !url.contains(char::is_whitespace)
}

fn unparsable(moment: &str) -> String {
    format!("Could not parse {moment}. Should be ISO8601.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(body: &Value) -> Value {
        let mut form = Form::new(body);
        let _ = read(&mut form);
        form.finish()
            .err()
            .and_then(|refusal| refusal.errors)
            .unwrap_or(Value::Null)
    }

    #[test]
    fn all_texts_of_all_embeds_count_together() {
        let long = "x".repeat(3_001);
        let body = json!({"embeds": [{"description": long}, {"description": long}]});
        assert_eq!(
            errors(&body)["embeds"]["_errors"][0]["code"],
            "MAX_EMBED_SIZE_EXCEEDED"
        );
    }

    #[test]
    fn a_field_needs_name_and_value() {
        let body = json!({"embeds": [{"fields": [{"name": "a"}]}]});
        let found = errors(&body);
        let field = &found["embeds"]["0"]["fields"]["0"]["value"];
        assert_eq!(field["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
    }

    #[test]
    fn a_full_embed_passes() {
        let body = json!({"embeds": [{
            "title": "Release", "url": "https://example.test/r", "color": 5,
            "timestamp": "2026-01-01T00:00:00Z", "author": {"name": "ada"},
            "footer": {"text": "end"}, "image": {"url": "attachment://a.png"},
            "fields": [{"name": "a", "value": "b", "inline": true}],
        }]});
        assert_eq!(errors(&body), Value::Null);
    }
}
