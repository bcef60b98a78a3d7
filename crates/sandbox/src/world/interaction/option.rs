//! The options that a person gives to a command, checked against what was registered.

use serde_json::{Map, Value, json};

use super::resolve::Resolved;
use crate::snowflake::Snowflake;
use crate::validate::command_option as kind;
use crate::world::message::{NewAttachment, UploadedFile};
use crate::world::{Answer, Refusal, World};

/// What a person typed: subcommands from the outermost, then names and values.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) path: Vec<String>,
    pub(super) values: Vec<(String, Value)>,
    /// The option that the cursor is in.
    pub(super) focused: Option<String>,
}

/// What is needed to read values.
pub(super) struct Reader<'a> {
    pub(super) world: &'a mut World,
    pub(super) user: Snowflake,
    pub(super) channel: Snowflake,
    pub(super) files: Vec<UploadedFile>,
    pub(super) resolved: Resolved,
    /// An option that is being completed need not fit, nor need the others be there.
    pub(super) completing: bool,
}

impl Typed {
    /// Reads `name` and `options`, in Discord's shape (nested, with types) or as people write
    /// them: `"name": "role add"`, `"options": {"who": "1"}`.
    pub(super) fn read(data: &Value) -> Self {
        let name = data["name"].as_str().unwrap_or_default();
        let mut typed = Self {
            path: name.split(' ').skip(1).map(str::to_owned).collect(),
            ..Self::default()
        };
        let mut options = &data["options"];
        while let Some([only]) = options.as_array().map(Vec::as_slice) {
            let nests = only["type"].as_u64().is_some_and(|kind| kind <= 2);
            if !nests && !only["options"].is_array() {
                break;
            }
            typed.path.push(text(&only["name"]));
            options = &only["options"];
        }
        if let Some(object) = options.as_object() {
            let pairs = object
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()));
            typed.values = pairs.collect();
        }
        for option in options.as_array().into_iter().flatten() {
            let name = text(&option["name"]);
            if option["focused"] == true {
                typed.focused = Some(name.clone());
            }
            typed.values.push((name, option["value"].clone()));
        }
        if let Some(name) = data["focused"].as_str() {
            typed.focused = Some(name.to_owned());
        }
        typed
    }
}

impl Reader<'_> {
    /// The options of a command as its bot gets them, and the type of the focused one.
    pub(super) fn read(
        &mut self,
        registered: &[Value],
        typed: &Typed,
    ) -> Answer<(Vec<Value>, Option<u64>)> {
        let mut options = registered;
        let mut kinds = Vec::new();
        for name in &typed.path {
            let inner = options.iter().find(|it| it["name"] == **name && nests(it));
            let inner = inner.ok_or_else(|| bad(name, "There is no such subcommand"))?;
            kinds.push((inner["type"].clone(), name));
            options = inner["options"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
        }
        if let Some(missing) = options.first().filter(|it| nests(it)) {
            let text = format!("A subcommand is required, such as {}", missing["name"]);
            return Err(bad("name", &text));
        }
        let mut values = Vec::with_capacity(typed.values.len());
        let mut focused = None;
        for (name, value) in &typed.values {
            let option = options.iter().find(|it| it["name"] == **name);
            let option = option.ok_or_else(|| bad(name, "There is no such option"))?;
            let kind = option["type"].as_u64().unwrap_or_default();
            let mut given = json!({"name": name, "type": kind});
            if self.completing && typed.focused.as_ref() == Some(name) {
                if option["autocomplete"] != true {
                    return Err(bad(name, "This option has no autocomplete"));
                }
                given["value"] = json!(text(value));
                given["focused"] = json!(true);
                focused = Some(kind);
            } else {
                given["value"] = self.value(option, kind, name, value)?;
            }
            values.push(given);
        }
        if self.completing && focused.is_none() {
            return Err(bad("focused", "No option is being completed"));
        }
        let given = |option: &Value| {
            typed
                .values
                .iter()
                .any(|(name, _)| option["name"] == **name)
        };
        let missing = options
            .iter()
            .find(|it| it["required"] == true && !given(it));
        if let Some(missing) = missing.filter(|_| !self.completing) {
            return Err(bad(&text(&missing["name"]), "This option is required"));
        }
        let nested = kinds.into_iter().rev().fold(values, |inner, (kind, name)| {
            vec![json!({"type": kind, "name": name, "options": inner})]
        });
        Ok((nested, focused))
    }

    fn value(&mut self, option: &Value, kind: u64, name: &str, value: &Value) -> Answer<Value> {
        let read = match kind {
            kind::STRING => Some(json!(text(value))),
            kind::INTEGER | kind::NUMBER => number(value, kind),
            kind::BOOLEAN => value
                .as_bool()
                .or_else(|| text(value).parse().ok())
                .map(Value::Bool),
            kind::ATTACHMENT => self.upload(value)?,
            _ => self.chosen(option, kind, value),
        };
        // People pick a choice by its name.
        let choices = option["choices"].as_array();
        let picked = choices.and_then(|choices| {
            let named = |choice: &&Value| {
                Some(&choice["value"]) == read.as_ref() || choice["name"] == text(value)
            };
            choices
                .iter()
                .find(named)
                .map(|choice| choice["value"].clone())
        });
        if choices.is_some() {
            return picked.ok_or_else(|| bad(name, "This is none of the option's choices"));
        }
        let read = read.ok_or_else(|| bad(name, expectation(kind)))?;
        check_bounds(option, name, &read)?;
        Ok(read)
    }

    /// A user, role or channel by id.
    fn chosen(&mut self, option: &Value, kind: u64, value: &Value) -> Option<Value> {
        let id: Snowflake = text(value).parse().ok()?;
        let (world, resolved) = (&*self.world, &mut self.resolved);
        let found = match kind {
            kind::USER => resolved.user(world, self.channel, id),
            kind::ROLE => resolved.role(world, self.channel, id),
            kind::MENTIONABLE => {
                resolved.user(world, self.channel, id) || resolved.role(world, self.channel, id)
            }
            _ => {
                let kinds = option["channel_types"].as_array();
                resolved.channel(world, (self.user, self.channel), id, kinds)
            }
        };
        found.then(|| json!(id))
    }

    /// An uploaded file by its number.
    pub(super) fn upload(&mut self, value: &Value) -> Answer<Option<Value>> {
        let index: Option<u64> = text(value).parse().ok();
        let at = self.files.iter().position(|file| Some(file.index) == index);
        let Some(at) = at else {
            return Ok(None);
        };
        let file = self.files.remove(at);
        let attachment = self
            .world
            .store_file(self.channel, file, NewAttachment::default())?;
        self.resolved.attachment(self.world, &attachment);
        Ok(Some(json!(attachment.id)))
    }
}

fn nests(option: &Value) -> bool {
    option["type"]
        .as_u64()
        .is_some_and(|kind| kind <= kind::SUB_COMMAND_GROUP)
}

/// Text as it is, anything else as it would be typed.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn number(value: &Value, kind: u64) -> Option<Value> {
    let value = match value {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    kind::is_number(&value, kind).then_some(value)
}

fn check_bounds(option: &Value, name: &str, value: &Value) -> Answer<()> {
    let bound = |key: &str| option[key].as_f64();
    let count = match value {
        Value::String(text) => u32::try_from(text.chars().count()).ok().map(f64::from),
        other => other.as_f64(),
    };
    let Some(count) = count else {
        return Ok(());
    };
    let least = bound("min_value").or(bound("min_length"));
    let most = bound("max_value").or(bound("max_length"));
    if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
        let (least, most) = (
            least.unwrap_or(f64::NEG_INFINITY),
            most.unwrap_or(f64::INFINITY),
        );
        return Err(bad(name, &format!("Must be between {least} and {most}")));
    }
    Ok(())
}

const fn expectation(kind: u64) -> &'static str {
    match kind {
        kind::INTEGER => "Must be a whole number",
        kind::NUMBER => "Must be a number",
        kind::BOOLEAN => "Must be true or false",
        kind::USER => "Must be the id of a user",
        kind::ROLE => "Must be the id of a role of this guild",
        kind::CHANNEL => "Must be the id of a channel of a type that the option takes",
        kind::MENTIONABLE => "Must be the id of a user or role",
        _ => "Must be the number of an uploaded file",
    }
}

fn bad(name: &str, message: &str) -> Refusal {
    let map = Map::from_iter([(
        name.to_owned(),
        json!({"_errors": [{"code": "APPLICATION_COMMAND_INVALID_OPTION", "message": message}]}),
    )]);
    Refusal::form(json!({"data": {"options": map}}))
}
