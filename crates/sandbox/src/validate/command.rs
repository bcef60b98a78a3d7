//! The body of an application command: names, localizations, contexts, permissions, its size.

use serde_json::{Map, Value, json};

use super::command_option;
use super::form::{Form, Patch};
use crate::snowflake::Snowflake;
use crate::world::Answer;

/// Discord: Application Command Object › Application Command Types.
pub(crate) const CHAT_INPUT: u64 = 1;
pub(crate) const USER: u64 = 2;
pub(crate) const MESSAGE: u64 = 3;
pub(crate) const PRIMARY_ENTRY_POINT: u64 = 4;

const MAX_NAME: usize = 32;
const MAX_DESCRIPTION: usize = 100;
/// Characters of all names, descriptions and choice values together.
const MAX_SIZE: usize = 8_000;

/// Discord: Reference › Locales.
const LOCALES: &[&str] = &[
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko",
];

/// A command within Discord's limits.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewCommand {
    /// In a bulk overwrite: which command this shall be.
    pub(crate) id: Option<Snowflake>,
    pub(crate) kind: u64,
    pub(crate) name: String,
    /// Everything else, under Discord's names.
    pub(crate) settings: Map<String, Value>,
}

/// Reads one command.
pub(crate) fn read(body: &Value) -> Answer<NewCommand> {
    let mut form = Form::new(body);
    let command = read_form(&mut form);
    form.finish()?;
    Ok(command)
}

/// Reads one command of a list.
pub(crate) fn read_form(form: &mut Form<'_>) -> NewCommand {
    let kinds = [CHAT_INPUT, USER, MESSAGE, PRIMARY_ENTRY_POINT];
    let kind = form.choice("type", &kinds).value().unwrap_or(CHAT_INPUT);
    let chat = kind == CHAT_INPUT;
    let mut settings = Map::new();
    let name = name(form, "name", chat);
    let description = if chat {
        description(form)
    } else {
        let text = form.text("description", 0..=MAX_DESCRIPTION).value();
        if text.is_some_and(|text| !text.is_empty()) && kind != PRIMARY_ENTRY_POINT {
            let message = "Context menu commands cannot have description";
            let code = "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID";
            form.error("description", code, message);
        }
        String::new()
    };
    settings.insert("description".into(), json!(description));
    localizations(form, chat, &mut settings);
    match form.raw("default_member_permissions") {
        Patch::Value(_) => {
            let bits = form.bits("default_member_permissions").value();
            let bits = bits.map(|bits| bits.to_string());
            settings.insert("default_member_permissions".into(), json!(bits));
        }
        Patch::Absent | Patch::Null => {}
    }
    if let Some(nsfw) = form.flag("nsfw").value() {
        settings.insert("nsfw".into(), json!(nsfw));
    }
    for (key, choices) in [("integration_types", &[0, 1][..]), ("contexts", &[0, 1, 2])] {
        if let Some(chosen) = form.numbers(key, choices).value() {
            if chosen.is_empty() {
                form.error(key, "BASE_TYPE_BAD_LENGTH", "Must be 1 or more in length.");
            }
            settings.insert(key.into(), json!(chosen));
        }
    }
    // The older way to say the same.
    if form.flag("dm_permission").value() == Some(false) && !settings.contains_key("contexts") {
        settings.insert("contexts".into(), json!([0]));
    }
    if kind == PRIMARY_ENTRY_POINT {
        let handler = form.choice("handler", &[1, 2]).value().unwrap_or(1);
        settings.insert("handler".into(), json!(handler));
    }
    let options = command_option::read_all(form, 0);
    if let Some(options) = options.filter(|options| !options.is_empty()) {
        if !chat {
            let message = "Context menu commands cannot have options";
            let code = "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_INVALID";
            form.error("options", code, message);
        }
        settings.insert("options".into(), Value::Array(options));
    }
    if form.is_clean() && size(&name, &settings) > MAX_SIZE {
        let message = format!("Command exceeds maximum size ({MAX_SIZE})");
        form.error_at("", "APPLICATION_COMMAND_TOO_LARGE", &message);
    }
    NewCommand {
        id: form.id("id").value(),
        kind,
        name,
        settings,
    }
}

/// The name of a command or an option.
pub(super) fn name(form: &mut Form<'_>, key: &str, plain: bool) -> String {
    let name = form.text(key, 1..=MAX_NAME);
    let given = matches!(name, Patch::Value(_));
    let name = form.required(key, name);
    if given && plain && !is_plain(&name) {
        let message = "Command name is invalid";
        form.error(key, "APPLICATION_COMMAND_INVALID_NAME", message);
    }
    name
}

pub(super) fn description(form: &mut Form<'_>) -> String {
    let text = form.text("description", 1..=MAX_DESCRIPTION);
    form.required("description", text)
}

/// Letters in lower case where there are such, digits, and `-_'`.
fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "-_'".contains(c) || is_combining(c);
    name.chars().all(fits) && name.to_lowercase() == *name
}

/// Devanagari and Thai write vowels as marks.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}')
}

/// Translations of name and description.
pub(super) fn localizations(form: &mut Form<'_>, plain: bool, into: &mut Map<String, Value>) {
    for (key, max) in [
        ("name_localizations", MAX_NAME),
        ("description_localizations", MAX_DESCRIPTION),
    ] {
        let Patch::Value(Value::Object(translations)) = form.raw(key) else {
            if form.raw(key).value().is_some() {
                let message = "Only dictionaries may be used in a DictType";
                form.error(key, "DICT_TYPE_CONVERT", message);
            }
            continue;
        };
        for (locale, text) in translations {
            let at = format!("{key}.{locale}");
            let text = text.as_str().unwrap_or_default();
            if !LOCALES.contains(&locale.as_str()) {
                let message = format!("Value must be one of {LOCALES:?}.");
                form.error_at(&at, "BASE_TYPE_CHOICES", &message);
            } else if !(1..=max).contains(&text.chars().count()) {
                let message = format!("Must be between 1 and {max} in length.");
                form.error_at(&at, "BASE_TYPE_BAD_LENGTH", &message);
            } else if key == "name_localizations" && plain && !is_plain(text) {
                let message = "Command name is invalid";
                form.error_at(&at, "APPLICATION_COMMAND_INVALID_NAME", message);
            }
        }
        into.insert(key.into(), json!(translations));
    }
}

fn size(name: &str, settings: &Map<String, Value>) -> usize {
    let listed = |holder: &Value, key: &str| -> usize {
        let items = holder[key]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        items.iter().map(size_of_part).sum()
    };
    let whole = Value::Object(settings.clone());
    name.chars().count() + text_size(&whole["description"]) + listed(&whole, "options")
}

fn size_of_part(part: &Value) -> usize {
    let inner = ["options", "choices"]
        .iter()
        .filter_map(|key| part[*key].as_array());
    let own: usize = ["name", "description", "value"]
        .iter()
        .map(|key| text_size(&part[*key]))
        .sum();
    own + inner.flatten().map(size_of_part).sum::<usize>()
}

fn text_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Number(number) => number.to_string().len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_in_every_script() {
        for good in [
            "ask",
            "help-me",
            "frage_1",
            "質問",
            "помощь",
            "मदद",
            "o'clock",
        ] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["Ask", "two words", "why?", "Помощь"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }

    #[test]
    fn a_command_of_over_eight_thousand_characters_is_too_large() {
        let option = |at: usize| {
            let choice = |i: usize| json!({"name": format!("{i}{}", "n".repeat(90)), "value": "v"});
            let choices: Vec<_> = (0..25).map(choice).collect();
            let name = format!("o{at}");
            json!({"type": 3, "name": name, "description": "d", "choices": choices})
        };
        let mut body = json!({"name": "big", "description": "d"});
        body["options"] = (0..3).map(option).collect();
        assert!(read(&body).is_ok());
        body["options"] = (0..4).map(option).collect();
        let errors = read(&body).unwrap_err().errors.unwrap();
        assert_eq!(
            errors["_errors"][0]["code"],
            "APPLICATION_COMMAND_TOO_LARGE"
        );
    }
}
