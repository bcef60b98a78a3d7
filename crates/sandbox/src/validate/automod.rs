//! The body of an AutoMod rule being made or changed.

use serde_json::Value;

use super::form::{Form, Patch};
use crate::snowflake::Snowflake;
use crate::world::Answer;
use crate::world::automod::{Effect, Keywords, ON_MEMBER, ON_MESSAGE, Rule, Trigger, trigger};
use crate::world::automod::{MAX_REGEX_BYTES, compile};

const MAX_NAME: usize = 100;
const MAX_KEYWORDS: usize = 1_000;
const MAX_KEYWORD: usize = 60;
const MAX_PATTERNS: usize = 10;
const MAX_PATTERN: usize = 260;
const MAX_ALLOWED: usize = 100;
const MAX_PRESET_ALLOWED: usize = 1_000;
const MAX_MENTIONS: i64 = 50;
const DEFAULT_MENTIONS: u64 = 20;
const MAX_EFFECTS: usize = 5;
const MAX_CUSTOM_MESSAGE: usize = 150;
const MAX_TIMEOUT_SECONDS: i64 = 28 * 24 * 60 * 60;
const MAX_EXEMPT_ROLES: usize = 20;
const MAX_EXEMPT_CHANNELS: usize = 50;

/// A rule as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct NewRule {
    pub(crate) name: String,
    pub(crate) trigger: Trigger,
    pub(crate) effects: Vec<Effect>,
    pub(crate) enabled: bool,
    pub(crate) exempt_roles: Vec<Snowflake>,
    pub(crate) exempt_channels: Vec<Snowflake>,
}

/// Reads a new rule. Without `enabled` it is off (Discord's default).
pub(crate) fn read_new(body: &Value) -> Answer<NewRule> {
    let mut form = Form::new(body);
    let kind = form.choice("trigger_type", trigger::ALL);
    let kind = form.required("trigger_type", kind);
    let name = form.text("name", 1..=MAX_NAME);
    let event = form.choice("event_type", &[ON_MESSAGE, ON_MEMBER]);
    let event = form.required("event_type", event);
    let trigger = read_trigger(&mut form, kind, None);
    let effects = read_effects(&mut form, kind);
    let new = NewRule {
        name: form.required("name", name),
        effects: form.required("actions", effects),
        enabled: form.flag("enabled").value().unwrap_or_default(),
        exempt_roles: exempt(&mut form, "exempt_roles", MAX_EXEMPT_ROLES).unwrap_or_default(),
        exempt_channels: exempt(&mut form, "exempt_channels", MAX_EXEMPT_CHANNELS)
            .unwrap_or_default(),
        trigger,
    };
    check_event(&mut form, event, new.trigger.event());
    form.finish()?;
    Ok(new)
}

/// Reads a change of a rule.
pub(crate) fn read_edit(body: &Value, old: Rule) -> Answer<NewRule> {
    let mut form = Form::new(body);
    let kind = old.trigger.number();
    if let Some(other) = form.choice("trigger_type", trigger::ALL).value()
        && other != kind
    {
        let message = "The trigger type of a rule cannot be changed";
        form.error(
            "trigger_type",
            "AUTO_MODERATION_INVALID_TRIGGER_TYPE",
            message,
        );
    }
    let event = form.choice("event_type", &[ON_MESSAGE, ON_MEMBER]).value();
    check_event(
        &mut form,
        event.unwrap_or(old.trigger.event()),
        old.trigger.event(),
    );
    let trigger = read_trigger(&mut form, kind, Some(old.trigger));
    let effects = read_effects(&mut form, kind);
    let new = NewRule {
        name: form.text("name", 1..=MAX_NAME).value().unwrap_or(old.name),
        trigger,
        effects: effects.value().unwrap_or(old.effects),
        enabled: form.flag("enabled").value().unwrap_or(old.enabled),
        exempt_roles: exempt(&mut form, "exempt_roles", MAX_EXEMPT_ROLES)
            .unwrap_or_else(|| old.exempt_roles.into_iter().collect()),
        exempt_channels: exempt(&mut form, "exempt_channels", MAX_EXEMPT_CHANNELS)
            .unwrap_or_else(|| old.exempt_channels.into_iter().collect()),
    };
    form.finish()?;
    Ok(new)
}

fn check_event(form: &mut Form<'_>, event: u64, wanted: u64) {
    if form.is_clean() && event != wanted {
        let message = "This event type does not fit the trigger type";
        form.error("event_type", "AUTO_MODERATION_INVALID_EVENT_TYPE", message);
    }
}

fn exempt(form: &mut Form<'_>, key: &str, max: usize) -> Option<Vec<Snowflake>> {
    form.ids(key, 0..=max)
        .given()
        .map(Option::unwrap_or_default)
}

/// What the trigger's metadata says; a part that is missing stays as it was.
fn read_trigger(form: &mut Form<'_>, kind: u64, old: Option<Trigger>) -> Trigger {
    let fresh = || match kind {
        trigger::SPAM => Trigger::Spam,
        trigger::KEYWORD_PRESET => Trigger::Preset {
            presets: Vec::new(),
            allowed: Vec::new(),
        },
        trigger::MENTION_SPAM => Trigger::Mentions {
            limit: DEFAULT_MENTIONS,
            raids: false,
        },
        trigger::MEMBER_PROFILE => Trigger::Profile(Keywords::default()),
        _ => Trigger::Keyword(Keywords::default()),
    };
    let is_new = old.is_none();
    let old = old.unwrap_or_else(fresh);
    let kept = old.clone();
    let read = form.object("trigger_metadata", |data| match old {
        Trigger::Keyword(words) => Trigger::Keyword(read_keywords(data, words)),
        Trigger::Profile(words) => Trigger::Profile(read_keywords(data, words)),
        Trigger::Spam => Trigger::Spam,
        Trigger::Preset { presets, allowed } => {
            let chosen = data.numbers("presets", &[1, 2, 3]).value();
            let listed = data.texts("allow_list", 0..=MAX_PRESET_ALLOWED, 1..=MAX_KEYWORD);
            Trigger::Preset {
                presets: chosen.unwrap_or(presets),
                allowed: listed.value().unwrap_or(allowed),
            }
        }
        Trigger::Mentions { limit, raids } => {
            let chosen = data
                .integer("mention_total_limit", 0..=MAX_MENTIONS)
                .value();
            let switched = data.flag("mention_raid_protection_enabled").value();
            Trigger::Mentions {
                limit: chosen.map_or(limit, i64::unsigned_abs),
                raids: switched.unwrap_or(raids),
            }
        }
    });
    let needs_data = matches!(kind, trigger::KEYWORD_PRESET | trigger::MEMBER_PROFILE);
    if is_new && needs_data && matches!(read, Patch::Null | Patch::Absent) && form.is_clean() {
        form.error(
            "trigger_metadata",
            "BASE_TYPE_REQUIRED",
            "This field is required",
        );
    }
    read.value().unwrap_or(kept)
}

fn read_keywords(data: &mut Form<'_>, old: Keywords) -> Keywords {
    let filter = data.texts("keyword_filter", 0..=MAX_KEYWORDS, 1..=MAX_KEYWORD);
    let patterns = data.texts("regex_patterns", 0..=MAX_PATTERNS, 1..=MAX_PATTERN);
    let allowed = data.texts("allow_list", 0..=MAX_ALLOWED, 1..=MAX_KEYWORD);
    if let Patch::Value(patterns) = &patterns
        && let Some(bad) = patterns.iter().find(|pattern| compile(pattern).is_err())
    {
        let message =
            format!("Invalid regular expression, or one of over {MAX_REGEX_BYTES} bytes: {bad}");
        data.error("regex_patterns", "AUTO_MODERATION_INVALID_REGEX", &message);
    }
    Keywords::new(
        filter.value().unwrap_or(old.filter),
        patterns.value().unwrap_or(old.patterns),
        allowed.value().unwrap_or(old.allowed),
    )
}

/// Which effect fits which trigger: Discord's table of action types.
fn read_effects(form: &mut Form<'_>, kind: u64) -> Patch<Vec<Effect>> {
    form.objects("actions", 1..=MAX_EFFECTS, |action| {
        let number = action.choice("type", &[1, 2, 3, 4]);
        let number = action.required("type", number);
        let fits = match number {
            1 => kind != trigger::MEMBER_PROFILE,
            3 => matches!(kind, trigger::KEYWORD | trigger::MENTION_SPAM),
            4 => kind == trigger::MEMBER_PROFILE,
            _ => true,
        };
        if !fits && action.is_clean() {
            let message = "This action type does not fit the trigger type";
            action.error("type", "AUTO_MODERATION_INVALID_ACTION_TYPE", message);
        }
        match number {
            2 => {
                let read = action.object("metadata", |data| {
                    let channel = data.id("channel_id");
                    data.required("channel_id", channel)
                });
                Effect::Alert {
                    channel: action.required("metadata", read),
                }
            }
            3 => {
                let read = action.object("metadata", |data| {
                    let seconds = data.integer("duration_seconds", 0..=MAX_TIMEOUT_SECONDS);
                    data.required("duration_seconds", seconds).unsigned_abs()
                });
                Effect::Timeout {
                    seconds: action.required("metadata", read),
                }
            }
            4 => Effect::Quarantine,
            _ => {
                let read = action.object("metadata", |data| {
                    let text = data.text("custom_message", 0..=MAX_CUSTOM_MESSAGE).value();
                    text.filter(|text| !text.is_empty())
                });
                Effect::Block {
                    message: read.value().flatten(),
                }
            }
        }
    })
}
