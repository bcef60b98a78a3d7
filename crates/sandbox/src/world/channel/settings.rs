//! The settings of channels that have no rules of their own: topic, slow mode, tags and the like.

use serde_json::{Map, Value, json};

use super::ChannelKind;
use super::thread::ARCHIVE_DURATIONS;
use crate::validate::Form;
use crate::world::{Answer, Refusal};

/// Text channels are lower-case with dashes; others keep their name.
pub(super) fn channel_name(kind: ChannelKind, name: &str) -> String {
    if matches!(kind, ChannelKind::Text | ChannelKind::Announcement) {
        return name.to_lowercase().replace(char::is_whitespace, "-");
    }
    name.to_owned()
}

/// A guild without boosts has these bitrates at most.
const MAX_VOICE_BITRATE: u64 = 96_000;
const MAX_STAGE_BITRATE: u64 = 64_000;

/// What no field by itself shows: the tags of a forum have different names, and a bitrate fits the
/// kind of channel.
pub(super) fn check_settings(kind: ChannelKind, settings: &Map<String, Value>) -> Answer<()> {
    let most = if kind == ChannelKind::Stage {
        MAX_STAGE_BITRATE
    } else {
        MAX_VOICE_BITRATE
    };
    let bitrate = settings.get("bitrate").and_then(Value::as_u64);
    if bitrate.is_some_and(|bitrate| bitrate > most) {
        let text = "Bitrate is too high for channel of this type";
        return Err(Refusal::new(400, 30_052, text));
    }
    let tags = settings.get("available_tags").and_then(Value::as_array);
    let mut names: Vec<_> = tags
        .into_iter()
        .flatten()
        .map(|tag| tag["name"].as_str().unwrap_or_default().to_lowercase())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() == all {
        return Ok(());
    }
    Err(Refusal::new(400, 40_061, "Tag names must be unique"))
}

/// The flags of a channel that its kind knows: required tags, hidden downloads, spoilers.
pub(super) fn known_flags(kind: ChannelKind, flags: u64) -> u64 {
    const REQUIRE_TAG: u64 = 1 << 4;
    const HIDE_MEDIA_DOWNLOAD_OPTIONS: u64 = 1 << 15;
    const IS_SPOILER_CHANNEL: u64 = 1 << 21;
    flags
        & match kind {
            ChannelKind::Category | ChannelKind::Stage => 0,
            ChannelKind::Forum => REQUIRE_TAG | IS_SPOILER_CHANNEL,
            ChannelKind::Media => REQUIRE_TAG | HIDE_MEDIA_DOWNLOAD_OPTIONS | IS_SPOILER_CHANNEL,
            _ => IS_SPOILER_CHANNEL,
        }
}

/// The settings without rules of their own, as Discord renders them.
pub(super) fn read_settings(form: &mut Form<'_>, kind: ChannelKind) -> Map<String, Value> {
    let mut settings = Map::new();
    let mut put = |key: &str, value: Option<Option<Value>>| {
        if let Some(value) = value {
            settings.insert(key.to_owned(), value.unwrap_or_default());
        }
    };
    let topic = if kind.is_forum() { 4_096 } else { 1_024 };
    if kind != ChannelKind::Category {
        let text = form.text("topic", 0..=topic).given();
        put(
            "topic",
            text.map(|t| t.filter(|t| !t.is_empty()).map(Value::from)),
        );
        for key in ["rate_limit_per_user", "default_thread_rate_limit_per_user"] {
            let seconds = form.integer(key, 0..=21_600).given();
            put(key, seconds.map(|s| Some(json!(s.unwrap_or(0)))));
        }
        let minutes = form.choice("default_auto_archive_duration", ARCHIVE_DURATIONS);
        put(
            "default_auto_archive_duration",
            minutes.value().map(|m| Some(json!(m))),
        );
    }
    put(
        "nsfw",
        form.flag("nsfw")
            .given()
            .map(|nsfw| Some(json!(nsfw.unwrap_or(false)))),
    );
    if kind.is_voice() {
        let bitrate = form.integer("bitrate", 8_000..=384_000).value();
        put("bitrate", bitrate.map(|bitrate| Some(json!(bitrate))));
        let most = if kind == ChannelKind::Stage {
            10_000
        } else {
            99
        };
        let limit = form.integer("user_limit", 0..=most).given();
        put(
            "user_limit",
            limit.map(|limit| Some(json!(limit.unwrap_or(0)))),
        );
        put(
            "rtc_region",
            form.text("rtc_region", 0..=100)
                .given()
                .map(|r| r.map(Value::from)),
        );
        let quality = form.choice("video_quality_mode", &[1, 2]).value();
        put(
            "video_quality_mode",
            quality.map(|quality| Some(json!(quality))),
        );
    }
    if kind.is_forum() {
        let tags = form.objects("available_tags", 0..=20, |tag| {
            let name = tag.text("name", 1..=20);
            let name = tag.required("name", name);
            let emoji = (
                tag.id("emoji_id").value(),
                tag.text("emoji_name", 0..=100).value(),
            );
            if let (Some(_), Some(_)) = emoji {
                let message = "Only one of emoji_id and emoji_name may be set.";
                tag.error("emoji_id", "FORUM_TAG_EMOJI_EXCLUSIVE", message);
            }
            json!({
                "id": tag.id("id").value(),
                "name": name,
                "moderated": tag.flag("moderated").value().unwrap_or_default(),
                "emoji_id": emoji.0,
                "emoji_name": emoji.1,
            })
        });
        put(
            "available_tags",
            tags.value().map(|tags| Some(Value::Array(tags))),
        );
        let emoji = form.object("default_reaction_emoji", |emoji| {
            let (id, name) = (
                emoji.id("emoji_id").value(),
                emoji.text("emoji_name", 0..=100).value(),
            );
            if id.is_some() == name.is_some() {
                let message = "Exactly one of emoji_id and emoji_name must be set.";
                emoji.error("emoji_id", "DEFAULT_REACTION_EMOJI_EXCLUSIVE", message);
            }
            json!({"emoji_id": id, "emoji_name": name})
        });
        put("default_reaction_emoji", emoji.given());
        let order = form.choice("default_sort_order", &[0, 1]).given();
        put(
            "default_sort_order",
            order.map(|order| order.map(Value::from)),
        );
        let layout = form.choice("default_forum_layout", &[0, 1, 2]).value();
        put(
            "default_forum_layout",
            layout.map(|layout| Some(json!(layout))),
        );
    }
    settings
}
