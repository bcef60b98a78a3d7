//! Messages that are written for Slack, sent through a Discord webhook.

use serde_json::{Map, Value, json};

use super::webhook::WebhookTarget;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::clock::iso8601;
use crate::world::{Answer, World};

impl World {
    /// Posts what Slack would post; `attachments` become embeds. Answers `"ok"`, as Slack does.
    pub fn execute_slack_webhook(
        &mut self,
        id: Snowflake,
        token: &str,
        target: WebhookTarget,
        body: &Value,
    ) -> Answer {
        let mut form = Form::new(body);
        let text = form.text("text", 0..=2_000).value();
        let attachments = form.objects("attachments", 0..=10, |form| embed(form));
        form.finish()?;
        let mut message = json!({
            "content": text.unwrap_or_default(),
            "embeds": attachments.value().unwrap_or_default(),
        });
        if let Some(name) = body.get("username").filter(|name| name.is_string()) {
            message["username"] = name.clone();
        }
        self.execute_webhook(id, token, target, &message, Vec::new())?;
        Ok(json!("ok"))
    }
}

fn embed(form: &mut Form<'_>) -> Value {
    let mut text = |key: &str| {
        form.text(key, 0..=4_096)
            .value()
            .filter(|it| !it.is_empty())
    };
    let mut embed = Map::new();
    for (slack, discord) in [("title", "title"), ("title_link", "url")] {
        if let Some(value) = text(slack) {
            embed.insert(discord.into(), json!(value));
        }
    }
    let pretext = text("pretext").into_iter().chain(text("text"));
    let description = pretext.collect::<Vec<_>>().join("\n");
    if !description.is_empty() {
        embed.insert("description".into(), json!(description));
    }
    for (name, parts) in [
        (
            "footer",
            [("footer", "text"), ("footer_icon", "icon_url"), ("", "")],
        ),
        (
            "author",
            [
                ("author_name", "name"),
                ("author_link", "url"),
                ("author_icon", "icon_url"),
            ],
        ),
        ("image", [("image_url", "url"), ("", ""), ("", "")]),
        ("thumbnail", [("thumb_url", "url"), ("", ""), ("", "")]),
    ] {
        let given = parts.iter().filter(|(slack, _)| !slack.is_empty());
        let given = given.filter_map(|(slack, key)| Some(((*key).to_owned(), json!(text(slack)?))));
        let object: Map<String, Value> = given.collect();
        if !object.is_empty() {
            embed.insert(name.into(), Value::Object(object));
        }
    }
    if let Some(color) = text("color").and_then(|color| hex(&color)) {
        embed.insert("color".into(), json!(color));
    }
    if let Some(seconds) = form.integer("ts", 0..=253_402_300_799).value() {
        embed.insert(
            "timestamp".into(),
            json!(iso8601(seconds.unsigned_abs() * 1_000)),
        );
    }
    let fields = form.objects("fields", 0..=25, |form| {
        let name = form.text("title", 0..=256).value();
        let name = name.or_else(|| form.text("name", 0..=256).value());
        let short = form
            .flag("short")
            .value()
            .or_else(|| form.flag("inline").value());
        json!({
            "name": name.unwrap_or_default(),
            "value": form.text("value", 0..=1_024).value().unwrap_or_default(),
            "inline": short.unwrap_or_default(),
        })
    });
    if let Some(fields) = fields.value().filter(|fields| !fields.is_empty()) {
        embed.insert("fields".into(), Value::Array(fields));
    }
    Value::Object(embed)
}

/// `#rgb` or `#rrggbb`.
fn hex(color: &str) -> Option<u32> {
    let digits = color.strip_prefix('#')?;
    let long: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    };
    u32::from_str_radix(&long, 16)
        .ok()
        .filter(|color| *color <= 0xff_ffff)
}
